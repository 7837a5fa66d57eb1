"""Find who is told of without being announced: who suffers something, speaks of it, or stands in a picture.

Looks at every capitalised word, so it is for the stories that people will read; of the others only what stands
near a harm is worth the time.  Holders of an office keep their names; what is no name (a place, an outlet, a firm)
is told by the word before it, and a word that begins a sentence has to be a name anyhow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from services.tagger.core.clearing_context import also_a_place
from services.tagger.core.clearing_given_names import ALSO_WORDS, PURE
from services.tagger.core.clearing_names import listed_before
from services.tagger.core.clearing_people_words import (
    AFFIXED,
    ARTICLES,
    DOES,
    DONE_TO,
    FIRST_PERSON,
    NO_PEOPLE,
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
from services.tagger.core.clearing_runs import (
    FIRST_SIDE,
    NEAR,
    SHORT,
    Run,
    Word,
    runs_of,
    stretches_in,
    words_after,
)
from services.tagger.core.clearing_stretch import Span, Stretches

_QUOTED = re.compile(r"\w+")
_QUOTE = 160
_LINKED = 8
_AND = frozenset([" dan ", ", dan ", ", ", " and ", ", and ", " serta ", ", serta ", " & ", "; "])
_AROUND_AGE, _AGE_DIGITS = (
    frozenset([(",", ","), ("(", ")"), ("(", "tahun"), ("/", ")"), ("/", ","), ("/", ".")]),
    2,
)
_OFFICE_REACH, _PUNCTUATION = 110, "()[],.:;\"“”'‘’"
_FOLDED_OFFICES = frozenset(word.encode() for word in OFFICES)  # asked first: few words are one
_INITIALS = 2
#: What is done: "mencoba", "sudah", "sells"; of whom it is told, a word like "she" stands near.
_ACTS = re.compile(
    r"(?:me|di|ber|ter)\w{3,}$|sudah$|telah$|sedang$|masih$|mulai$|\w{3,}(?:ed|s)$|had$|was$|is$|s$"
)
#: "menahannya": whom it is done to stands in the word.
_DONE_TO_ONE = re.compile(
    r"\b(?:menahan|memaksa|memukul|menyiksa|menyekap|menjual|memperkosa|menebus|mengurung)nya\b"
)
_PERSON_AHEAD, _PERSON_BEHIND = 130, 90


def people(
    names: Stretches, within: Sequence[tuple[int, int]], hopeless: frozenset[str], *, restored: bool = False
) -> list[Span]:
    """Whom the words around tell of, wherever a capital stands within these offsets.

    ``restored``: one stands only where a name may be.
    """
    runs = [run for stretch in stretches_in(names, within, hopeless) for run in runs_of(names, stretch)]
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


def _told_of(runs: Iterable[Run], whole: str) -> list[Run]:
    """Those that something is told of, and those beside them in a list."""
    told: list[Run] = []
    within: dict[str, bool] = {}
    last = -1
    for run in runs:
        start, end = run.span
        beside = 0 <= last < start <= last + _LINKED and whole[last:start] in _AND
        if _is_told_of(run, whole, within) or (beside and (run.sure or run.strange > 0)):
            last = end
            told.append(run)
    return told


def _people_of(spans: Iterable[Span], names: Stretches, officials: set[str]) -> Iterator[Span]:
    """Those of a list that are neither officials nor made of known words."""
    for start, end, rule in spans:
        words = names.folded[start:end].decode().split()
        before = names.folded[max(0, start - NEAR) : start].decode().split()[-1:]
        if not before or before[0] in TOWARDS:
            continue
        if officials.isdisjoint(words) and all(_may_be_listed(names, word) for word in words):
            yield start, end, rule


def _may_be_listed(names: Stretches, word: str) -> bool:
    return word in PURE or word in ALSO_WORDS or (names.is_strange(word) and not AFFIXED.match(word))


def _holds_office(names: Stretches, start: int, end: int) -> bool:
    """Whether an office stands before ("Kepala Bea Cukai Banda Aceh, ...") or after, or speaks of one."""
    whole = names.whole
    near = (
        ()
        if _FOLDED_OFFICES.isdisjoint(names.folded[max(0, start - _OFFICE_REACH) : start].split())
        else (whole[max(0, start - _OFFICE_REACH) : start].split())
    )
    for word in reversed(near):
        plain = word.strip(_PUNCTUATION).lower()
        if plain in OFFICES:
            return True
        if plain not in OFFICE_LINKS and not word.lstrip("(")[:1].isupper():
            break
        if word[-1] in '.?!"”' and len(word) > SHORT + 2:
            break
    after = words_after(whole, end)
    if after[0] in OFFICIALLY:
        return True
    return after[0] in (",", "(", "selaku", "sebagai") and not OFFICES.isdisjoint(after[1:4])


def _is_told_of(run: Run, whole: str, within: dict[str, bool]) -> bool:
    """Whether a run is somebody that something is told of; ``within``: what is known of words so far."""
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
    if one and (affixed or (doubtful and not run.in_headline and not _stands_within(word, whole, within))):
        # "Sebagian dijual": a word like any other
        certain = after[0] == "alias" or (_befalls(after) and _is_a_person(run, whole))
        return certain and not affixed and word.low not in ALSO_WORDS
    if run.in_headline and not run.sure:
        plain = after[0] == "korban" or word.low in ALSO_WORDS
        return not plain and (_suffers(run) or run.before in STORIES_OF)
    return _suffers(run) or _does(run, whole)


def _suffers(run: Run) -> bool:
    return _befalls(run.after) or run.before in TAKES or _is_of_people(run)


def _does(run: Run, whole: str) -> bool:
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


def _is_a_person(run: Run, whole: str) -> bool:
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


def _is_of_oneself(run: Run, whole: str) -> bool:
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


def _is_of_people(run: Run) -> bool:
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


def _stands_within(word: Word, whole: str, within: dict[str, bool]) -> bool:
    """Whether the word has its capital within a sentence too; looked for once."""
    known = within.get(word.shown)
    if known is None:
        known = within[word.shown] = _is_within(word, whole)
    return known


def _is_within(word: Word, whole: str) -> bool:
    at = whole.find(f" {word.shown}")
    while at > 0:
        end = at + 1 + len(word.shown)
        if (whole[at - 1].islower() or whole[at - 1] == ",") and not whole[end : end + 1].isalnum():
            return True
        at = whole.find(f" {word.shown}", end)
    return False
