"""Find who is named: the names after and before the words that announce one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.tagger.core.clearing_context import LINE, headline
from services.tagger.core.clearing_stretch import FULL, LINK, NAME, WORD, Span, Stretches

#: "Hj. Siti": what may stand before a name; the stop would end it.
_TITLES = frozenset(
    ["Hj", "Drs", "Dra", "Ny", "Nn", "Tn", "Sdr", "Sdri", "Ir", "KH", "Ust", "Mr", "Mrs", "Ms", "Bpk"]
)
#: What may stand between a cue and the name it announces.
_GAP = re.compile(
    r"\s*(?:(?:pertama|kedua|ketiga|keempat|bungsu|sulung|tunggal)\s+)?(?:(?:asal|dari|from)\s+[\w ]{2,25}?,?\s+)?"
    r"(?:kandung|tiri|angkat|korban|victim|dari|yang|itu|tersebut|perempuan|laki-laki)?"
    r"\s*(?:selamat|tewas|meninggal|lain|lainnya|pertama|kedua|terakhir)?"
    r"\s*(?:yakni|yaitu|adalah|ialah|is|was|are|were)?"
    r"\s*(?:atas nama|a\.n\.|an\.|bernama|named|berinisial|inisial)?\s*[,:]?\s*[\"“'‘(]?\s*(?:si\s+)?"
    r"(?:\d{1,2}[.)]\s+)?"
)
#: "Nama Orang, salah satu korban": the name before the cue.
_AS = (
    r",\s+(?:salah (?:satu|seorang)|seorang|sang|yang (?:menjadi|juga)|kedua|(?:an?|the)(?:\s[\w-]+)?|one of the"
    r"|another|who (?:is|was) an?)?\s*$"
)
_BESIDE = re.compile(rf"(?P<name>{FULL})\s*{_AS}")
_BESIDE_END = re.compile(_AS)  # there is no comma in it: it begins with the last one
_APPOSITION = re.compile(rf"[^.\n]{{0,70}}?,\s+(?P<name>{WORD}(?:[ ](?:{LINK}[ ])?{WORD}){{1,4}})\s*,")
#: The same, or initials: "seorang siswi kelas XI, MT, dijual".
_APPOSED = re.compile(
    rf"[^.\n]{{0,70}}?,\s+(?:(?P<name>{WORD}(?:[ ](?:{LINK}[ ])?{WORD}){{1,4}})\s*,"
    r"|(?P<initials>[A-Z](?:\.?[A-Z]){1,3}\.?)(?:\s\(\d{1,2}[^)]{0,8}\))?,\s)"
)
_INITIALS = re.compile(r"(?:[A-Z](?:\.?[A-Z]){0,3}\.?|[A-Z][a-z]{1,2})(?![a-z])(?:\s*\(\d{1,2}[^)]{0,8}\))?")
_MORE_INITIALS = re.compile(r"\s*(?:,\s*(?:dan|serta|and)\b|,|dan\b|serta\b|and\b|/|&)\s*")
BEFORE = re.compile(
    rf"(?<!\w)(?P<name>{FULL})"  # not the last letter of "BNN."
    rf"(?:\s+alias\s+(?P<alias>[\w ]{{2,30}}))?[\"”'’]?[,\s(]*$"
)
_LOWER_NAME = re.compile(r"(?P<name>[a-z]{3,15}(?: [a-z]{3,15})?)")
_MORE_NAMES = re.compile(
    r"(?:\s*\(\d{1,2}[^)\n]{0,12}\))?"
    r"(?:[,;]?\s*\d{1,2}[.)]\s+|,\s+(?:(?:dan|serta|and)\s+)?|\s+(?:dan|serta|and|&)\s+)"
)
_LISTED_BEFORE = re.compile(rf"(?<!\w)(?P<name>{FULL})(?:,\s(?:(?:dan|serta|and)\s)?|\s(?:dan|serta|and|&)\s)$")
#: A word of a small letter after a comma is no further name, unless it is one of those above.
_NO_NAME_BEGINS = frozenset("bcefghijklmnopqrtuvwxyz")
#: What may stand between "bernama" and the name.
_SKIPPED = ("si ", "asli ", "lengkap ", "panggilan ")
_SKIPPED_BEGIN = frozenset(word[0] for word in _SKIPPED)
_HEADLINE_WORDS = 2
#: What ``_GAP`` may begin with: before any other small letter it is a space and no name follows.
_GAP_WORDS = """
    asal dari from kandung tiri angkat korban victim yang itu tersebut perempuan laki selamat tewas meninggal
    lain pertama kedua ketiga keempat bungsu sulung tunggal terakhir yakni yaitu adalah ialah is was are were
    atas a.n. an. bernama named berinisial inisial si
