"""Tell Indonesian, English, Malay and Khmer apart by closed lists of function words."""

from __future__ import annotations

import re

from services.tagger.core.folding import fold

_MARKERS: dict[str, frozenset[bytes]] = {
    "id": frozenset(
        b"yang dan di dengan untuk pada dari ini itu tidak akan juga dalam oleh karena telah sebagai saat"
        b" bahwa tersebut ke para adalah bisa kata ujar sudah serta mereka kepada bagi hingga antara".split()
    ),
    "en": frozenset(
        b"the and of to in that was for with were from by at has have been which who said on as is are"
        b" had it an be not this their after".split()
    ),
}
_CODE_OF = {word: code for code, words in _MARKERS.items() for word in words}
#: Malay shares nearly all function words with Indonesian: only words Indonesian spells otherwise count.
_MALAY_ONLY = frozenset(
    b"ialah kerana bahawa manakala polis pejabat boleh jabatan semalam mangsa sempadan warganegara"
    b" daripada serbuan kompaun wang".split()
)
_WORDS = 200
_KHMER = re.compile("[\u1780-\u17ff]")


def detect(text: str, declared: str = "und") -> str:
    """``id``, ``en``, ``ms``, ``km``, or ``und``; ``declared`` decides where the text does not."""
    sample = text[:1600]
    if not sample.isascii() and len(_KHMER.findall(sample[:400])) > 40:
        return "km"
    words = fold(sample).split(maxsplit=_WORDS)[:_WORDS]
    codes = list(map(_CODE_OF.get, words))
    counts = {code: codes.count(code) for code in _MARKERS}
    if counts["id"] > counts["en"] and not _MALAY_ONLY.isdisjoint(words):
        malay = sum(map(_MALAY_ONLY.__contains__, words))
        if malay >= 4 and malay * 6 > counts["id"]:
            return "ms"
    best = max(counts, key=lambda code: counts[code])
    if counts[best] >= 3 and counts[best] > 1.5 * min(counts.values()):
        return best
    if declared in {"id", "en", "ms", "km"}:
        return declared
    return best if counts[best] else "und"
