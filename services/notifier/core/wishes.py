"""What an official chose within what was granted: some of it switched off, own quiet hours, own digest times."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from services.contracts.codes import Topic
from services.notifier.core.digest import DigestSchedule
from services.notifier.core.quiet import QuietHours
from services.notifier.core.subscription import Official, Subscription

DIGESTS_AT_MOST = 6


@dataclass(frozen=True)
class Wishes:
    """Nothing chosen is as granted.  ``no_quiet`` chooses to have none; ``number`` grows with each change."""

    regions_off: frozenset[str] = frozenset()
    topics_off: frozenset[Topic] = frozenset()
    quiet: QuietHours | None = None
    no_quiet: bool = False
    digest: tuple[time, ...] = ()
    number: int = 0


def granted_regions(official: Official) -> list[str]:
    """Every region an official was granted, in order of the subscriptions."""
    return list(dict.fromkeys(region for line in official.subscriptions for region in sorted(line.regions)))


def granted_topics(official: Official) -> list[Topic]:
    """Every topic an official was granted."""
    topics: set[Topic] = set()
    for line in official.subscriptions:
        topics |= line.topics or set(Topic)
    return [topic for topic in Topic if topic in topics]


def apply_wishes(official: Official, wishes: Wishes) -> Official:
    """The official as granted, less what was switched off; never more than was granted."""
    lines = [line for line in (_narrowed(line, wishes) for line in official.subscriptions) if line is not None]
    quiet = None if wishes.no_quiet else wishes.quiet or official.quiet
    digest = DigestSchedule(wishes.digest) if wishes.digest else official.digest
    return replace(official, subscriptions=tuple(lines), quiet=quiet, digest=digest)


def _narrowed(line: Subscription, wishes: Wishes) -> Subscription | None:
    regions = line.regions - wishes.regions_off
    if not wishes.topics_off:
        return replace(line, regions=regions) if regions else None
    topics = (line.topics or frozenset(Topic)) - wishes.topics_off
    return replace(line, regions=regions, topics=topics) if regions and topics else None


def pack_wishes(wishes: Wishes) -> str:
    """As stored."""
    quiet = wishes.quiet
    return json.dumps({
        "regions_off": sorted(wishes.regions_off), "topics_off": sorted(wishes.topics_off),
        "quiet": [f"{quiet.start:%H:%M}", f"{quiet.end:%H:%M}"] if quiet else None,
        "no_quiet": wishes.no_quiet, "digest": [f"{clock:%H:%M}" for clock in wishes.digest],
    })  # fmt: skip


def unpack_wishes(text: str, number: int) -> Wishes:
    """As they were stored; a topic that no longer exists is passed over."""
    found: dict[str, Any] = json.loads(text)
    known = {topic.value for topic in Topic}
    quiet = found["quiet"]
    return Wishes(
        regions_off=frozenset(found["regions_off"]),
        topics_off=frozenset(Topic(code) for code in found["topics_off"] if code in known),
        quiet=QuietHours(time.fromisoformat(quiet[0]), time.fromisoformat(quiet[1])) if quiet else None,
        no_quiet=bool(found["no_quiet"]),
        digest=tuple(time.fromisoformat(clock) for clock in found["digest"]),
        number=number,
    )
