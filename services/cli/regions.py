"""Refuse a region that no place of the gazetteer lies in: who asks for it would hear nothing, for ever."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from services.notifier.core.canary import RESERVED
from services.runtime.errors import OperatorError
from services.tagger.place_files import read_places

_PLACES = Path(__file__).resolve().parents[2] / "seeds" / "places"
_EVERYWHERE = "*"


def need_regions(given: Iterable[str], where: str = "--region", places: Path = _PLACES) -> None:
    """Let pass what stories can be placed in.

    Raises:
        OperatorError: a region is none of the gazetteer's; names the one that may be meant.
    """
    known = known_regions(places)
    for region in given:
        if region.partition("-")[0] == RESERVED:
            raise OperatorError(where, f"{RESERVED} is reserved for synthetic alerts")
        if region not in known:
            near = get_close_matches(region.upper(), sorted(known), 1, 0.8)
            hint = f"; do you mean {near[0]}?" if near else ""
            raise OperatorError(
                where, f"{region!r} is no region (ID-NT) or country (KH) of the gazetteer, nor *{hint}"
            )


def known_regions(places: Path) -> frozenset[str]:
    """Every region and country of the gazetteer, and everywhere."""
    entries, _ = read_places(sorted(places.glob("*.csv")))
    return frozenset(
        {_EVERYWHERE, *(one.country for one in entries), *(one.region for one in entries if one.region)}
    )
