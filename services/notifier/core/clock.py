"""Say an instant in an official's zone and language."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.core.languages import nearest

_MONTHS = {
    "id": ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
# The tz database knows WIB, WITA and WIT but only offsets for the neighbours.
_SHORT = {"Asia/Phnom_Penh": "ICT", "Asia/Bangkok": "ICT", "Asia/Vientiane": "ICT", "Asia/Ho_Chi_Minh": "ICT",
          "Asia/Dili": "TLT", "Asia/Kuala_Lumpur": "MYT", "Asia/Kuching": "MYT", "Asia/Singapore": "SGT",
          "Asia/Manila": "PST", "Asia/Yangon": "MMT", "Pacific/Port_Moresby": "PGT"}  # fmt: skip


def zone_label(instant: datetime, zone: ZoneInfo) -> str:
    """The zone's usual letters, else ``UTC+07:00``."""
    if zone.key in _SHORT:
        return _SHORT[zone.key]
    local = instant.astimezone(zone)
    name = local.tzname() or ""
    if name.isalpha():
        return name
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:]}"


def say_time(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """For example ``22 Nov 2026 13.05 WIB``; English writes the hour with a colon."""
    local = instant.astimezone(zone)
    separator = "." if nearest(language) == "id" else ":"
    clock = f"{local.hour:02d}{separator}{local.minute:02d}"
    return f"{say_date(local, language)} {clock} {zone_label(instant, zone)}"


def say_date(local: datetime, language: str) -> str:
    """For example ``22 Nov 2026``."""
    months = _MONTHS[nearest(language)]
    return f"{local.day} {months[local.month - 1]} {local.year}"
