"""Newsrooms that never were: what each publishes in a week, and what its feed shows at any moment.

Rates and windows follow shared findings on the outlets (national desks 300 to 500 stories a day, regional ones 60
to 150, feeds of 10, 20, 50 or 100 entries); no wording of theirs is used.
"""

from __future__ import annotations

import random
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

from services.ingest.core.source import Source

START = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # midnight in Jakarta
HOUR = 3600.0
#: Share of a day's stories by local hour: nothing at night, a burst in the morning, another in the evening.
BY_HOUR = (0.2, 0.1, 0.1, 0.1, 0.3, 1, 2, 3, 4, 4, 3, 3, 2, 2, 3, 3, 2, 2, 3, 3, 2, 1, 0.6, 0.3)
_SYLLABLES = [a + b for a in "bcdgjklmnprstwy" for b in ("a", "i", "u", "e", "o", "an", "ang", "ung")]
HOUSE_HOSTS = {"antara": "www.antaranews.com", "tribun": "www.tribunnews.com"}


@dataclass
class Item:
    """A story of a desk.  ``at``: seconds from the start; ``dated``: what its feed says, perhaps earlier."""

    number: int
    at: float
    dated: float
    url: str
    title: str
    summary: str
    edits: int = 0

    def __lt__(self, other: Item) -> bool:
        return (self.dated, self.number) < (other.dated, other.number)


@dataclass(frozen=True)
class Change:
    """Something that happens in a newsroom."""

    at: float
    kind: str  # publish, edit, drop, back, shuffle
    item: Item | None = None


@dataclass
class Stay:
    """A stretch of time in which a feed showed a story; seconds."""

    number: int
    entered: float
    left: float | None = None


@dataclass
class Desk:
    """A feed that shows its newest ``window`` stories."""

    source: Source
    window: int
    per_day: float
    changes: list[Change] = field(default_factory=list)
    shown: list[Item] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    version: int = 0
    changed_at: float = 0.0
    _next: int = 0
    _open: dict[int, Stay] = field(default_factory=dict)
    _shuffled: int = 0
    _body: tuple[int, bytes] = (-1, b"")

    def pass_time(self, now: float) -> None:
        """Let everything happen that is to happen until ``now``."""
        while self._next < len(self.changes) and self.changes[self._next].at <= now:
            change = self.changes[self._next]
            self._next += 1
            self._apply(change)
            self.version += 1
            self.changed_at = change.at

    def body(self) -> bytes:
        """What the feed says now."""
        if self._body[0] != self.version:
            self._body = (self.version, render(self))
        return self._body[1]

    def newest_first(self) -> list[Item]:
        items = self.shown[::-1]
        if self._shuffled:
            random.Random(self._shuffled).shuffle(items)
        return items

    def _apply(self, change: Change) -> None:
        item = change.item
        if change.kind == "shuffle":
            self._shuffled = 0 if self._shuffled else self.version + 1
        elif item is None:
            return
        elif change.kind == "edit":
            item.edits += 1
        elif change.kind == "drop":
            if item in self.shown:
                self.shown.remove(item)
                self._open.pop(item.number).left = change.at
        else:
            self._enter(item, change.at)

    def _enter(self, item: Item, at: float) -> None:
        if item.number in self._open:
            return
        insort(self.shown, item)
        stay = Stay(item.number, at)
        self._open[item.number] = stay
        self.stays.append(stay)
        while len(self.shown) > self.window:
            self._open.pop(self.shown.pop(0).number).left = at


def make_desks(sources: Sequence[Source], seed: int, days: float) -> list[Desk]:
    """The desks of the enabled sources, with everything that will happen in them."""
    dice = random.Random(f"desks {seed}")
    desks = [_desk(source, dice) for source in sources if source.enabled]
    first = 1_000_000
    for desk in desks:
        _publish(desk, dice, days, first)
        first += 100_000
    _share_with_the_national_desk(desks, dice)
    for desk in desks:
        desk.changes.sort(key=lambda change: change.at)
        # A feed is full when the week begins; what it holds then is history.
        desk.pass_time(0.0)
    return desks


def _desk(source: Source, dice: random.Random) -> Desk:
    if source.outlet.key in ("ppp", "ann"):
        return Desk(source, 10, dice.uniform(10, 40))
    if source.format == "news_sitemap":
        return Desk(source, 100, dice.uniform(300, 500))
    if source.id == "antara-nasional-terkini":
        return Desk(source, 50, 500.0)
    return Desk(source, 50 if source.id == "antara-en" else 20, dice.uniform(60, 150))


