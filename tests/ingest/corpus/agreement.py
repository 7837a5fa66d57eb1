"""Compare our reading of well-formed RSS 2.0 with that of fastfeedparser, value by value."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin

import fastfeedparser
from lxml import etree

from services.ingest.core.feed import Entry
from services.ingest.feed_reader import EntitiesRefusedError, entry_of, interpret
from tests.ingest.builders import a_feed, an_item

URL = "http://corpus.example/feed"
FIELDS = ("title", "link", "guid")


@dataclass
class Agreement:
    """What was compared.  A value counts where the item itself states it."""

    feeds: int = 0
    values: int = 0
    same: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    differences: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.same / self.values if self.values else 0.0


def is_rss_2_0(body: bytes) -> bool:
    root = _root(body)
    return root is not None and root.tag == "rss" and root.get("version") == "2.0"


def compare(bodies: Mapping[str, bytes]) -> Agreement:
    """Both readers over each body."""
    total = Agreement()
    for name, body in bodies.items():
        root = _root(body)
        assert root is not None
        try:
            ours = [entry_of(raw, URL) for raw in interpret(body, "", URL).found["entries"]]
        except EntitiesRefusedError:
            total.passed_over["defines entities: we refuse it"] += 1
            continue
        try:
            theirs = fastfeedparser.parse(body).entries
        except ValueError:
            total.passed_over["no channel: the other refuses it"] += 1
            continue
        items = list(root.iter("item"))
        if not len(ours) == len(theirs) == len(items):
            total.unexplained.append(f"{name}: {len(items)} items, {len(ours)} here, {len(theirs)} there")
            continue
        total.feeds += 1
        for item, mine, other in zip(items, ours, theirs, strict=True):
            for which in FIELDS:
                _compare_value(total, name, which, item, mine, other)
    return total


def _compare_value(
    total: Agreement, name: str, which: str, item: etree._Element, mine: Entry, other: Mapping[str, str]
) -> None:
    stated = item.findtext(which)
    if stated is None or not stated.strip():
        return
    total.values += 1
    here = getattr(mine, which).strip()
    there = (other.get("id" if which == "guid" else which) or "").strip()
    if which == "link":
        there = urljoin(URL, there)  # the other reader leaves relative links as they are
    if here == there:
        total.same += 1
        return
    reason = f"{which}: the other finds none" if not there else ""
    if reason:
        total.differences[reason] += 1
    else:
        total.unexplained.append(f"{name}: {which} {here[:80]!r} here, {there[:80]!r} there")


def outlet_feeds(seed: int, feeds: int) -> dict[str, bytes]:
    """Made-up feeds with what real ones have: CDATA, entities, typographic quotes, numbers as guids, odd spacing."""
    dice = random.Random(seed)
    return {f"seed {seed}, feed {n}": a_feed([_item(dice, k) for k in range(1, 21)]) for n in range(feeds)}


def _item(dice: random.Random, number: int) -> str:
    words = [
        "Polisi",
        "“empat”",
        "pekerja",
        "Kupang",
        "R&D",
        "5 < 6",
        "kapal – kayu",
        "perbatasan",
        "Jum'at",
        "été",
    ]
    title = " ".join(dice.choices(words, k=dice.randint(2, 9)))
    link = dice.choice(
        (
            f"https://kupang.desk.example/berita/{dice.randint(1, 10**6)}/slug-{number}?utm_source=x&a=b",
            f"/relative/{number}",
            f"https://desk.example/2026/03/{number:02d}/kisah-{number}/",
        )
    )
    guid = dice.choice(
        (link, str(dice.randint(1, 10**9)), f"https://desk.example/?p={number}", f"tag:desk,2026:{number}")
    )
    summary = f'<img src="https://img.desk.example/{number}.jpg" align="left"> {title} &nbsp; ...'
    return an_item(
        number, title=title, link=link, guid=guid, summary=summary, age=timedelta(minutes=13 * number),
        body=f"<p>{title}</p>" if dice.random() < 0.5 else "",
    )  # fmt: skip


def _root(body: bytes) -> etree._Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return None
