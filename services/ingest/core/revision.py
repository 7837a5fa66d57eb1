"""Decide whether what was read is a new story, a new version of a known one, or nothing new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ingest.core.text import fingerprint_words

#: How much of the story each way of reading it holds; a poorer reading never replaces a richer one.
RICHNESS = {"summary": 0, "feed": 1, "trafilatura": 2, "rules": 3}

#: How Antara and the wires mark a story they no longer stand by.
_NOTICE = re.compile(
    r"^\W*(?:(?:berita|artikel)\s+(?:ini\s+)?(?:telah\s+)?dicabut|pencabutan\s+berita|cabut\s+berita|dicabut\s*[:\])-]"
    r"|(?:story|article)\s+(?:withdrawn|retracted|removed)|(?:withdrawn|retracted|kill)\s*[:\])])",
    re.IGNORECASE,
)


class Reason(StrEnum):
    """Why a reading became an event, or why it did not."""

    NEW = "new"
    REVISED = "revised"
    FULLER_TEXT = "fuller_text"
    RETURNED = "returned"
    UNCHANGED = "unchanged"
    ONLY_FORM = "only_form"
    POORER_READING = "poorer_reading"
    OTHER_CHANNEL = "other_channel"
    NO_TITLE = "no_title"
    COPY = "copy"
    WITHDRAWN = "withdrawn"
    UNPUBLISHABLE = "unpublishable"


@dataclass(frozen=True)
class Draft:
    """A story as one poll read it.  ``original_id``: the story its page says it repeats."""

    story_id: str
    aliases: tuple[str, ...]
    url: str
    title: str
    text: str
    language: str
    section: str
    published_at: datetime
    published_at_source: str
    dateline: str
    byline: str
    method: str
    extractor: str
    truncated: bool
    flags: tuple[str, ...] = ()
    original_id: str = ""


@dataclass(frozen=True)
class Known:
    """A story as it was last published.  ``channels``: sources it was seen in."""

    version: int
    title: str
    text: str
    method: str
    truncated: bool
    published_at: datetime
    channels: frozenset[str]
    withdrawn: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do.  ``changed`` names the fields of the event, empty where there is none."""

    reason: Reason
    version: int = 0
    changed: tuple[str, ...] = ()

    @property
    def publishes(self) -> bool:
        return self.version > 0


def decide(known: Known | None, draft: Draft, source_id: str) -> Decision:
    """Compare a reading with what is known of the story.

    Another channel of the same outlet often cuts the summary elsewhere: its different wording is not news
    unless the outlet dates it later than what we have.
    """
    if not draft.title:
        return Decision(Reason.NO_TITLE)
    if known is None:
        return Decision(Reason.NEW, version=1)
    changed = _changed(known, draft)
    if is_removal_notice(draft.title):
        return Decision(Reason.UNCHANGED if known.withdrawn else Reason.WITHDRAWN)
    if known.withdrawn:
        return Decision(Reason.RETURNED, known.version + 1, ("withdrawn", *changed))
    reason = _compare(known, draft, source_id, changed)
    publishes = reason in (Reason.REVISED, Reason.FULLER_TEXT)
    return Decision(reason, known.version + 1, changed) if publishes else Decision(reason)


def is_removal_notice(title: str) -> bool:
    """Whether the heading that a story now has says that it was taken back."""
    return bool(_NOTICE.match(title))


def _compare(known: Known, draft: Draft, source_id: str, changed: tuple[str, ...]) -> Reason:
    if RICHNESS[draft.method] < RICHNESS[known.method] or (draft.truncated and not known.truncated):
        return Reason.POORER_READING
    if not changed:
        same = (known.title, known.text) == (draft.title, draft.text)
        return Reason.UNCHANGED if same else Reason.ONLY_FORM
    if RICHNESS[draft.method] > RICHNESS[known.method] or (known.truncated and not draft.truncated):
        return Reason.FULLER_TEXT
    if source_id not in known.channels and draft.published_at <= known.published_at:
        return Reason.OTHER_CHANNEL
    return Reason.REVISED


def _changed(known: Known, draft: Draft) -> tuple[str, ...]:
    pairs = (("title", known.title, draft.title), ("text", known.text, draft.text))
    return tuple(name for name, old, new in pairs if fingerprint_words([old]) != fingerprint_words([new]))
