"""Say the names of regions; a code that has none is shown as it is."""

from __future__ import annotations

from services.notifier.core.languages import nearest
from services.notifier.core.region_names import CAMBODIA, COUNTRIES, INDONESIA, OTHERS

_BY_CODE = (
    {f"ID-{code}": name for code, name in INDONESIA.items()}
    | {f"KH-{code}": name for code, name in CAMBODIA.items()}
    | OTHERS
)
#: Of the countries that stories are placed in province by province.
WITH_REGIONS = ("ID", "KH", "LA", "TL", "TH", "VN", "MM", "MY", "PH", "PG")


def region_name(code: str, language: str) -> str:
    """The short name of a region or country; everywhere has a name too."""
    if code == "*":
        return "semua wilayah" if nearest(language) == "id" else "all regions"
    if code in COUNTRIES:
        return COUNTRIES[code][0 if nearest(language) == "id" else 1]
    return _BY_CODE.get(code, code)


def has_no_region(region: str) -> bool:
    """Whether this is a region that its country does not have: who asked for it would hear nothing, for ever."""
    country, hyphen, _ = region.partition("-")
    return bool(hyphen) and country in WITH_REGIONS and region not in _BY_CODE


def offered_regions() -> list[str]:
    """The regions and countries that the desk offers to invite somebody for."""
    return [*WITH_REGIONS, "SG", "BN", *(code for code in _BY_CODE if code.partition("-")[0] in WITH_REGIONS)]
