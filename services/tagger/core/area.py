"""Tell whether a story is set in the countries that are watched, and whether it stays in its paper's own."""

from __future__ import annotations

from collections import Counter

from services.tagger.core.book import Rulebook
from services.tagger.core.countries import (
    countries_named,
    links_with_us,
    of_people,
    opens_elsewhere,
    set_elsewhere,
)
from services.tagger.core.lexicon import Hit
from services.tagger.core.reading import Reading

#: An outlet of another part of the world that names no country means its own.
_FAR, _FAR_WEIGHT = "the outlet's own country", 3
#: A country named so many times as often as the whole area is what the story is about.
_OUTWEIGHED = 4
#: A text of so many characters names its own country when it is the story's.
_WHOLE_STORY = 800
#: So does one sentence, where it or its headline names a far country, and not once in passing ("Chicago Bar").
_A_SENTENCE, _MORE_THAN_A_NAME = 60, 2
#: The country from which every other is another state: its own names are among none of them.
_DESK = "ID"
#: The language in which it is told to others: there its own name stands as any other state's.
_OF_OTHERS = "en"


def stays_at_home(reading: Reading, book: Rulebook, home: str, language: str) -> bool:
    """Whether a paper of the area names no place outside its ``home``, which is then no other state here."""
    if home not in book.area or not reading.everything & book.bit("foreign_state"):
        return False
    if home == _DESK and language != _OF_OTHERS:
        return False
    return all(_at_home(hit, home, reading, book) for hit in reading.place_names)


def _at_home(hit: Hit, home: str, reading: Reading, book: Rulebook) -> bool:
    """Whether a name lies in this state, or far away and only says what sort it is: "a Macau scam"."""
    countries = book.namesakes(hit.pattern.places).countries
    far = countries[0] not in book.area
    return home in countries or (far and of_people(hit, reading.folded, book.place_words))


def out_of_area(reading: Reading, book: Rulebook, characters: int, *, home: str, paper: str) -> str:
    """The country a story is about when it has no link with the area; empty when it has one.

    ``characters``: of its text; ``paper``: the country its outlet's host names; ``home``: its source's or that.
    """
    named: Counter[str] = countries_named(reading, book)
    inside = sum(count for country, count in named.items() if country in book.area)
    # One's own people abroad, or one's embassy, are the link whatever the country.
    inside += 6 * links_with_us(reading, book)
    outside = {country: count for country, count in named.items() if country not in book.area}
    if paper and paper not in book.area:
        outside[_FAR] = _FAR_WEIGHT
    if not outside:
        return ""
    # A bare headline of a paper of the area means its own country, unless it says where it is set.
    most = max(outside, key=lambda country: outside[country])
    named_well = outside[most] >= _MORE_THAN_A_NAME and characters >= _A_SENTENCE
    at_home = home in book.area and not inside
    if at_home and not (named_well or characters >= _WHOLE_STORY or set_elsewhere(reading, book)):
        return ""
    # What a whole story names only below a lead set elsewhere it names in passing.
    passing = characters >= _WHOLE_STORY and opens_elsewhere(reading, book)
    outweighed = 1 if passing else _OUTWEIGHED
    return most if inside == 0 or inside * outweighed < outside[most] else ""
