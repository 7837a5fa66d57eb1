"""The words around a place that say what it has to do with the event; ``seeds/places/_words.yaml`` names them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class PlaceWords:
    """Folded words; what each list is for stands beside it in the file."""

    origin: frozenset[bytes] = frozenset()
    people: frozenset[bytes] = frozenset()
    destination: frozenset[bytes] = frozenset()
    transit: frozenset[bytes] = frozenset()
    locative: frozenset[bytes] = frozenset()
    office: frozenset[bytes] = frozenset()
    mission: frozenset[bytes] = frozenset()
    court: frozenset[bytes] = frozenset()
    of_a_court: frozenset[bytes] = frozenset()
    city_type: frozenset[bytes] = frozenset()
    demonym: frozenset[bytes] = frozenset()
    of_a_state: frozenset[bytes] = frozenset()
    townspeople: frozenset[bytes] = frozenset()
    lodging: frozenset[bytes] = frozenset()
    about_to: frozenset[bytes] = frozenset()
    state_office: frozenset[bytes] = frozenset()
    state_officer: frozenset[bytes] = frozenset()
    state_body: frozenset[bytes] = frozenset()
    of_a_people: frozenset[bytes] = frozenset()
    aimed_at: frozenset[bytes] = frozenset()
    also_words: frozenset[bytes] = frozenset()
    wire_desks: frozenset[bytes] = frozenset()
    ships: frozenset[bytes] = frozenset()
    companies: frozenset[bytes] = frozenset()
    speaks: frozenset[bytes] = frozenset()
    sent_to: frozenset[str] = frozenset()  # countries
    towns_before_people: frozenset[str] = frozenset()
    area: frozenset[str] = frozenset()
    named_whole: frozenset[str] = frozenset()  # as they are written
    words_when_small: frozenset[str] = frozenset()  # as they are written
    outlets: frozenset[str] = frozenset()  # "bangkokpost.com=TH"

    @cached_property
    def before_a_town(self) -> frozenset[bytes]:
        """What says that the name after it is a place, though it may be a word or a person's."""
        return self.city_type | self.office | self.locative

    @cached_property
    def no_person(self) -> frozenset[bytes]:
        """What is written with a capital before a town and is no first name."""
        return self.before_a_town | self.townspeople | self.origin | self.destination | self.transit | self.lodging

    @cached_property
    def acts_for_a_state(self) -> frozenset[bytes]:
        """Whoever speaks or acts for a state."""
        return self.state_office | self.state_body

    @cached_property
    def endings_of_a_people(self) -> tuple[bytes, ...]:
        """How the English words for the people of a state end."""
        return tuple(sorted(self.of_a_people))

    def home_of(self, outlet: str) -> str:
        """The state (ISO 3166-1) whose paper this host is by its name; empty where it does not say."""
        host = outlet.partition(" ")[0].lower()
        return next((home for end, home in self._homes if f".{host}".endswith(end)), "")

    @cached_property
    def _homes(self) -> tuple[tuple[str, str], ...]:
        pairs = (one.split("=") for one in sorted(self.outlets))
        return tuple((end if end.startswith(".") else f".{end}", home) for end, home in pairs)


#: Where no name is asked for.
NO_WORDS = PlaceWords()


def words_before(folded: bytes, start: int, count: int) -> list[bytes]:
    """Up to so many words before this offset, as they follow each other."""
    return folded[max(0, start - 40) : start].rsplit(None, count)[-count:]


def word_after(folded: bytes, end: int) -> bytes:
    """The word after this offset; empty at the end of the text."""
    after = folded[end : end + 24].split(None, 1)
    return after[0] if after else b""
