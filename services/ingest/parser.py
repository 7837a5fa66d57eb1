"""Have hostile bytes read by a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.ingest.core.compose import Page
from services.ingest.core.feed import Entry, ParsedFeed
from services.ingest.core.outcome import PollReason
from services.ingest.core.sitemap import Child
from services.ingest.cpu_time import cpu_s

PARSE_LIMIT_S = 5.0
PAGE_LIMIT_S = 10.0
#: The limits are of time to compute: a worker that had less of it, on a machine that is busy, gets as long again,
#: up to so often.  A page that was not read is not asked for again, and its story stays without its text.
ROUNDS = 6
_HAD_ITS_TIME = 0.8
START_LIMIT_S = 60.0
END_LIMIT_S = 10.0
#: feedparser's memory grows over time (issues 202 and 287 upstream): a worker serves this often, then a new one.
REQUESTS_A_WORKER = 500
_ROOT = Path(__file__).resolve().parents[2]


class ParseError(Exception):
    """The body could not be read; ``reason`` says how."""

    def __init__(self, reason: PollReason, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


class Parser:
    """One worker process, started at need, killed when it takes too long, replaced when it is old."""

    def __init__(
        self,
        *,
        parse_limit_s: float = PARSE_LIMIT_S,
        page_limit_s: float = PAGE_LIMIT_S,
        requests_a_worker: int = REQUESTS_A_WORKER,
        computed_s: Callable[[int], float] = cpu_s,
    ) -> None:
        self._parse_limit_s = parse_limit_s
        self._page_limit_s = page_limit_s
        self._requests_a_worker = requests_a_worker
        self._computed_s = computed_s
        self._lock = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._served = 0
        self.kills = 0

    async def feed(self, body: bytes, content_type: str, url: str, *, sitemap: bool = False) -> ParsedFeed:
        """The entries of a feed or news sitemap.

        Raises:
            ParseError: it took too long, defines entities, or made the parser fail.
        """
        header = {"kind": "sitemap" if sitemap else "feed", "content_type": content_type, "url": url}
        found = await self._ask(header, body, self._parse_limit_s)
        found["entries"] = tuple(Entry(**entry) for entry in found["entries"])
        for name in ("skip_hours", "skip_days"):
            found[name] = frozenset(found[name])
        if found["children"] is not None:
            found["children"] = tuple(Child(**child) for child in found["children"])
        return ParsedFeed(**found)

    async def page(
        self, body: bytes, charset: str | None, shape: str, title: str, *, part: bool = False
    ) -> Page | None:
        """The article in a page, or None where none could be told from the rest.

        Args:
            part: it is a later page of a story that its outlet splits.

        Raises:
            ParseError: it took too long or made the parser fail.
        """
        header = {"kind": "page", "charset": charset, "shape": shape, "title": title, "part": part}
        found = (await self._ask(header, body, self._page_limit_s))["page"]
        return Page(**found) if found else None

    @property
    def pid(self) -> int | None:
        """The worker's process id, or None while there is none."""
        return self._process.pid if self._process else None

    async def close(self) -> None:
        """End the worker."""
        async with self._lock:
            await self._end()

    async def _ask(self, header: dict[str, Any], body: bytes, limit_s: float) -> dict[str, Any]:
        async with self._lock:
            try:
                process = await self._worker()
                answer = await self._in_its_time(process, json.dumps(header).encode(), body, limit_s)
            except (TimeoutError, asyncio.IncompleteReadError, ConnectionError) as error:
                self.kills += 1
                await self._end()
                raise ParseError(PollReason.PARSER_KILLED, type(error).__name__) from None
            except asyncio.CancelledError:
                await self._end()
                raise
        if answer.get("error") == "entities_refused":
            raise ParseError(PollReason.ENTITIES_REFUSED)
        if "error" in answer:
            unread = PollReason.UNREADABLE if header["kind"] == "page" else PollReason.NOT_A_FEED
            raise ParseError(unread, str(answer.get("detail", "")))
        return answer

    async def _in_its_time(
        self, process: asyncio.subprocess.Process, header: bytes, body: bytes, limit_s: float
    ) -> dict[str, Any]:
        began_s = self._computed_s(process.pid)
        answering = asyncio.create_task(self._exchange(process, header, body), name="parsing")
        try:
            for _ in range(ROUNDS):
                done, _ = await asyncio.wait({answering}, timeout=limit_s)
                if done:
                    return answering.result()
                computed_s = self._computed_s(process.pid) - began_s
                if not computed_s < _HAD_ITS_TIME * limit_s:  # where nobody can tell it is no number
                    break
            raise TimeoutError
        finally:
            answering.cancel()
            await asyncio.wait({answering})  # two may not read the same pipe

    async def _exchange(self, process: asyncio.subprocess.Process, header: bytes, body: bytes) -> dict[str, Any]:
        if process.stdin is None:
            raise ConnectionError("the worker has no stdin")
        for frame in (header, body):
            process.stdin.write(struct.pack(">I", len(frame)) + frame)
        await process.stdin.drain()
        return await _read(process)

    async def _worker(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._served >= self._requests_a_worker:
            await self._end()
        if self._process is None or self._process.returncode is not None:
            # No environment: nothing secret is ever in the process that reads hostile bytes.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "services.ingest.parse_worker"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=_ROOT,
                env={"PYTHONUTF8": "1"},
            )
            self._served = 0
            async with asyncio.timeout(START_LIMIT_S):
                await _read(self._process)
        self._served += 1
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT_S):
                if process.stdout is not None:
                    # An answer nobody reads fills the pipe, and asyncio waits for its end for ever.
                    await process.stdout.read()
                await process.wait()
        if process.stdin is not None:
            process.stdin.close()


async def _read(process: asyncio.subprocess.Process) -> dict[str, Any]:
    if process.stdout is None:
        raise ConnectionError("the worker has no stdout")
    (length,) = struct.unpack(">I", await process.stdout.readexactly(4))
    answer: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
    return answer
