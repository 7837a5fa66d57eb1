"""Tell a round-up of several events from the story of one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

_CASES_ID = (
    "kasus|peristiwa|kejadian|insiden|perkara|pengungkapan|penangkapan|penggerebekan|penyelundupan|pencegahan"
    "|penggagalan|penindakan|tkp|lokasi berbeda|tempat berbeda|lokasi terpisah"
)
_CASES_EN = (
    "cases|incidents|raids|busts|seizures|interceptions|smuggling attempts|smuggling bids|separate [a-z]+"
    "|different (?:cases|places|locations|provinces)"
)
#: From two on; one case is one event, and "kasus 1" is its number.
_SEVERAL_ID = "(?:dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh|belasan|puluhan|sejumlah|beberapa)"
_SEVERAL_EN = "(?:two|three|four|five|six|seven|eight|nine|ten|several|dozens of)"
_DIGITS = r"(?:[2-9]|[1-9]\d)"
_WEEK_WORDS = "sepekan|seminggu|pekan ini|minggu ini|sebulan|semester|tahun|peristiwa|berita|kriminal"
_HEADLINE = re.compile(
    r"\b(?:kaleidoskop|week in review|year in review|news highlights|"
    r"(?:news|crime|courts?|border|police) (?:in brief|briefs|blotter)"
    r"|(?:weekly|news|crime|border|regional|police|court) (?:round-?up|wrap(?:-up)?|digest|recap)"
    r"|(?:round-?up|wrap-up|recap) of|(?:round-?up|wrap-up|recap): (?:this|the) week)\b"
    rf"|\b(?:rangkuman|kilas|rekap|rekapitulasi|ringkasan) (?:\w+ ){{0,3}}?(?:{_WEEK_WORDS})\b"
    r"|\b(?:deretan|sederet|rentetan|kumpulan|rangkaian|daftar|(?:list|string|spate|series) of)"
    rf" (?:\w+ ){{0,2}}?(?:{_CASES_ID}|{_CASES_EN})\b"
    rf"|(?<![\d.,])(?:{_DIGITS}|\b{_SEVERAL_ID}) (?:upaya )?(?:{_CASES_ID})\b"
    rf"|(?<![\d.,])(?:{_DIGITS}|\b{_SEVERAL_EN}) (?:\w+ ){{0,2}}?(?:{_CASES_EN})\b"
)
#: "Disekap sepekan" is one event: a week is one of news only where it stands for when, not for how long.
_WEEK = re.compile(
    r"\b(?:dalam|selama|sepanjang) (?:sepekan|seminggu|sehari|sebulan|dua hari|tiga hari)\b"
    r"|\b(?:pekan ini|this week)\b|\bin (?:a|one) (?:week|day|month)\b"
)
_ORDINALS = re.compile(
    r"\b(?:kasus|peristiwa|kejadian|perkara|pengungkapan|penangkapan|tkp) (pertama|kedua|ketiga|keempat|kelima)\b"
    r"|\b(?:the )?(first|second|third|fourth) (?:case|incident|raid|bust|seizure|arrest)\b"
)
_ITEM = re.compile(r"(?:^|\n)[ \t]*(?:\d{1,2}[.)]|[-*•])[ \t]+(?=\S)")
_LEAD = 450


class RoundUp(StrEnum):
    """What a story is, and by which of its signs."""

    HEADLINE = "its headline speaks of several events"
    ITEMS = "its items stand in different places"
    ORDINALS = "it counts off its events"
    SPREAD = "it speaks of a time and of several places"
    PERHAPS = "its first lines speak of several events"
    NO = "it tells of one event"

    @property
    def is_sure(self) -> bool:
        return self not in {RoundUp.PERHAPS, RoundUp.NO}


def find_round_up(title: str, text: str, places: Iterable[tuple[str, int]]) -> RoundUp:
    """Whether a story lists several events.

    Args:
        places: districts of the scene, each with where it is first named in title, a line break, and text.
    """
    districts = dict(places)
    headline, body = _words(title), text.lower()
    if _HEADLINE.search(headline):
        return RoundUp.HEADLINE
    if len({where for at in _items(text, len(title) + 1) for where in _within(at, districts)}) > 1:
        return RoundUp.ITEMS
    named = {one for found in _ORDINALS.findall(body) for one in found if one}
    if len(named) > 1 and len(districts) > 1:
        return RoundUp.ORDINALS
    lead = _words(text[:_LEAD])
    if (_WEEK.search(headline) and len(districts) > 1) or (_WEEK.search(lead) and len(districts) > 2):
        return RoundUp.SPREAD
    return RoundUp.PERHAPS if len(districts) > 1 and _HEADLINE.search(lead) else RoundUp.NO


def _words(text: str) -> str:
    """Lower case, single spaces; "85 % kasus" keeps its sign."""
    return " ".join(text.lower().split())


def _items(text: str, offset: int) -> list[tuple[int, int]]:
    """Where the items of a list stand, of three on."""
    starts = [found.end() + offset for found in _ITEM.finditer(text)]
    return list(zip(starts, [*starts[1:], offset + len(text)], strict=True)) if len(starts) > 2 else []


def _within(item: tuple[int, int], districts: dict[str, int]) -> list[str]:
    return [name for name, at in districts.items() if item[0] <= at < item[1]]
