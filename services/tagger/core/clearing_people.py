"""Find who is told of without being announced: who suffers something, speaks of it, or stands in a picture.

Looks at every capitalised word, so it is for the stories that some rule may fire in; of the others it would only
cost time.  Holders of an office keep their names; what is no name (a place, an outlet, a firm) is told by the word
before it, and a word that begins a sentence has to be a name anyhow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.tagger.core.clearing_context import also_a_place, headline
from services.tagger.core.clearing_given_names import ALSO_WORDS, PURE
from services.tagger.core.clearing_names import listed_before
from services.tagger.core.clearing_people_words import (
    AFFIXED,
    ARTICLES,
    DOES,
    DONE_TO,
    FIRST_PERSON,
    HONORED,
    HONORED_ALONE,
    NO_NAMES,
    NO_PEOPLE,
    NO_PERSON_AFTER,
    NO_PERSON_BEFORE,
    OF_A_PERSON,
    OF_SOMEBODY,
    OFFICE_LINKS,
    OFFICES,
    OFFICIALLY,
    PARTICIPLES,
    PEOPLE,
    PRONOUNS,
    SIDES,
    SPEAKS,
    SPOKEN,
    STORIES_OF,
    TAKES,
    TOWARDS,
    WAS,
)
from services.tagger.core.clearing_stretch import WORD, Span, Stretches
from services.tagger.core.clearing_words import HONORIFICS, NOT_NAMES

_CAPITAL = re.compile(WORD)
_LINKS = frozenset([" ", " bin ", " binti ", " dos ", " da ", " de ", " dela ", " van ", ". "])
#: As many of them as these join.
_CHAIN = re.compile(rf"{WORD}(?:\.? (?:(?:bin|binti|dos|da|de|dela|van) )?{WORD})*")
_SENTENCE_ENDS = frozenset(".!?:;\n\"“”'‘’()[]-–—•*/|")
_NEAR, _WORDS_AFTER = 48, 5
_AFTER = re.compile(r"[\w'’-]+|[,()./]")
#: "(dari kiri) Samsiah": who is seen first in a photograph.
_ON_A_SIDE = re.compile(r"\((?:dari |from |from the )?(?:kiri|kanan|left|right)[^()\n]{0,12}\)\s$")
FIRST_SIDE = "kiri"
_COMPOUND = re.compile(r"-[a-z]")  # "EV-friendly"
_QUOTED = re.compile(r"\w+")
_QUOTE = 160
_LINKED = 8
_AND = frozenset([" dan ", ", dan ", ", ", " and ", ", and ", " serta ", ", serta ", " & ", "; "])
_AROUND_AGE, _AGE_DIGITS = (
    frozenset([(",", ","), ("(", ")"), ("(", "tahun"), ("/", ")"), ("/", ","), ("/", ".")]),
    2,
)
_OFFICE_REACH, _PUNCTUATION = 110, "()[],.:;\"“”'‘’"
_SHORT, _INITIALS, _IN_HEADLINE = 4, 2, 2
_NAMES = PURE | ALSO_WORDS
_TITLES = frozenset(["ny", "sdr", "sdri", "bpk", "hj", "tn", "nn"])
#: What is done: "mencoba", "sudah", "sells"; of whom it is told, a word like "she" stands near.
_ACTS = re.compile(
    r"(?:me|di|ber|ter)\w{3,}$|sudah$|telah$|sedang$|masih$|mulai$|\w{3,}(?:ed|s)$|had$|was$|is$|s$"
)
#: "menahannya": whom it is done to stands in the word.
_DONE_TO_ONE = re.compile(
    r"\b(?:menahan|memaksa|memukul|menyiksa|menyekap|menjual|memperkosa|menebus|mengurung)nya\b"
)
_PERSON_AHEAD, _PERSON_BEHIND = 130, 90
_NO_PART = NOT_NAMES | NO_NAMES | DONE_TO | DOES | SPEAKS | OFFICES | HONORED | NO_PERSON_AFTER | NO_PERSON_BEFORE


class _Word(NamedTuple):
    start: int
    end: int
    low: str
    shown: str


class _Run(NamedTuple):
    """A stretch of words that may be a name, with what stands around."""

    words: Sequence[_Word]
    sure: bool  # one of them is a name and hardly anything else
    strange: int  # how many are of no lexicon
    before: str  # the word before, folded
    after: Sequence[str]  # the words after, folded; a comma is a word
    honored: bool
    honored_alone: bool  # by a word that stands before names alone
    begins_sentence: bool
    in_headline: bool

    @property
    def span(self) -> tuple[int, int]:
        return self.words[0].start, self.words[-1].end


def without_hope(known: frozenset[str]) -> frozenset[str]:
    """Words with which no name begins, of these of the lexicon and of our own; put together once."""
    return (known | HONORIFICS | _NO_PART) - _NAMES - HONORED_ALONE


def people(
    names: Stretches, within: Sequence[tuple[int, int]], hopeless: frozenset[str], *, restored: bool = False
) -> list[Span]:
    """Whom the words around tell of, wherever a capital stands within these offsets.

    ``restored``: one stands only where a name may be.
    """
    runs = [run for stretch in _stretches(names, within, hopeless) for run in _runs(names, stretch)]
    if restored:
        runs = [run._replace(begins_sentence=False) for run in runs]
    told = _told_of(runs, names.whole)
    if not told:
        return []
    of_them = {word.low for run in told for word in run.words}
    officials = {
        word.low
        for run in runs
        if any(word.low in of_them for word in run.words) and _holds_office(names, *run.span)
        for word in run.words
        if len(word.low) > _INITIALS
    }
    found: list[Span] = []
    for run in told:
        start, end = run.span
        if officials.isdisjoint(word.low for word in run.words):
            found.append((start, end, "victim"))
            found += _people_of(listed_before(names, start), names, officials)
    return found


def _told_of(runs: Iterable[_Run], whole: str) -> list[_Run]:
    """Those that something is told of, and those beside them in a list."""
    told: list[_Run] = []
    last = -1
    for run in runs:
        start, end = run.span
        beside = 0 <= last < start <= last + _LINKED and whole[last:start] in _AND
        if _is_told_of(run, whole) or (beside and (run.sure or run.strange > 0)):
            last = end
            told.append(run)
    return told


def _people_of(spans: Iterable[Span], names: Stretches, officials: set[str]) -> Iterator[Span]:
    """Those of a list that are neither officials nor made of known words."""
    for start, end, rule in spans:
        words = names.folded[start:end].decode().split()
        before = names.folded[max(0, start - _NEAR) : start].decode().split()[-1:]
        if not before or before[0] in TOWARDS:
            continue
        if officials.isdisjoint(words) and all(_may_be_listed(names, word) for word in words):
            yield start, end, rule


def _may_be_listed(names: Stretches, word: str) -> bool:
    return word in PURE or word in ALSO_WORDS or (names.is_strange(word) and not AFFIXED.match(word))


def _stretches(
    names: Stretches, within: Sequence[tuple[int, int]], hopeless: frozenset[str]
) -> Iterator[list[_Word]]:
    """Capitalised words that stand side by side, where any of them may be a name: few do."""
    whole, lows = names.whole, names.folded.decode()
    hopes = {word for first, last in within for word in lows[first:last].split()} - hopeless
    for chain in (chain for first, last in within for chain in _CHAIN.finditer(whole, first, last)):
        start, end = chain.span()
        if hopes.isdisjoint(lows[start:end].split()):
            continue
        stretch: list[_Word] = []
        for found in _CAPITAL.finditer(whole, start, end):
            word = _word(found, lows)
            if stretch and _breaks(stretch[-1], whole[stretch[-1].end : word.start]):
                yield stretch
                stretch = []
            stretch.append(word)
        yield stretch


def _word(found: re.Match[str], lows: str) -> _Word:
    start, end = found.span()
    shown = found.group()
    low = lows[start:end].partition(" ")[0]
    return _Word(start, end - 2 if shown.endswith(("'s", "’s")) else end, low, shown)


def _breaks(last: _Word, gap: str) -> bool:
    """Whether a stretch ends with this word, by what stands between it and the next."""
    if gap == ". ":
        return len(last.shown) > 1 and last.low not in HONORED
    return gap not in _LINKS


def _is_strange(names: Stretches, word: _Word) -> bool:
    return (
        len(word.low) > 1
        and not word.shown.isupper()
        and not _COMPOUND.search(word.shown)
        and names.is_strange(word.low)
    )


def _runs(names: Stretches, stretch: list[_Word]) -> Iterator[_Run]:
    """The parts of a stretch that may be a name."""
    shouted: bool | None = None
    at = 0
    while at < len(stretch):
        first = at
        while at < len(stretch) and _may_be_name(names, stretch[at], stretch[at - 1] if at else None):
            at += 1
        if first == at:
            at += 1
            continue
        if shouted is None:
            shouted = headline(names.whole, stretch[0].start, stretch[-1].end)
        if not shouted:
            first, at = _widened(stretch, first, at)
        words, before, after = stretch[first:at], stretch[:first], stretch[at:]
        if names.is_place(" ".join(word.low for word in words)):
            continue
        if shouted:
            words = _in_headline(words)
        elif not before and len(words) > 1 and AFFIXED.match(words[0].low) and words[0].low not in _NAMES:
            words = words[1:]  # "Sayangnya Rifat"
        run = _run(names, words, before, after, shouted=shouted) if words else None
        if run:
            yield run


def _widened(stretch: Sequence[_Word], first: int, at: int) -> tuple[int, int]:
    """With the known words beside that can only be part of the name: "Sok" and "Chan"."""
    if first == 1 and len(stretch[0].shown) <= _SHORT and _may_be_part(stretch[0]):
        first = 0
    if at == len(stretch) - 1 and _may_be_part(stretch[at]):
        at += 1
    return first, at


def _may_be_part(word: _Word) -> bool:
    return word.low not in _NO_PART and not word.shown.isupper() and not AFFIXED.match(word.low)


def _holds_office(names: Stretches, start: int, end: int) -> bool:
    """Whether an office stands before ("Kepala Bea Cukai Banda Aceh, ...") or after, or speaks of one."""
    whole = names.whole
    for word in reversed(whole[max(0, start - _OFFICE_REACH) : start].split()):
        plain = word.strip(_PUNCTUATION).lower()
        if plain in OFFICES:
            return True
        if plain not in OFFICE_LINKS and not word.lstrip("(")[:1].isupper():
            break
        if word[-1] in '.?!"”' and len(word) > _SHORT + 2:
            break
    after = _words_after(whole, end)
    if after[0] in OFFICIALLY:
        return True
    return after[0] in (",", "(", "selaku", "sebagai") and not OFFICES.isdisjoint(after[1:4])


def _may_be_name(names: Stretches, word: _Word, before: _Word | None) -> bool:
    if word.low in _NAMES:
        return True
    if before and before.low in HONORED_ALONE and _may_be_part(word):
        return True
    return word.low not in _NO_PART and _is_strange(names, word)


def _in_headline(words: list[_Word]) -> list[_Word]:
    """Where a capital says nothing, from the first name that is hardly another word."""
    for index, word in enumerate(words):
        if word.low in PURE:
            last = index + 1
            while last < len(words) and not AFFIXED.match(words[last].low):
                last += 1
            return words[index:last]
    return words if len(words) <= _IN_HEADLINE else []


def _run(
    names: Stretches, words: Sequence[_Word], before: Sequence[_Word], after: Sequence[_Word], *, shouted: bool
) -> _Run | None:
    """The words with what stands around; None where that shows a place or a firm."""
    whole = names.whole
    honored = bool(before) and before[-1].low in HONORED
    if any(word.low in NO_PERSON_BEFORE for word in before) or (after and after[0].low in NO_PERSON_AFTER):
        return None
    leading = before[0].start if before else words[0].start
    begins = _begins_sentence(whole, leading)
    sure = any(word.low in PURE for word in words)
    if not shouted and not sure and not honored:
        led = len(before) > 1 or (before and not begins)
        if after or (led and before[-1].low not in NOT_NAMES):
            return None  # "Polda Xxx", "Hotel Xxx": a capital that is no name begins it
    previous = ""
    if before and not honored:
        previous = before[-1].low
    elif not begins:
        previous = (names.folded[max(0, leading - _NEAR) : leading].decode().split() or [""])[-1]
    if previous in NO_PERSON_BEFORE or (previous in TOWARDS and not honored):
        return None
    if _ON_A_SIDE.search(whole, max(0, leading - _NEAR), leading):
        previous = FIRST_SIDE
    strange = sum(1 for word in words if word.low in ALSO_WORDS or _is_strange(names, word))
    strange -= len(words) == 1 and words[0].low in ALSO_WORDS
    ahead = _words_after(whole, words[-1].end)
    alone = honored and before[-1].low in HONORED_ALONE
    return _Run(words, sure, strange, previous, ahead, honored, alone, begins and not before, shouted)


def _begins_sentence(whole: str, start: int) -> bool:
    before = whole[max(0, start - 3) : start].rstrip(" \t")
    return not before or before[-1] in _SENTENCE_ENDS


def _words_after(whole: str, end: int) -> Sequence[str]:
    return [word.lower() for word in _AFTER.findall(whole, end, end + _NEAR)[:_WORDS_AFTER]] or [""]


def _is_told_of(run: _Run, whole: str) -> bool:
    """Whether a run is somebody that something is told of."""
    word, after = run.words[0], run.after
    affixed = AFFIXED.match(word.low) is not None
    if run.before in ARTICLES and not run.sure:
        return False
    if run.honored and not affixed:
        return run.honored_alone or run.sure or run.strange > 0
    one = len(run.words) == 1 and not run.sure
    doubtful = one and run.begins_sentence
    if _is_aged(after) and (after[0] == "/" or not doubtful or word.low in ALSO_WORDS):
        return True
    if one and (affixed or (doubtful and not run.in_headline and not _stands_within(word, whole))):
        # "Sebagian dijual": a word like any other
        certain = after[0] == "alias" or (_befalls(after) and _is_a_person(run, whole))
        return certain and not affixed and word.low not in ALSO_WORDS
    if run.in_headline and not run.sure:
        plain = after[0] == "korban" or word.low in ALSO_WORDS
        return not plain and (_suffers(run) or run.before in STORIES_OF)
    return _suffers(run) or _does(run, whole)


def _suffers(run: _Run) -> bool:
    return _befalls(run.after) or run.before in TAKES or _is_of_people(run)


def _does(run: _Run, whole: str) -> bool:
    """Whether words stand around that tell of anybody, and of some other things: they take a sure name."""
    first = run.after[0]
    if run.sure and first in PARTICIPLES:
        return True  # "Dany sold twice": a headline
    if first in SPEAKS or run.before in SPOKEN:
        if run.sure or (run.strange > 1 and not run.in_headline):
            return _is_of_oneself(run, whole)
        # "Wang Lihua said her son"
        herself = not run.begins_sentence and not PRONOUNS.isdisjoint(run.after[1:4])
        return herself and not run.in_headline and _is_a_person(run, whole)
    does = first in DOES or run.before in OF_SOMEBODY or run.before in STORIES_OF
    if not does and (run.in_headline or not _ACTS.match(first)):
        return False
    if run.sure or (does and run.strange > 1 and not run.in_headline):
        return True
    return not run.in_headline and _is_a_person(run, whole)


def _is_a_person(run: _Run, whole: str) -> bool:
    """Whether a word that stands for a person alone is near: "she", "his", "ibunya"."""
    start, end = run.span
    if any(also_a_place(whole, word.shown) for word in run.words):
        return False
    near = whole[max(0, start - _PERSON_BEHIND) : start], whole[end : end + _PERSON_AHEAD]
    if _DONE_TO_ONE.search(near[1]):
        return True
    return any(not OF_A_PERSON.isdisjoint(_QUOTED.findall(part.lower())) for part in near)


def _is_aged(after: Sequence[str]) -> bool:
    """ "Rose, 17, was" and "(Sri Mulyati/24)"."""
    if (
        len(after) < 3
        or not (after[1].isdigit() and len(after[1]) <= _AGE_DIGITS)
        or "".join(after[3:4]).isdigit()
    ):
        return False
    return (after[0], after[2]) in _AROUND_AGE


def _is_of_oneself(run: _Run, whole: str) -> bool:
    """Whether what somebody says is about themselves: an official's words hardly are."""
    if not PRONOUNS.isdisjoint(run.after[1:]):
        return True
    start = run.words[0].start
    return not FIRST_PERSON.isdisjoint(_QUOTED.findall(whole[max(0, start - _QUOTE) : start].lower()))


