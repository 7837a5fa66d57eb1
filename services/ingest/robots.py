"""Ask each host once a day what it lets programs read (RFC 9309), and obey it for article pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from services.ingest.core.hints import retry_after
from services.ingest.core.source import Source
from services.ingest.fetch import Fetcher, FetchError
from services.ingest.pacer import Pacer

#: The name our rules stand under in a robots.txt.
TOKEN = "Siaga"  # noqa: S105 - a product token, not a secret
KEPT_FOR = timedelta(hours=24)
#: Rules that could not be had let us read nothing: a moment's outage must not cost a day of full texts.
ASKED_AGAIN_AFTER = timedelta(hours=1)
ROBOTS_BYTES = 500 * 1024
#: An outlet's links may lead to any number of its sub-domains, each with rules as long as this.
KEPT_CHARACTERS, KEPT_HOSTS = 4 * ROBOTS_BYTES, 1000
DELAY_CAP_S = 60.0
_NOTHING = "User-agent: *\nDisallow: /\n"


@dataclass(frozen=True)
class _Rules:
    parsed: Protego
    until: datetime
    weight: int


class Robots:
    """The robots.txt of the hosts whose pages we read, kept for a day, the latest ones where they are many."""

    def __init__(self, fetcher: Fetcher, pacer: Pacer, now: Callable[[], datetime]) -> None:
        self._fetcher = fetcher
        self._pacer = pacer
        self._now = now
        self._rules: dict[str, _Rules] = {}

    async def allows(self, source: Source, url: str) -> bool:
        """Whether the host lets us read this page.  A host whose robots.txt fails with 5xx lets us read none."""
        return bool((await self._of(source, url)).can_fetch(url, TOKEN))

    async def gap_s(self, source: Source, url: str) -> float:
        """Seconds between two pages: the host's Crawl-delay where it is longer than our own gap."""
        delay = (await self._of(source, url)).crawl_delay(TOKEN) or 0.0
        return max(source.min_gap_s, min(float(delay), DELAY_CAP_S))

    async def _of(self, source: Source, url: str) -> Protego:
        split = urlsplit(url)
        place = f"{split.scheme}://{split.netloc}"
        known = self._rules.get(place)
        if known is None or self._now() >= known.until:
            text, kept_for = await self._fetch(source, f"{place}/robots.txt")
            known = _Rules(Protego.parse(text), self._now() + kept_for, len(text))
            self._keep(place, known)
        return known.parsed

    def _keep(self, place: str, rules: _Rules) -> None:
        self._rules.pop(place, None)  # to the end: the first is always the oldest
        self._rules[place] = rules
        while len(self._rules) > KEPT_HOSTS or sum(one.weight for one in self._rules.values()) > KEPT_CHARACTERS:
            del self._rules[next(iter(self._rules))]

    async def _fetch(self, source: Source, url: str) -> tuple[str, timedelta]:
        """The rules, and for how long they are taken to hold."""
        try:
            async with self._pacer.turn(source.politeness_key, source.min_gap_s):
                answer = await self._fetcher.get(
                    url,
                    hosts=source.outlet.hosts,
                    accept="text/plain, */*;q=0.1",
                    loopback=source.loopback,
                    limit=ROBOTS_BYTES,
                )
        except FetchError:
            return _NOTHING, ASKED_AGAIN_AFTER
        if answer.status == 200:
            return answer.body.decode("utf-8", "replace"), KEPT_FOR
        # RFC 9309 2.3.1: 4xx means there are no rules, 5xx that nothing may be read; 429 is the second kind.
        if 400 <= answer.status < 500 and answer.status != 429:
            return "", KEPT_FOR
        wait = timedelta(seconds=retry_after(answer.headers.get("retry-after", ""), self._now()) or 0.0)
        return _NOTHING, min(max(wait, ASKED_AGAIN_AFTER), KEPT_FOR)
