"""Texts made to be slow: what a hostile page could hold, each as long as asked."""

from __future__ import annotations

import random
from collections.abc import Callable

Maker = Callable[[int], str]


def repeated(piece: str) -> Maker:
    """``piece`` again and again."""
    return lambda size: (piece * (size // len(piece) + 1))[:size]


def _strangers(form: str) -> Maker:
    """Names nobody has, each once: nothing can be looked up twice."""

    def make(size: int) -> str:
        chance, pieces, long = random.Random(size), list[str](), 0
        while long < size:
            first, last = ("".join(chance.choices("abcdefghiklmnoprstu", k=7)).capitalize() for _ in "ab")
            pieces.append(form.format(name=f"{first} {last}", age=chance.randrange(10, 60)))
            long += len(pieces[-1])
        return "".join(pieces)[:size]

    return make


def triggers(terms: list[str]) -> Maker:
    """Every term of the rules, in a random order and without an end of a sentence."""
    shuffled = random.Random(4).sample(terms, len(terms))
    return repeated(" ".join(shuffled) + " ")


TEXTS: dict[str, Maker] = {
    "one place, over and over": repeated("Kupang "),
    "act, means and purpose, no full stop": repeated(
        "merekrut membawa menipu dengan ancaman untuk eksploitasi korban ke Malaysia tersangka perdagangan orang "
    ),
    "an event, over and over": repeated(
        "Polda NTT mengungkap kasus perdagangan orang dan menangkap 12 tersangka di Kupang, Kamis (22/1/2026). "
    ),
    "numbers of two digits": repeated("17 45 67 "),
    "digits without a space": repeated("9"),
    "a number of a thousand groups": repeated("1.000"),
    "counts and weights": repeated("12 orang 5 kg sabu Rp5 juta dua puluh korban "),
    "nested quotes": repeated("\"'“‘(("),
    "full stops": repeated("."),
    "full stops and spaces": repeated(". "),
    "one word": repeated("a"),
    "one word of capitals": repeated("A"),
    "capitalised words": repeated("Aa Bb Cc Dd "),
    "suspects with ages": _strangers("tersangka {name} ({age}), "),
    "victims by name": _strangers("korban bernama {name}, "),
    "one victim, over and over": repeated("korban bernama Wulan Sari (17) "),
    "places in one line": repeated("Jakarta, Malaysia, KM Bahari di Kupang, "),
    "a victim in capitals": repeated("KORBAN BERNAMA SITI RAHMA "),
    "titles without a name": repeated("Ny. Tn. "),
    "initials": repeated("berinisial AB, CD dan EF, GH, "),
    "villages": repeated("Desa Sukamaju "),
    "schools": repeated("siswi SMP Negeri 3 Kupang "),
    "telephone numbers": repeated("0812-3456-7890 "),
    "house numbers": repeated("RT 01/RW 02 "),
    "at signs": repeated("@"),
    "addresses": repeated("a@b.co "),
    "read-also lines": repeated("Baca juga: x\n"),
    "open brackets of galleries": repeated("[Gambas:"),
    "colons": repeated(":"),
    "blocking phrases": repeated("bunga kamboja menteri perdagangan "),
    "dates": repeated("(22/1) 22 Januari 2026 "),
    "datelines": repeated("\nKUPANG, NTT - "),
    "spaces": repeated(" "),
    "line breaks": repeated("\n"),
    "hyphens of a headline": repeated(" - x"),
    "Khmer": repeated("ព្រំដែន"),
    "Arabic digits": repeated("٣٤ "),
    "emoji": repeated("😀"),
    "accents": repeated("éàü "),
    "masks": repeated("█"),
}
