"""Notice that an outlet changed its pages: its rules stop fitting, and a poorer reading takes over in silence."""

from __future__ import annotations

from collections.abc import Iterable

#: The alarm looks at so many pages of a source.
RECENT = 20
#: A new template breaks nearly all pages; one live ticker or gallery among twenty is an outlet's everyday life.
FIT_MIN = 0.9
MISSES_MIN = 3


def remember_fits(recent: str, fits: Iterable[bool | None]) -> str:
    """The last pages, newest last: 1 where the rules fitted, 0 where not; None was no page with rules."""
    return (recent + "".join("01"[fit] for fit in fits if fit is not None))[-RECENT:]


def fit_share(recent: str) -> float | None:
    """The share of pages that the rules fitted; None of no page."""
    return recent.count("1") / len(recent) if recent else None


def rules_fail(recent: str) -> bool:
    """Whether somebody should look at the rules."""
    share = fit_share(recent)
    return share is not None and share < FIT_MIN and recent.count("0") >= MISSES_MIN
