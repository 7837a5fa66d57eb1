"""Blank what is not the story: links to other stories, share lists, copyright tails, title tails.

Blanked characters become spaces, so offsets hold; line breaks stay.
"""

from __future__ import annotations

import re

from services.tagger.core.folding import fold

#: A line that begins so (folded) says nothing about this story.
_LINE = (
    b"baca juga",
    b"baca pula",
    b"bacajuga",
    b"simak juga",
    b"lihat juga",
    b"simak video",
    b"saksikan video",
    b"tonton juga",
    b"artikel terkait",
    b"berita terkait",
    b"artikel berkaitan",
    b"read also",
    b"read more",
    b"also read",
    b"related news",
    b"related stories",
    b"see also",
    b"scroll to continue",
    b"advertisement",
    b"copyright",
    b"pewarta",
    b"penulis ",
    b"editor ",
    b"oleh ",
    b"berita ini telah tayang",
    b"artikel ini telah tayang",
    b"dapatkan update",
    b"dapatkan informasi",
    b"ikuti berita",
    b"ikuti saluran",
    b"kumpulan artikel",
    b"bagikan artikel",
    b"bagikan berita",
    b"tambahkan komentar",
    b"cek berita",
    b"cek artikel",
    b"contact phnompenh post",
    b"foto ",
    b"tag ",
    b"tags ",
    b"topik terkait",
)
#: From such a line to the end everything belongs to the page.
_TAIL = (
    b"most viewed",
    b"most read",
    b"berita terpopuler",
    b"baca berita terkini",
    b"komentar anda",
    b"latest news",
    b"berita lainnya",
    b"recommended",
)
#: Such a line announces a headline on the next one.
_ANNOUNCES = frozenset(
    (
        b"baca juga",
        b"baca pula",
        b"simak juga",
        b"lihat juga",
        b"read also",
        b"see also",
        b"artikel terkait",
        b"berita terkait",
    )
)
#: Begins with one set of characters, which ``re`` looks for many times as fast as for an optional bracket.
_INLINE = re.compile(
    r"[(\[BRS](?:"
    r"(?:(?<=[(\[])(?:B(?:aca [Jj]uga|ACA JUGA|aca_Juga)|Read [Aa]lso|Simak [Jj]uga)"
    r"|(?<=\bB)(?:aca [Jj]uga|ACA JUGA|aca_Juga)|(?<=\bR)ead [Aa]lso|(?<=\bS)imak [Jj]uga)"
    r" ?(?P<mark>:)(?:[^\n]{0,200}?(?:\.(?=[ \n])|[)\]]|\n|$))?"
    r"|(?<=\[)Gambas:[^\]]{0,400}\]|(?<=S)CROLL TO CONTINUE WITH CONTENT)"
)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
#: How far such a headline is followed, and how many capitals make a line one of capitalised words.
_GLUED, _CAPITALISED = 240, 5
_SMALL = """
    yang di ke dari dan untuk pada dengan oleh atas bagi dalam hingga sampai usai saat soal jadi tak tapi agar
    karena serta atau vs of the in on at to for and a an by with from as is
"""
_SMALL_IN_HEADLINES = frozenset(_SMALL.split())
_TITLE_TAIL = re.compile(
    r"(?<!\s)\s+[-|–—]\s+(?:[^-|–—\n]{0,60}(?:-->|\.com|\.co\.id|\.id|\bNews|\bBerita\b|Tribun|ANTARA|"
    r"Antara|Halaman \d)[^\n]{0,20})$"
)
_HEADLINE_MAX = 140
#: The title stands again in one of these, if anywhere.
_FIRST_LINES = 6
#: A line of other first letters is none of these, and most lines are.
_BEGINNINGS = frozenset(mark[:2].decode() for mark in (*_LINE, *_TAIL, *_ANNOUNCES))


def blank(title: str, text: str) -> str:
    """``title + "\\n" + text`` with its boilerplate blanked; the same length."""
    tail = None if title.isascii() and "-" not in title and "|" not in title else _TITLE_TAIL.search(title)
    if tail:
        title = title[: tail.start()] + " " * (len(title) - tail.start())
    return title + "\n" + _inline(_lines(text, title))


def _lines(text: str, title: str) -> str:
    lines = text.split("\n")
    repeated = title.strip()
    announced = False
    for index, line in enumerate(lines):
        first = line[:2].lower()
        if not announced and first.isascii() and first.isalnum() and first not in _BEGINNINGS:
            if index < _FIRST_LINES and repeated in line and _is_title(line, repeated):
                lines[index] = " " * len(line)
            continue
        head = b" ".join(fold(line[:60]).split())
        if not head:
            continue
        drop = announced and len(line) < _HEADLINE_MAX and line.rstrip()[-1:] not in '.!”"'
        announced = head in _ANNOUNCES
        if head.startswith(_TAIL) and len(line) < 80:
            lines[index:] = [" " * len(rest) for rest in lines[index:]]
            break
        if (
            drop
            or announced
            or (head.startswith(_LINE) and _short(head, line))
            or (index < _FIRST_LINES and repeated in line and _is_title(line, repeated))
        ):
            lines[index] = " " * len(line)
    return "\n".join(lines)


def _is_title(line: str, title: str) -> bool:
    tail = _TITLE_TAIL.search(line)
    return tail is not None and line[: tail.start()].strip() == title


def _short(head: bytes, line: str) -> bool:
    """A byline or a photo line is short; "Baca juga" with a sentence glued on is left to ``_inline``."""
    if head.startswith((b"oleh ", b"foto ", b"tag ", b"tags ", b"editor ", b"penulis ")):
        return len(line) < 90
    return len(line) < 260


#: What stands before the colon of each: "Baca Juga :", "Read also:", "[Gambas:".
_BEFORE_COLON = frozenset({"uga", "UGA", "lso", "bas"})


def _inline(text: str) -> str:
    if "SCROLL TO CONTINUE" not in text and not _is_announced(text):
        return text
    pieces, at = [], 0
    for found in _INLINE.finditer(text):
        if found.start() >= at:
            end = _end(text, found)
            dropped = "".join("\n" if char == "\n" else " " for char in text[found.start() : end])
            pieces += [text[at : found.start()], dropped]
            at = end
    return "".join([*pieces, text[at:]])


def _end(text: str, found: re.Match[str]) -> int:
    """Where an announced headline ends: some crawlers glue the next sentence to it.

    One of capitals ends before the word that one of small letters follows: "... di Arab Saudi Gelaran itu".
    """
    if not found["mark"] or found.group()[-1] in ")]\n":
        return found.end()
    start = found.end("mark")
    before, words = start, 0
    for word in _WORD.finditer(text, start, min(len(text), start + _GLUED)):
        shown = word.group()
        if shown.islower() and shown not in _SMALL_IN_HEADLINES:
            return before if words >= _CAPITALISED else found.end()
        if shown[0].isupper():
            before, words = word.start(), words + 1
        if text[word.end() : word.end() + 1] in {".", "\n"}:
            break
    return found.end()


def _is_announced(text: str) -> bool:
    at = text.find(":")
    while at >= 0:
        if text[max(0, at - 4) : at].rstrip()[-3:] in _BEFORE_COLON:
            return True
        at = text.find(":", at + 1)
    return False
