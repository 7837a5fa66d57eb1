"""What one poll of a source brought."""

from __future__ import annotations

from dataclasses import dataclass

from services.ingest.core.compose import Named
from services.ingest.core.conditional import Validators
from services.ingest.core.gap import Gap
from services.ingest.core.outcome import Outcome
from services.ingest.sitemaps import Walked


@dataclass(frozen=True)
class Body:
    """What a feed said.

    ``named`` are the entries whose story is known by name, oldest first; ``pictures_only``: the others are
    galleries and videos, and none leads off the outlet or to its homepage.
    """

    named: tuple[Named, ...]
    hash: str
    median_gap_s: float | None
    pictures_only: bool


@dataclass(frozen=True)
class Polled:
    """One poll.

    ``body`` is set where there are entries to look at, ``validators`` where they may be kept, ``walked`` where
    the address was that of a sitemap index, ``parsed`` from when to when the body was parsed, since 1970,
    ``gap`` where further pages are to be asked for again.
    """

    outcome: Outcome
    detail: str = ""
    validators: Validators | None = None
    body_hash: str | None = None
    body: Body | None = None
    moved_to: str | None = None
    walked: Walked | None = None
    parsed: tuple[float, float] | None = None
    gap: Gap | None = None
