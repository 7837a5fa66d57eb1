"""Hold what people did until the bot asks for it, as Telegram's ``getUpdates`` does."""

from __future__ import annotations

import asyncio
from typing import Any

from services.cli.demo.botapi_rules import RefusedError

_AHEAD = 10
_LONGEST_S = 50.0


class Updates:
    """Numbered one after the other; one asks at a time."""

    def __init__(self, first: int) -> None:
        self._held: list[dict[str, Any]] = []
        self._next = first
        self._new = asyncio.Event()
        self._polls = 0

    def number_anew(self, first: int) -> None:
        """Go on with other numbers, as after a week without any."""
        self._next = first

    def push(self, update: dict[str, Any]) -> None:
        """Somebody did something."""
        self._held.append({"update_id": self._next} | update)
        self._next += 1
        self._new.set()

    async def wait(self, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """What is held from this number on, as soon as there is any; those before it were handled and are dropped.

        Raises:
            RefusedError: another one is asking.
        """
        if self._polls:
            raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        # Like Telegram's own: a number it has not come near to is none, and all that waits is given.
        if offset <= self._next + _AHEAD:
            self._held = [update for update in self._held if update["update_id"] >= offset]
        self._polls += 1
        try:
            if not self._held:
                self._new.clear()
                async with asyncio.timeout(min(_LONGEST_S, timeout_s)):
                    await self._new.wait()
        except TimeoutError:
            pass
        finally:
            self._polls -= 1
        return self._held[:limit]
