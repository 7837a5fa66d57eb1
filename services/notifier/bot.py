"""Read what officials write to the bot, by long polling: no public port is needed."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from services.notifier.channels.base import DeliveryError
from services.notifier.channels.telegram import BotApiRefusedError, Calls
from services.notifier.conversation import NO_DOMAINS, count_anew, handle_update, is_before, pass_over, read_offset
from services.notifier.paces import SENDS
from services.notifier.reply import Reply
from services.notifier.vault import Vault
from services.runtime.errors import UnavailableError
from services.runtime.store import Store

log = structlog.get_logger(__name__)

LONG_POLL_S = 25
PAUSE_S = 5.0
#: Two pollers of one token take each other's updates: the other one is left alone for this long.
CONFLICT_S = 60.0
#: A chat that writes more than this in a minute gets no more answers.
ANSWERS_A_MINUTE = 10


class Bot:
    """One poller leads for a store."""

    def __init__(
        self,
        api: Calls,
        store: Store,
        vault: Vault,
        clock: Callable[[], datetime],
        *,
        domains: frozenset[str] = NO_DOMAINS,
    ) -> None:
        self._api = api
        self._domains = domains
        self._store = store
        self._vault = vault
        self._clock = clock
        self._answered: dict[int, deque[float]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Poll for ever."""
        while True:
            try:
                if await self._store.lead(SENDS):
                    await self.step(LONG_POLL_S)
                else:
                    await asyncio.sleep(PAUSE_S)
            except BotApiRefusedError as error:
                conflict = error.answer.get("error_code") == 409
                log.warning("polling refused", code=error.answer.get("error_code"))
                await asyncio.sleep(CONFLICT_S if conflict else PAUSE_S)
            except (DeliveryError, UnavailableError) as error:
                log.info("polling again", reason=str(error))
                await asyncio.sleep(PAUSE_S)

    async def step(self, wait_s: int) -> int:
        """One poll; how many updates it brought."""
        offset = await self._store.read(read_offset)
        asked = {"offset": offset, "timeout": wait_s, "allowed_updates": ["message", "callback_query"]}
        updates = await self._api.call("getUpdates", asked, read_s=wait_s + 10.0)
        found = [update for update in updates if isinstance(update, Mapping)] if isinstance(updates, list) else []
        if found and all(is_before(update, offset) for update in found):
            # After a week without updates, or for another bot, the numbers begin elsewhere; asked for one that it
            # never came near to, Telegram gives all that waits (core.telegram.org/bots/api#update).
            log.warning("updates are numbered anew", count=len(found))
            await self._store.write(count_anew)
        for update in found:
            # One chat's answer that waits for its moment must not hold back another's.
            task = asyncio.create_task(self._answer(await self._handle(update)), name="answer")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        await asyncio.gather(*self._answering)
        return len(found)

    async def _answer(self, replies: list[Reply]) -> None:
        for reply in replies:
            await self._send(reply)

    async def _handle(self, update: Mapping[str, Any]) -> list[Reply]:
        now = self._clock()
        try:
            return await self._store.write(
                lambda conn: handle_update(conn, self._vault, update, now, domains=self._domains)
            )
        except UnavailableError:
            raise
        except Exception:
            # One update that nobody foresaw must not stop the ones behind it.
            log.exception("update passed over", update_id=update.get("update_id"))
            await self._store.write(lambda conn: pass_over(conn, update))
            return []

    async def _send(self, reply: Reply) -> None:
        """An answer that does not arrive is not repeated: the official asks again."""
        # Only who pressed a button of ours gets this far with a press or an edit.
        fresh = reply.callback_id is None and reply.edits is None
        if fresh and not self._may_answer(reply.chat_id):
            return
        method, parameters = reply.request()
        try:
            await self._api.call(method, parameters)
        except (DeliveryError, BotApiRefusedError) as error:
            log.info("answer not sent", reason=str(error)[:120])

    def _may_answer(self, chat_id: int) -> bool:
        now = time.monotonic()
        times = self._answered.setdefault(chat_id, deque(maxlen=ANSWERS_A_MINUTE))
        if len(times) == ANSWERS_A_MINUTE and now - times[0] < 60:
            return False
        times.append(now)
        if len(self._answered) > 10_000:
            self._answered.clear()
        return True
