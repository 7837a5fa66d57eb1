"""Tell which countries a story is set in, and whether its headline says that it is none of the area."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from services.tagger.core.book import PlaceEntry, Rulebook
from services.tagger.core.folding import fold
from services.tagger.core.lexicon import Hit
from services.tagger.core.place_words import PlaceWords, word_after, words_before
from services.tagger.core.reading import Reading

#: "US man", "UK woman": so short is only a state.
_SHORT_FOR_A_STATE = 3
#: How English tells where somebody once was, or what happened there years ago.
_GONE_BY = re.compile(
    rb"\b(?:had|has|have) (?:once |also |previously )?"
    rb"(?:been|lived|worked|holidayed|served|studied|travelled|traveled|visited|sailed|stayed|trained) "
    rb"|\b(?:in|since) (?:19[0-9][0-9]|20[01][0-9])[ ,]"
)


def countries_named(reading: Reading, book: Rulebook) -> Counter[str]:
    """How often each country, or a place in it, is named outside datelines; a town's own dateline counts once.

    The capitals, whose desks write about the whole world, say nothing of where a story is set.
    A country outside the area that people are only said to be from, or to be sent to, is not where it happened,
    and neither is one of the area where somebody once was.
    """
    counted: Counter[str] = Counter()
    gone: dict[int, bool] = {}  # by sentence: one may hold very many names
    words = book.place_words
    folded, title_end = reading.folded, reading.sentences.ends[0] if reading.has_title else -1
    for hit in reading.place_names:
        entries, plain, _, countries = book.namesakes(hit.pattern.places)
        if reading.in_dateline(hit.start):
            desk = folded[hit.start : hit.end] in words.wire_desks
            counted[countries[0]] += bool(plain) and not desk and countries[0] in book.area
            continue
        if not plain or (countries[0] not in book.area and _only_of_people(hit, folded, entries, words)):
            continue
        if countries[0] in book.area and _only_once(hit, reading, gone):
            continue
        for country in countries:
            counted[country] += 3 if hit.end <= title_end else 1
    return counted


def _only_once(hit: Hit, reading: Reading, gone: dict[int, bool]) -> bool:
    """ "He had worked in Singapore", "In 2015 boats sank off Malaysia": told further down of times gone by."""
    sentence = reading.sentences.at(hit.start)
    if sentence not in gone:
        gone[sentence] = _gone_by(sentence, reading)
    return gone[sentence]


def _gone_by(sentence: int, reading: Reading) -> bool:
    """Whether a sentence below the title and the first one tells of times gone by."""
    if sentence <= reading.has_title:
        return False
    start, end = reading.sentences.starts[sentence], reading.sentences.ends[sentence]
    return _GONE_BY.search(reading.folded, start, end) is not None


def links_with_us(reading: Reading, book: Rulebook) -> bool:
    """Whether people or offices of the area have to do with a story, wherever it happened."""
    link = book.bit("own_link")
    if not reading.everything & link:
        return False
    return any(bits & link and not _gone_by(at, reading) for at, bits in enumerate(reading.bits))


def opens_elsewhere(reading: Reading, book: Rulebook) -> bool:
    """Whether title and lead name countries outside the area, and the area comes up only further down."""
    sentences = reading.sentences
    lead = sentences.ends[reading.lead_end - 1] if 0 < reading.lead_end < len(sentences) else -1
    far = False
    for hit in reading.place_names:
        if hit.end > lead:
            continue
        _, plain, _, countries = book.namesakes(hit.pattern.places)
        if not book.area.isdisjoint(countries):
            return False
        far = far or bool(plain)
    return far


def set_elsewhere(reading: Reading, book: Rulebook) -> bool:
    """Whether the headline itself is set outside the area: "at Prague airport", "Panama finds", "Polisi India".

    A state that stands first is the one that acts; "Taiwanese nabbed" and "cartel of Mexico" only say who.
    """
    words = book.place_words
    title_end = reading.sentences.ends[0] if reading.has_title else -1
    for hit in reading.place_names:
        if hit.end > title_end:
            continue
        same = book.namesakes(hit.pattern.places)
        if same.countries[0] in book.area or not same.plain:
            continue
        before = words_before(reading.folded, hit.start, 2)
        if before and (before[-1] in words.locative or (len(before) == 1 and before[0] in words.acts_for_a_state)):
            return True
        if before:
            continue
        acts = word_after(reading.folded, hit.end) in words.acts_for_a_state
        if acts or _is_a_state(hit, reading, same.entries, words):
            return True
    return False


def _is_a_state(hit: Hit, reading: Reading, entries: Sequence[PlaceEntry], words: PlaceWords) -> bool:
    """A state by its name in any language, and not the English word for its people."""
    name = reading.folded[hit.start : hit.end].strip()
    if any(fold(entry.name).strip() == name for entry in entries):
        return True
    return any(entry.type == "country" for entry in entries) and not name.endswith(words.endings_of_a_people)


def _only_of_people(hit: Hit, folded: bytes, entries: Sequence[PlaceEntry], words: PlaceWords) -> bool:
    """ "Chinese nationals", "to China": where people are from or sent to; "Texas man" is where he lives."""
    country = entries[0].country
    before = words_before(folded, hit.start, 1)
    if before and (before[0] in words.origin or before[0] in words.aimed_at):
        return True
    if before and country in words.sent_to and before[0] in words.destination:
        return True
    if not of_people(hit, folded, words):
        return False
    name = folded[hit.start : hit.end].strip()
    state = any(fold(entry.name).strip() == name for entry in entries)
    town = not state and len(name) > _SHORT_FOR_A_STATE and not name.endswith(words.endings_of_a_people)
    return not (town and country in words.towns_before_people)


def of_people(hit: Hit, folded: bytes, words: PlaceWords) -> bool:
    """Whether a state's name stands before people or things of it."""
    return word_after(folded, hit.end) in words.people
