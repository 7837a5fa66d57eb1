"""Walk a sitemap index: politely, a bounded number of requests a poll, and nothing twice that did not change."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.ingest.core.conditional import NONE, Validators, validators_of
from services.ingest.core.feed import Entry, ParsedFeed
from services.ingest.core.hints import hints_of
from services.ingest.core.outcome import BLOCKS, WAITS, PollReason, reason_of_status
from services.ingest.core.sitemap import READS_MAX, Child, Sitemap, SitemapReason, in_order, judge_child
from services.ingest.core.source import Source
from services.ingest.fetch import Answer, FetchError
from services.ingest.parser import ParseError

Ask = Callable[[str, Validators], Awaitable[Answer]]
Parse = Callable[[Answer], Awaitable[ParsedFeed]]
#: These pass by themselves: the sitemap is asked for at the next poll.
PASSING = WAITS | {PollReason.NETWORK, PollReason.TIMEOUT, PollReason.SERVER_ERROR}


@dataclass
class Walked:
    """What a walk below ``root`` brought.

    ``read`` and ``listed`` are to be stored with the stories: what was read, and what each index lists now.
    ``failed``: why children could not be read.  ``stopped``: the server asked to be left alone, and what it
    said.  ``grew``: a child was read for the first time, so that none of its stories being known means nothing.
    """

    root: str = ""
    entries: list[Entry] = field(default_factory=list)
    read: list[Sitemap] = field(default_factory=list)
    listed: dict[str, tuple[Child, ...]] = field(default_factory=dict)
    failed: list[PollReason] = field(default_factory=list)
    reasons: Counter[SitemapReason] = field(default_factory=Counter)
    retry_after_s: float | None = None
    stopped: PollReason | None = None
    partial: bool = False
    grew: bool = False

    @property
    def summary(self) -> str:
        """What became of the sitemaps, for the log."""
        told = [f"{number} {reason}" for reason, number in sorted(self.reasons.items())]
        return ", ".join(told + [f"{number} {reason}" for reason, number in sorted(Counter(self.failed).items())])

    @property
    def failure(self) -> PollReason | None:
        """Why the poll failed, or None where something was read or nothing had to be."""
        nothing = self.failed and not self.entries and not any(one.failed_at is None for one in self.read)
        return self.stopped or (self.failed[0] if nothing else None)


class SitemapWalk:
    """One poll's way through an index and what hangs below it."""

    def __init__(
        self,
        source: Source,
        known: Mapping[str, Sitemap],
        *,
        ask: Ask,
        parse: Parse,
        now: Callable[[], datetime],
        conditional: bool,
    ) -> None:
        """``conditional`` False: the server's 304s are not believed this time."""
        self._source = source
        self._known = dict(known)
        self._ask = ask
        self._parse = parse
        self._now = now
        self._conditional = conditional
        self._walked = Walked()

    async def walk(self, root: str, children: tuple[Child, ...] | None, *, whole: bool = True) -> Walked:
        """Read what is worth it below ``root``.

        Args:
            children: what the index lists; None where it says that it did not change.
            whole: False where the index was cut off on its way: what it leaves out is not forgotten.
        """
        self._walked.root = root
        if children is None:
            children = self._remembered(root)
        elif whole:
            self._walked.listed[root] = children
        seen = {root}
        waiting = deque([(root, child, 1) for child in in_order(children, self._known)])
        asked = 0
        while waiting and self._walked.stopped is None:
            parent, child, depth = waiting.popleft()
            known = self._known.get(child.url)
            reason = judge_child(child, known, self._source, depth=depth, seen=seen, now=self._now())
            seen.add(child.url)
            if reason is SitemapReason.READ and asked >= READS_MAX:
                reason = SitemapReason.LATER
            below: tuple[Child, ...] = ()
            if reason is SitemapReason.READ:
                asked += 1
                below = await self._read(parent, child)
            elif reason is SitemapReason.UNCHANGED and known is not None and known.is_index:
                # What an index lists may change while the list does not.
                below = self._remembered(child.url)
            self._walked.reasons[reason] += 1
            waiting.extend((child.url, one, depth + 1) for one in in_order(below, self._known))
        return self._walked

    async def _read(self, parent: str, child: Child) -> tuple[Child, ...]:
        """Read one sitemap; returns what is below it."""
        known = replace(self._known.get(child.url) or Sitemap(child.url, parent), parent=parent)
        try:
            answer = await self._ask(child.url, known.validators if self._conditional else NONE)
        except FetchError as error:
            return self._failed(known, child, error.reason)
        self._note_hints(answer)
        reason = reason_of_status(answer.status, answer.challenged)
        if reason is PollReason.NOT_MODIFIED:
            return self._same(known, child)
        if reason is not None:
            return self._failed(known, child, reason)
        body_hash = hashlib.sha256(answer.body).hexdigest()
        fresh = replace(known, validators=validators_of(answer.raw_headers), body_hash=body_hash)
        if known.read_at is not None and body_hash == known.body_hash:
            return self._same(fresh, child)
        return await self._new_body(answer, fresh, child)

    async def _new_body(self, answer: Answer, fresh: Sitemap, child: Child) -> tuple[Child, ...]:
        try:
            feed = await self._parse(answer)
        except ParseError as error:
            return self._failed(fresh, child, error.reason)
        if not feed.version:
            return self._failed(fresh, child, PollReason.NOT_A_FEED)
        self._walked.entries += feed.entries
        self._walked.grew |= fresh.read_at is None
        if answer.truncated or feed.unfinished:
            # Cut off on its way: asked for again, so nothing of it is remembered.
            self._walked.partial = True
            return feed.children or ()
        if feed.children is not None:
            self._walked.listed[child.url] = feed.children
        self._keep(replace(fresh, is_index=feed.children is not None), child)
        return feed.children or ()

    def _failed(self, known: Sitemap, child: Child, reason: PollReason) -> tuple[Child, ...]:
        self._walked.failed.append(reason)
        if reason in WAITS or reason in BLOCKS:
            self._walked.stopped = reason
        if reason not in PASSING:
            self._walked.read.append(replace(known, listed_lastmod=child.lastmod, failed_at=self._now()))
        return ()

    def _same(self, known: Sitemap, child: Child) -> tuple[Child, ...]:
        self._keep(known, child)
        return self._remembered(child.url) if known.is_index else ()

    def _keep(self, sitemap: Sitemap, child: Child) -> None:
        kept = replace(sitemap, lastmod=child.lastmod, listed_lastmod=child.lastmod)
        self._walked.read.append(replace(kept, read_at=self._now(), failed_at=None))

    def _remembered(self, index: str) -> tuple[Child, ...]:
        """What an index listed last."""
        own = [one for one in self._known.values() if one.parent == index]
        return tuple(Child(one.url, one.listed_lastmod) for one in own)

    def _note_hints(self, answer: Answer) -> None:
        """A child may ask for patience, which binds; how long it stays fresh is its own affair."""
        wait = hints_of(answer.headers, self._now()).retry_after_s
        if wait is not None:
            self._walked.retry_after_s = max(wait, self._walked.retry_after_s or 0.0)
