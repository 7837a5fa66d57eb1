"""Make clean paragraphs of an outlet's text: no markup, no boilerplate, dateline and byline set apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree, html

#: Longer than any story we met (taxonomy section 5: up to 2,000 words); what is beyond is somebody's attack.
TEXT_MAX = 100_000
TITLE_MAX = 500

_BLOCKS = frozenset(
    (
        "p", "div", "br", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "section", "article",
        "tr", "table", "header", "footer", "aside", "hr", "pre", "dd", "dt",
    )
)  # fmt: skip
_SILENT = frozenset(
    ("script", "style", "noscript", "iframe", "figure", "figcaption", "template", "svg", "form", "button", "head")
)

#: Lines that are never the story, anchored at the line's start.
_BOILERPLATE = re.compile(
    r"^\s*[*\u2022\-\u2013>|]?\s*(?:"
    r"baca(?:\s+juga|\s+selengkapnya|\s+berita\s+terkini|\s+artikel)\b|simak\s+(?:juga|berita)\b|lihat\s+juga\b"
    r"|artikel\s+terkait\b|berita\s+terkait\b|related\s+(?:news|stories)\b|read\s+(?:also|more)\s*:|most\s+viewed\b"
    r"|(?:pewarta|editor|penulis|reporter|uploader|penyunting)\s*:|copyright\s*(?:©|\(c\))|©\s*antara"
    r"|dilarang\s+keras\s+mengambil\s+konten|ber?ita\s+ini\s+telah\s+tayang\s+di|artikel\s+ini\s+telah\s+tayang\s+di"
    r"|laporan\s+(?:wartawan|reporter)\s+\S+|ikuti\s+berita\s+.{0,80}google\s+news|.{0,60}\blainnya\s+di\s+google\s+news"
    r"|bagikan\s+artikel\s+ini|tambahkan\s+komentar|komentar\s*$|isi\s+komentar\s+sepenuhnya|ringkasan\s+berita\s*:"
    r"|halaman\s+(?:selanjutnya|\d+\s*/\s*\d+)|sumber\s*:\s*(?:pos\s+kupang|tribun\S*|antara)\s*$|kumpulan\s+artikel\b"
    r"|content\s+image\b|publication\s+date\b|contact\s+phnompenh\s+post|dapatkan\s+update\s+berita|bergabung\s+di\s+grup"
    r"|oleh\s*:\s*\S+.{0,60}/\s*antara\s*$|share\s*:?\s*$|tags?\s*:|\(?adsbygoogle\b"
    r")",
    re.IGNORECASE,
)
_ONLY_MARK = re.compile(r"^\W*$|^\((?:\*+|[a-z/]{2,12})\)$", re.IGNORECASE)
#: The page's date above the text; the feed says the same in a form that can be relied on.
_DATE_LINE = re.compile(
    r"^(?:[^\W\d_]{4,9},\s*)?\d{1,2}\s+[^\W\d_]{3,9}\s+\d{4}(?:[\s,|-]+\d{1,2}[:.]\d{2}.{0,12})?$"
)
_TRAILING_MARK = re.compile(r"\s*\((?:\*+|[a-z]{2,5}(?:/[a-z]{2,5})?)\)\s*$")
_TRAILING_CREDIT = re.compile(
    r"\s+[-\u2013\u2014]\s+(?P<credit>The Phnom Penh Post/ANN|The Phnom Penh Post|ANN|ANTARA)\s*$"
)
_BYLINE = re.compile(
    r"^\s*(?:pewarta|penulis|reporter|oleh|laporan\s+(?:wartawan|reporter)(?:\s+[A-Z][\w.-]+,)?)\s*:?\s*(?P<name>[^\n]{2,120})$",
    re.IGNORECASE,
)
_DASH = r"\s*[-\u2013\u2014]{1,2}\s*"
_CITY = r"[^\W\d_][\w.'’ ]{1,38}"
_DATELINES = (
    re.compile(rf"^(?P<place>{_CITY}(?:[,/] ?{_CITY})?)\s*\((?P<by>ANTARA(?: News)?)\){_DASH}"),
    re.compile(
        r"^(?P<by>(?:[A-Z][A-Z0-9-]*\.(?:COM|CO\.ID|ID|NET)|[A-Za-z-]+\.(?:co\.id|com|id)))"
        rf"(?:\s*,\s*(?P<place>{_CITY}))?{_DASH}",
        re.IGNORECASE,
    ),
    re.compile(r"^(?P<place>[A-Z][A-Z'’ .]{2,38})\s*\((?P<by>[^()\n]{3,60})\)\s*:\s*"),
    re.compile(rf"^(?P<place>[A-Z][A-Z'’ ]{{2,38}})(?::\s+|{_DASH})(?=\S)"),
    re.compile(r"^(?P<place>[A-Z][a-z]{2,24}(?: [A-Z][a-z]{2,24}){0,2})\s+[-\u2013\u2014]\s+(?=[A-Z])"),
)
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class CleanText:
    """Paragraphs divided by newlines.  ``cut_short`` where the outlet itself ended it with an ellipsis."""

    text: str
    dateline: str = ""
    byline: str = ""
    cut_short: bool = False
    removed: int = 0


def clean(text: str, title: str = "") -> CleanText:
    """Drop what is not the story from plain text, and take dateline and byline out of it.

    A first line that only repeats the heading goes too.
    """
    kept: list[str] = []
    byline = ""
    removed = 0
    for line in lines_of(text):
        if _BOILERPLATE.match(line) or _ONLY_MARK.match(line):
            named = _BYLINE.match(line)
            byline = byline or (named["name"].strip() if named else "")
            removed += 1
        else:
            kept.append(line)
    while len(kept) > 1 and (_DATE_LINE.match(kept[0]) or kept[0].casefold() == title.casefold()):
        kept.pop(0)
        removed += 1
    if not kept:
        return CleanText("", byline=byline[:300], removed=removed)
    kept[0], dateline = split_dateline(kept[0])
    kept[-1] = _TRAILING_MARK.sub("", _TRAILING_CREDIT.sub("", kept[-1]))
    kept[-1], cut_short = _without_ellipsis(kept[-1])
    body = "\n".join(line for line in kept if line)[:TEXT_MAX]
    return CleanText(body, dateline[:300], byline[:300], cut_short, removed)


def _without_ellipsis(line: str) -> tuple[str, bool]:
    """The line without the dots it ends in, and whether there were any.

    Not a pattern: one that begins with dots and ends at the end of the line tries each of 100,000 dots.
    """
    bare = line.rstrip(" .\u2026")
    ending = line[len(bare) :]
    return (bare, True) if "..." in ending or "\u2026" in ending else (line, False)


def split_dateline(line: str) -> tuple[str, str]:
    """The first line without its dateline, and the dateline as the outlet wrote it."""
    for form in _DATELINES:
        found = form.match(line)
        if found and found.end() < len(line):
            return line[found.end() :], found[0].rstrip(" -\u2013\u2014:").strip()
    return line, ""


def with_dateline(dateline: str, body: str) -> str:
    """The text as it is published: the dateline leads it, since it is the weakest evidence of a place."""
    return f"{dateline} - {body}" if dateline and body else body


def without_dateline(dateline: str, text: str) -> str:
    """The body of a published text: copies differ in their datelines."""
    return text.removeprefix(f"{dateline} - ") if dateline else text


def plain(markup: str) -> str:
    """The text of an HTML fragment, one line a block; empty for markup that holds no text."""
    if "<" not in markup and "&" not in markup:
        return normal(markup)
    try:
        root = html.fragment_fromstring(_CONTROL.sub("", markup), create_parent="div")
    except (etree.ParserError, ValueError, AssertionError):
        return ""
    return text_of(root)


def text_of(root: html.HtmlElement) -> str:
    """The text below an element, one line a block, scripts and figures left out."""
    pieces: list[str] = []
    stack: list[tuple[html.HtmlElement, bool]] = [(root, False)]
    # Not recursive: a page nested 20,000 deep must not end the process.
    while stack:
        node, leaving = stack.pop()
        silent = not isinstance(node.tag, str) or node.tag in _SILENT
        if leaving or silent:
            if not silent and node.tag in _BLOCKS:
                pieces.append("\n")
            if node is not root and node.tail:
                pieces.append(_soft(node.tail))
            continue
        if node.tag in _BLOCKS:
            pieces.append("\n")
        if node.text:
            pieces.append(node.text if node.tag == "pre" else _soft(node.text))
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node))
    return normal("".join(pieces))


def normal(text: str) -> str:
    """NFC, no control, direction or zero-width characters, one space at most, no empty line."""
    return "\n".join(lines_of(text))


def one_line(text: str, limit: int = TITLE_MAX) -> str:
    """A heading: markup gone, one line, at most ``limit`` characters."""
    return " ".join(plain(text[: limit * 20]).split())[:limit].strip()


def lines_of(text: str) -> list[str]:
    """The lines of a text that hold something, each normalised."""
    whole = unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", _CONTROL.sub("", text)))
    return [squeezed for line in whole.splitlines() if (squeezed := " ".join(line.split()))]


def fingerprint_words(texts: Iterable[str]) -> str:
    """Words only, lower case: equal for texts that differ in punctuation, spacing or case."""
    return " ".join(re.findall(r"\w+", " ".join(texts).casefold()))


def _soft(text: str) -> str:
    """In HTML a line break in the source is a space."""
    return " ".join(re.split(r"[ \t\r\n\f]+", text)) if text.strip() else " "
