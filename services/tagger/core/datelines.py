"""Find where a story says it was written: "KUPANG (ANTARA) -", "TRIBUN-BALI.COM, DENPASAR -"."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: So far into a story one may begin.
SEARCHED = 1200
_LONGEST = 90
_MOST = 2
_PLACE_FIRST = (
    r"(?:^|\n)\s*(?![\w.-]+\.(?:CO\.ID|COM|com|ID|id)\b)(?P<first>[A-Z][\w .,'-]{2,40}?)\s*"
    r"(?:\((?:ANTARA|Antara|TATOLI|Bernama)[^)]*\)\s*[-–—]*|\([^()\n]{2,50}\)\s*[-–—]{1,2}\s|:\s|\s[-–—]{1,2}\s)"
    r"|\n\s*[A-Z][a-z]+(?: [A-Z][a-z]+)?\.\s(?=[A-Z][a-z])"  # "Labuan Bajo. The police"
)
_OUTLET_FIRST = (
    r"(?<!\w)(?:[\w.-]+\.(?:COM|com|co\.id|CO\.ID|id|ID)|Tribunnews|"
    r"KOMPAS\.com)\s*,\s*(?P<second>[A-Z][\w .'-]{2,30}?)\s*[-–—]"
    r"|(?:^|\n)\s*(?P<third>[A-Z][\w .'-]{2,30}),\s*(?:KOMPAS\.com|[\w.-]+\.(?:com|id))\s*(?:[-–—]|\n)"
    r"|(?<!\w)[\w.-]+\.(?:COM|com|CO\.ID|ID|id)\s*[-–—]\s*(?P<fourth>[A-Z][A-Z '-]{2,25})\s*[.,–—-]"
    r"|(?<!\w)[\w.-]+\.com,\s+(?P<fifth>[A-Z]\w+)\s(?=[A-Z])"
)
_PLAIN = re.compile(_PLACE_FIRST)
_ANY = re.compile(f"(?:{_PLACE_FIRST}|{_OUTLET_FIRST})")
#: Without one of these, or "Tribunnews", no outlet is named, and the pattern tried at every word can be spared.
_OUTLET_MARK = re.compile(r"\.(?:COM|com|ID|id)\s*[,\n–—-]")


def datelines_in(whole: str) -> list[tuple[int, int]]:
    """The first two, as offsets."""
    head, found = whole[:SEARCHED], []
    named = "Tribunnews" in head or _OUTLET_MARK.search(head)
    for match in _ANY.finditer(head) if named else _at_lines(head):
        if match.end() - match.start() < _LONGEST:
            found.append((match.start(), match.end()))
        if len(found) == _MOST:
            break
    return found


def _at_lines(head: str) -> Iterator[re.Match[str]]:
    """What ``_PLAIN`` finds, tried only where a line begins: at every letter it costs four times as much."""
    at = 0
    while at >= 0:
        found = _PLAIN.match(head, at)
        if found:
            yield found
        at = head.find("\n", found.end() if found else at + 1)
