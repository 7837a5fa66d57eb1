"""What the bot answers, in the official's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time

from services.notifier.core.answer_words import ENGLISH, INDONESIAN, REASONS
from services.notifier.core.clock import say_time
from services.notifier.core.languages import nearest
from services.notifier.core.quiet import QuietHours
from services.notifier.core.regions import region_name
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import Wishes
from services.notifier.core.words import words_for

_TEXTS: Mapping[str, Mapping[str, str]] = {"id": INDONESIAN, "en": ENGLISH}


def spoken(language: str) -> str:
    """The language the bot answers in: one of the two complete ones."""
    return nearest(language)


def answer(language: str, name: str, **values: object) -> str:
    """One answer in a language."""
    return _TEXTS[spoken(language)][name].format(**values)


def say_reason(language: str, reason: str) -> str:
    """Why something was decided, in words."""
    return REASONS[spoken(language)].get(reason, reason.replace("_", " "))


def say_quiet(language: str, quiet: QuietHours | None) -> str:
    """``21:00-05:30``, or that there are none."""
    return f"{quiet.start:%H:%M}-{quiet.end:%H:%M}" if quiet else answer(language, "off")


def say_clocks(clocks: tuple[time, ...]) -> str:
    """``06:30, 16:00``."""
    return ", ".join(f"{clock:%H:%M}" for clock in clocks)


def say_digest(official: Official) -> str:
    """The digest's times or its interval, with the zone."""
    schedule = official.digest
    every = f"/{int(schedule.every.total_seconds() // 60)} min" if schedule.every else ""
    return f"{every or say_clocks(schedule.at)} ({official.zone.key})"


def say_status(official: Official, wishes: Wishes | None = None, *, paused_until: datetime | None = None) -> str:
    """What this official receives, in words; ``official`` has its wishes applied."""
    language = official.language
    words = words_for(language)
    lines = [answer(language, "status")]
    for line in official.subscriptions:
        regions = ", ".join(region_name(region, language) for region in sorted(line.regions))
        topics = ", ".join(words.topics[topic] for topic in sorted(line.topics)) or "*"
        lines.append(f"- {regions}: {topics} ({words.levels[line.min_severity]}+)")
    if wishes is not None and (wishes.regions_off or wishes.topics_off):
        off = [region_name(region, language) for region in sorted(wishes.regions_off)]
        off += [words.topics[topic] for topic in sorted(wishes.topics_off)]
        lines.append(answer(language, "status_off", x=", ".join(off)))
    if official.quiet:
        start, end = official.quiet.start, official.quiet.end
        lines.append(answer(language, "quiet", a=f"{start:%H:%M}", b=f"{end:%H:%M}"))
    else:
        lines.append(answer(language, "no_quiet"))
    lines.append(answer(language, "digest_at", x=say_digest(official)))
    if paused_until is not None:
        lines.append(answer(language, "paused_until", x=say_time(paused_until, official.zone, spoken(language))))
    return "\n".join(lines)


def say_welcome(official: Official) -> str:
    """What will come from now on, and how it can be changed."""
    language = official.language
    parts = (answer(language, "welcome"), say_status(official), answer(language, "will_come"))
    return "\n\n".join(parts)