def _befalls(after: Sequence[str]) -> bool:
    first, *rest = after
    if first in DONE_TO:
        return True
    while first in WAS and rest:
        first, *rest = rest
        if first in PARTICIPLES:
            return True
    return False


def _is_of_people(run: _Run) -> bool:
    """ "A Chinese man, Li Xiaoming," and "Wanjiru Kamau, a graduate"; or the left one of a photograph."""
    if run.before in PEOPLE or run.before == FIRST_SIDE:
        return True
    first, *rest = run.after
    if first in (",", "(") and rest and rest[0] in SIDES:
        return True
    if first == "asal":
        return run.sure or run.strange > 1
    appositive = first == "," and (run.sure or len(run.words) > 1 or run.in_headline)
    if appositive and run.before not in WAS and rest[:1] in (["a"], ["an"], ["seorang"]):
        return NO_PEOPLE.isdisjoint(rest)
    return appositive and (not PEOPLE.isdisjoint(rest[:3]) or rest[:1] == ["dijual"] or _befalls(rest or [""]))


def _stands_within(word: _Word, whole: str) -> bool:
    """Whether the word has its capital within a sentence too."""
    at = whole.find(f" {word.shown}")
    while at > 0:
        end = at + 1 + len(word.shown)
        if (whole[at - 1].islower() or whole[at - 1] == ",") and not whole[end : end + 1].isalnum():
            return True
        at = whole.find(f" {word.shown}", end)
    return False
