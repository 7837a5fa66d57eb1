"""Numbers that lead to somebody: houses, telephones, papers, plates, accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from services.tagger.core.clearing_context import Text
from services.tagger.core.numerals import digits_in, holds_foreign_digits

Span = tuple[int, int, str]
_RT = re.compile(r"\b[Rr][Tt]\.?\s*0*\d+\s*(?:[/,]?\s*[Rr][Ww]\.?\s*0*\d+)?|\b[Rr][Ww]\.?\s*0*\d+")
_RT_MARK = re.compile(r"R[TW]\.?\s*\d")  # asked first: it begins with one letter, which is looked for at once
_HOUSE = re.compile(
    r"\b(?:(?:[Hh]ouse|[Rr]umah)(?:\s+at)?\s+(?:[Nn]o\.?|[Nn]omor|number)|(?:[Rr]oom|[Kk]amar)(?:\s+(?:[Nn]o\.?|nomor))?)\s*\d+\w?"
)
_ROOMS = ("room", "kama")
_LIVED_IN = frozenset(
    [b"tinggal", b"kos", b"kost", b"asrama", b"lived", b"lives", b"dormitory", b"dorm", b"hostel"]
)
_CONTACT_MARK = re.compile(r"0\d[\d -]{8}")
_CONTACT_PLUS = re.compile(r"\+\d[\d -]{8}")
_CONTACT_DIGITS = 7  # as many in a row, or a mark
_CONTACT = re.compile(
    r"(?<!\d)(?:\+?62|0)8[\d -]{8,13}\d(?!\d)|\+\d[\d -]{8,15}\d|(?<!\d)\d{10,18}(?!\d)|\b[A-Z]\s?\d{7,8}\b"
    r"|(?<!\d)0\d{8,9}(?!\d)|(?<!\d)0\d{2}[ -]\d{3}[ -]\d{3,4}(?!\d)|(?<!\d)\d{4}-\d\d-\d{6}-\d\d-\d(?!\d)"
)
_ADDRESS = re.compile(r"[\w.+-]{1,60}@[\w-]+\.[\w.]+|(?<!\w)@[A-Za-z]\w{3,}")
#: A page of somebody's: "t.me/name", "facebook.com/name"; the sites' own pages are none.  It begins with one
#: character, which is looked for at once.
_PAGE = re.compile(
    r"\.(?:(?<=\bt\.)|(?<=\bwa\.)|(?<=facebook\.)|(?<=instagram\.)|(?<=tiktok\.)|(?<=twitter\.)|(?<=\bfb\.)|(?<=\bx\.))"
    r"(?:me|com)/(?P<name>(?!(?:watch|reel|photo|posts?|share|groups|p|status)\b)@?[\w.-]{3,60})",
    re.IGNORECASE,
)
#: "#SaveSreyRoth", "#BebaskanWahyuni": a plea for somebody.
_PLEA = re.compile(
    r"#(?:[Ss]ave|[Ff]ree|[Bb]ring\w{0,4}|[Jj]ustice(?:[Ff]or)?|[Pp]ray(?:[Ff]or)?|[Hh]elp|[Ss]elamatkan|[Bb]ebaskan"
    r"|[Pp]ulangkan|[Kk]eadilan(?:[Uu]ntuk)?|[Bb]antu|[Dd]oa(?:[Uu]ntuk)?|[Rr]ip)_?(?P<name>(?!Rohingya|PMI|TK[IW]|WNI|ABK|Palestin|Gaza|Papua|Indonesia|Myanmar|Our|The|Kami)[A-Z]\w{2,60})"
)
_AT = re.compile(r"@(?=[\w-])")  # no other is one of an address
_LOCAL_PART = re.compile(r"[\w.+-]{1,60}\Z")
#: By what may stand beside an age or in a plate; a byte of none of these says that it is neither.
_KINDS = {
    b"0": "0123456789",
    b"A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"e": "areds",
    b"t": "ty)",
    b",": ",.",
    b"(": "(?",
}
#: One or two digits after a space, bracket or comma, and either after "usia", "aged", "who was" or before what may
#: follow an age; or up to four between capitals.  "?" may be any character beyond latin-1.
_TELLING = re.compile(
    rb"0(?:(?<=[ (,]0)(?:(?<=e 0)0?(?![0]|,0)|0?(?![0Aex]|,0| [0Aex]))"
    rb"|(?:(?<=A0)|(?<=A 0)|(?<=A  0))0{0,3}(?= ?A))"
)
_span = re.Match.span
_PLATE_DIGITS = 4
_PLATE_BEFORE = re.compile(r"(?<![A-Za-z])(?P<area>[A-Z]{1,3})\s?$")
_PLATE_AFTER = re.compile(r"\s?[A-Z]{1,3}\b")
_VEHICLE = re.compile(
    r"nomor polisi|bernopol|nopol|pelat|plat\b|mobil|motor|minibus|truk|pikap|kendaraan|avanza|xenia|innova"
    r"|licen[cs]e|plate|\bcar\b|\bvan\b|truck|registration|registered",
    re.IGNORECASE,
)
#: Its words that may be part of another, and those that may not.
_VEHICLES = (
    "nomor polisi", "bernopol", "nopol", "pelat", "mobil", "motor", "minibus", "truk", "pikap", "kendaraan",
    "avanza", "xenia", "innova", "license", "licence", "plate", "truck", "registration", "registered",
)  # fmt: skip
_VEHICLE_WORDS = ("plat", "car", "van")


def _kind(code: int) -> bytes:
    """What a byte of latin-1 is to a number beside it."""
    char = chr(code)
    for kind, chars in _KINDS.items():
        if char in chars:
            return kind
    return b" " if char.isspace() else b"x"


_TABLE = b"".join(_kind(code) for code in range(256))


def telling_numbers(whole: str) -> tuple[list[tuple[int, int]], bool]:
    """The runs of digits that by what stands beside them may be an age or of a plate, and whether any is long.

    Few numbers of a story are: the others, dates and sums, are passed over here, by bytes.
    """
    if not whole.isascii() and holds_foreign_digits(whole):
        numbers = digits_in(whole)
        return numbers, any(end - start >= _CONTACT_DIGITS for start, end in numbers)
    kinds = whole.encode("latin-1", "replace").translate(_TABLE)
    return list(map(_span, _TELLING.finditer(kinds))), b"0" * _CONTACT_DIGITS in kinds


def numbers_of_people(whole: str, numbers: Sequence[tuple[int, int]], *, long: bool) -> Iterator[Span]:
    """Numbers of wards, telephones, identity papers, passports and plates, and addresses of e-mail and accounts.

    ``numbers`` and ``long`` are what ``telling_numbers`` finds in ``whole``.
    """
    if _RT_MARK.search(whole) or " rt " in whole:
        for found in _RT.finditer(whole):
            yield found.start(), found.end(), "house number"
    if long or _CONTACT_MARK.search(whole) or ("+" in whole and _CONTACT_PLUS.search(whole)):
        for found in _CONTACT.finditer(whole):
            yield found.start(), found.end(), "contact or document number"
    if "@" in whole:
        for start, end in _addresses(whole):
            yield start, end, "contact or document number"
    for mark, pattern in (("/", _PAGE), ("#", _PLEA)):
        if mark in whole:
            for found in pattern.finditer(whole):
                yield *found.span("name"), "contact or document number"
    for start, end in numbers:
        after = whole[end : end + 2]
        if after == after.lower() or end - start > _PLATE_DIGITS:
            continue  # no capital follows, as with most numbers
        if "A" <= whole[max(0, start - 3) : start].rstrip()[-1:] <= "Z":  # the day of a month has none before it
            yield from _plate(whole, start, end)


def house(text: Text, start: int, _: int) -> Iterable[Span]:
    """The number of a house, after the word for one; of a room, where somebody lives in it."""
    found = _HOUSE.match(text.whole, start)
    if not found:
        return ()
    room = text.whole[start : start + 4].lower() in _ROOMS
    if room and _LIVED_IN.isdisjoint(text.folded[max(0, start - 60) : found.end() + 60].split()):
        return ()
    return ((*found.span(), "house number"),)


def _plate(whole: str, start: int, end: int) -> Iterator[Span]:
    """A number plate, where a word beside it speaks of a vehicle: a hull number is none."""
    before = _PLATE_BEFORE.search(whole, max(0, start - 5), start)
    after = _PLATE_AFTER.match(whole, end)
    if before and after and _of_a_vehicle(whole, max(0, start - 60), start):
        yield before.start("area"), after.end(), "number plate"


def _of_a_vehicle(whole: str, start: int, end: int) -> bool:
    """Plain words first: the pattern, which minds no case, is tried with every word at every letter."""
    near = whole[start:end]
    if near.isascii():
        near = near.lower()
        if any(word in near for word in _VEHICLES):
            return True
        if not any(word in near for word in _VEHICLE_WORDS):
            return False
    return _VEHICLE.search(whole, start, end) is not None


def _addresses(whole: str) -> Iterator[tuple[int, int]]:
    """Looks only around each "@": a pattern that begins with a word is tried at every letter."""
    found_at, last = _AT.search(whole), 0
    while found_at:
        at = found_at.start()
        first = max(last, at - 60, whole.rfind("@", max(0, at - 60), at) + 1)
        local = _LOCAL_PART.search(whole, first, at)
        found = _ADDRESS.match(whole, local.start()) if local else None
        found = found or _ADDRESS.match(whole, at)
        if found:
            yield found.span()
            last = found.end()
        found_at = _AT.search(whole, max(at + 1, last))
