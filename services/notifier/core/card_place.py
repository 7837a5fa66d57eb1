"""Say in one line where an incident is: the way from origin to destination, or the one place that counts."""

from __future__ import annotations

from collections.abc import Mapping

from services.contracts.alert import Alert
from services.contracts.codes import Kind, Role
from services.contracts.tagging import Place
from services.notifier.core.clean import clean_line
from services.notifier.core.regions import region_name
from services.notifier.core.vocabulary import Words

_ROLE_ORDER = (Role.EVENT, Role.VENUE, Role.ORIGIN, Role.TRANSIT, Role.DESTINATION, Role.STATEMENT)
#: In a meeting or an analysis nobody moves, whatever countries are named.
MOVING_KINDS = frozenset({Kind.INCIDENT, Kind.ENFORCEMENT, Kind.JUDICIAL})
_MOVEMENT = (Role.ORIGIN, Role.EVENT, Role.TRANSIT, Role.DESTINATION)


def say_where(words: Words, alert: Alert) -> str:
    """Where, and what it has to do with it: a way from origin to destination, or the one place that counts."""
    best: dict[Role, Place] = {}
    for place in alert.places:
        known = best.get(place.role)
        if known is None or _sharpens(known, place):
            best[place.role] = place
    moving = _way(best) if alert.kind in MOVING_KINDS else []
    if len(moving) > 1:
        return " → ".join(_say_place(words, place, with_role=True) for place in moving)
    for role in _ROLE_ORDER:
        if role in best:
            place = best[role]
            line = _say_place(words, place, with_role=role is not Role.EVENT)
            across = place.counterpart and region_name(place.counterpart, words.language)
            return f"{line} ↔ {across}" if across else line
    return words.labels["no_place"]


def _sharpens(known: Place, place: Place) -> bool:
    """Whether ``place`` lies within the known one and says more; the first one named decides where it was."""
    within = (
        (known.region is None and place.country == known.country)
        or (known.district is None and known.region is not None and place.region == known.region)
        or (known.district is not None and place.district == known.district)
    )
    return within and _precision(place) > _precision(known)


def _precision(place: Place) -> int:
    """A crossing or a harbour says more than its district, that more than a province or a country."""
    if place.region is None:
        return 0
    if place.district is None:
        return 1
    return 2 if _is_district(place) else 3


def _is_district(place: Place) -> bool:
    return place.name.lower() in (place.district or "").lower()


def _way(best: Mapping[Role, Place]) -> list[Place]:
    """The stations in order; a place that has two parts in it is named once."""
    stations: dict[str, Place] = {}
    for role in _MOVEMENT:
        if role in best:
            stations.setdefault(best[role].name, best[role])
    return list(stations.values())


def _say_place(words: Words, place: Place, *, with_role: bool) -> str:
    wide = region_name(place.region or place.country, words.language)
    name = "" if place.district and _is_district(place) else clean_line(place.name, 80)
    if place.region is None:
        name = wide
    parts = (name, clean_line(place.district or "", 60))
    said = ", ".join(dict.fromkeys(part for part in parts if part and part != wide)) or wide
    land = region_name(place.country, words.language)
    country = f", {land}" if place.region and place.country != "ID" and land != wide else ""
    where = f"{said} ({wide}{country})" if said != wide else f"{wide}{country}"
    return f"{where} [{words.labels[place.role.value]}]" if with_role else where