"""
_GAP_BEGINS = tuple(_GAP_WORDS.split())
_GAP_LETTERS = frozenset(word[:2] for word in _GAP_BEGINS)  # asked first: most words begin otherwise


def after_victim(names: Stretches, start: int, end: int) -> Iterable[Span]:
    """The victim a word announces, and whoever is listed after."""
    whole, at = names.whole, end + 1
    if (
        whole[end:at] == " "
        and "a" <= whole[at : at + 1] <= "z"
        and whole[at : at + 2] not in _GAP_LETTERS
        and whole.rfind(",", max(0, start - 22), start) < 0
        and whole.count(",", end, end + 130) < 2
    ):
        return ()  # what most cues stand beside: nothing below would find a name
    found = _beside_victim(names, start, end)
    if found and headline(whole, start, end):  # asked last: most cues stand beside no name
        return [span for span in found if _certain(names, *span[:2])]
    return found


def _certain(names: Stretches, start: int, end: int) -> bool:
    """Whether what follows a victim in a headline is a name: of no lexicon, named again or untold."""
    whole = names.whole
    words = whole[start:end].split()[:2]
    if len(words) < _HEADLINE_WORDS or names.knows(" ".join(words)):
        return False
    return whole.count(" ".join(words)) > 1 or len(whole) <= LINE


def _beside_victim(names: Stretches, start: int, end: int) -> list[Span]:
    whole = names.whole
    spans: list[Span] = []
    comma = whole.rfind(",", max(0, start - 22), start)
    if comma >= 0 and _BESIDE_END.match(whole, comma, start):
        first = max(0, start - 80)
        first = max(first, whole.rfind(",", first, comma) + 1)  # there is no comma in a name
        ahead = _BESIDE.search(whole, first, start)
        if ahead and (span := names.name(*ahead.span("name"))):
            spans.append((*span, "victim"))
            spans += listed_before(names, ahead.start("name"))
    at = end + 1
    if (
        whole[end:at] == " "
        and "a" <= whole[at : at + 1] <= "z"
        and not (whole[at : at + 2] in _GAP_LETTERS and whole.startswith(_GAP_BEGINS, at))
    ):
        found = None  # most words are followed by another that is no name
    else:
        gap = _GAP.match(whole, end)
        at = gap.end() if gap else end
        found = name_at(whole, at)
    new_line = found is not None and "\n" in whole[end:at] and " " not in found.group()
    if found and not new_line and (span := names.name(*found.span())):
        spans.append((*span, "victim"))
        return spans + listed(names, found.end())
    beside = _APPOSED.match(whole, end) if whole.count(",", end, end + 130) > 1 else None
    if beside and beside["initials"]:
        if names.is_strange(beside["initials"].lower()):
            return [*spans, (*beside.span("initials"), "initials")]
        beside = _APPOSITION.match(whole, end)  # "NTT": a name may still follow
    if beside and (span := names.name(*beside.span("name"))):
        spans.append((*span, "victim"))
    return spans


def name_at(whole: str, at: int) -> re.Match[str] | None:
    """The stretch that begins here, or behind the titles that stand here."""
    found = NAME.match(whole, at)
    while found and whole[found.end() : found.end() + 2] == ". " and found.group() in _TITLES:
        found = NAME.match(whole, found.end() + 2)
    return found


def listed(names: Stretches, at: int) -> list[Span]:
    """Further names of a list: "Rizal, Dedi, dan Sahrul"."""
    whole = names.whole
    spans: list[Span] = []
    for _again in range(8):
        if whole[at : at + 2] == ", " and whole[at + 2 : at + 3] in _NO_NAME_BEGINS:
            break
        link = _MORE_NAMES.match(whole, at)
        found = name_at(whole, link.end()) if link else None
        span = names.name(*found.span()) if found else None
        if not found or not span or span[0] != found.start():
            break
        spans.append((*span, "victim"))
        at = found.end()
    return spans


def listed_before(names: Stretches, at: int) -> Iterator[Span]:
    """Names of a list before the last one: "Noy and Bouavanh"."""
    for _again in range(8):
        found = _LISTED_BEFORE.search(names.whole, max(0, at - 70), at)
        span = names.name(*found.span("name")) if found else None
        if not found or not span:
            return
        yield *span, "victim"
        at = found.start("name")


def after_called(names: Stretches, start: int, end: int) -> Iterator[Span]:
    """The name after "bernama", whatever it looks like."""
    whole = names.whole
    at = end
    while at < len(whole) and whole[at] in " \t\"“”'‘’(:,":
        at += 1
    if whole[at : at + 1] in _SKIPPED_BEGIN:
        for skip in _SKIPPED:
            if whole.startswith(skip, at):
                at += len(skip)
    found = name_at(whole, at)
    if found and (span := names.name(found.start(), found.end(), sure=True)):
        yield *span, "called"
        yield from listed(names, found.end())
        return
    low = _LOWER_NAME.match(whole, at) if whole[start:end].lower() == "bernama" else None
    if low and names.is_strange(low["name"].split()[0]):
        first, *rest = low["name"].split()
        keep = low["name"] if rest and names.is_strange(rest[0]) else first
        yield at, at + len(keep), "called in small letters"


def after_initials(names: Stretches, _: int, end: int) -> Iterator[Span]:
    """Initials, one after the other."""
    whole = names.whole
    at = end
    while at < len(whole) and whole[at] in " :\"“'":
        at += 1
    for _again in range(8):
        found = _INITIALS.match(whole, at)
        if not found:
            name = NAME.match(whole, at)
            if name and len(name.group()) < 25:
                yield name.start(), name.end(), "initials"
            return
        yield found.start(), found.end(), "initials"
        link = _MORE_INITIALS.match(whole, found.end())
        if not link:
            return
        at = link.end()


def before_note(names: Stretches, start: int, _: int) -> Iterator[Span]:
    """The name that a note calls another than the real one."""
    whole = names.whole
    found = BEFORE.search(whole, max(0, start - 60), start)
    if found and (span := names.name(found.start("name"), found.end("name"), sure=True)):
        yield *span, "called"