def _publish(desk: Desk, dice: random.Random, days: float, first: int) -> None:
    bursts = [dice.uniform(0, days * 24 * HOUR) for _ in range(max(1, round(3 * days / 7)))]
    number = first
    for minute in range(-2880, int(days * 1440)):
        at = minute * 60.0
        rate = desk.per_day * BY_HOUR[(minute // 60) % 24] / sum(BY_HOUR) / 60
        if any(burst <= at < burst + 2 * HOUR for burst in bursts):
            rate *= 3
        for _ in range((dice.random() < rate) + (dice.random() < rate / 8)):
            number += 1
            _happen(desk, _item(desk.source, number, at + dice.uniform(0, 59), dice), dice)
    if dice.random() < 0.4 * days / 7:  # an import: half a window of stories within a minute
        at = dice.uniform(12 * HOUR, days * 24 * HOUR)
        for n in range(desk.window // 2):
            number += 1
            desk.changes.append(Change(at + n, "publish", _item(desk.source, number, at + n, dice)))
    for _ in range(round(2 * days)):
        desk.changes.append(Change(dice.uniform(0, days * 24 * HOUR), "shuffle"))


def _happen(desk: Desk, item: Item, dice: random.Random) -> None:
    """A story is published, often edited, seldom taken out for a while; a few come late and dated back."""
    at, chance = item.at, dice.random()
    if chance < 0.02:
        item.dated -= dice.uniform(60, 1800)
    desk.changes.append(Change(at, "publish", item))
    if chance > 0.9:
        desk.changes.append(Change(at + dice.uniform(120, 4 * HOUR), "edit", item))
    if 0.5 < chance < 0.505:
        out = at + dice.uniform(600, 2 * HOUR)
        desk.changes += [Change(out, "drop", item), Change(out + dice.uniform(300, HOUR), "back", item)]


def _item(source: Source, number: int, at: float, dice: random.Random) -> Item:
    words = ["".join(dice.choices(_SYLLABLES, k=dice.randint(2, 3))) for _ in range(34)]
    title = " ".join(words[:8]).capitalize()
    slug = "-".join(words[:6])
    host = source.url.split("/")[2]
    paths = {
        "antara": f"/berita/{number}/{slug}",
        "tribun": f"/regional/{number}/{slug}",
        "wordpress": f"/national/{slug}-{number}/",
    }
    path = paths.get(source.outlet.shape, f"/{number}/{slug}")
    return Item(number, at, at, f"https://{host}{path}", title, " ".join(words[8:]).capitalize() + " ...")


def _share_with_the_national_desk(desks: Sequence[Desk], dice: random.Random) -> None:
    """Sections of the national site show the stories of its front feed too: one story, two feeds."""
    national = next((desk for desk in desks if desk.source.id == "antara-nasional-terkini"), None)
    if national is None:
        return
    for desk in desks:
        if desk is national or desk.source.url.split("/")[2] != HOUSE_HOSTS["antara"]:
            continue
        for change in list(desk.changes):
            if change.kind == "publish" and dice.random() < 0.5:
                national.changes.append(Change(change.at, "publish", change.item))


def render(desk: Desk) -> bytes:
    """The feed's bytes."""
    return _sitemap(desk) if desk.source.format == "news_sitemap" else _rss(desk)


def _when(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def _rss(desk: Desk) -> bytes:
    items = "".join(
        f"<item><title>{escape(_title(item))}</title><link>{item.url}</link>"
        f'<guid isPermaLink="false">{item.url}</guid><pubDate>{format_datetime(_when(item.dated))}</pubDate>'
        f"<description><![CDATA[<img src='https://img.example/{item.number}.jpg'>{item.summary}]]></description></item>"
        for item in desk.newest_first()
    )
    built = format_datetime(_when(desk.changed_at))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Desk</title>'
        f"<lastBuildDate>{built}</lastBuildDate>{items}</channel></rss>"
    ).encode()


def _sitemap(desk: Desk) -> bytes:
    urls = "".join(
        f"<url><loc>{item.url}</loc><news:news><news:publication_date>{_when(item.dated).isoformat()}"
        f"</news:publication_date><news:title>{escape(_title(item))}</news:title></news:news></url>"
        for item in desk.newest_first()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        f' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{urls}</urlset>'
    ).encode()


def _title(item: Item) -> str:
    return f"{item.title} ({item.edits + 1})" if item.edits else item.title
