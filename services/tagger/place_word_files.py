"""Read the words around places from ``seeds/places/_words.yaml``; every mistake names file, key and reason."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from services.runtime.errors import OperatorError
from services.tagger.core.folding import fold_term
from services.tagger.core.place_words import PlaceWords
from services.tagger.seed_files import read_seeds, split_terms

FILE = "_words.yaml"
_KEYS = tuple(one.name for one in fields(PlaceWords))
#: Names of places, not single words beside one.
_OF_SEVERAL_WORDS = frozenset({"also_words", "wire_desks"})
_COUNTRIES = frozenset({"sent_to", "area", "towns_before_people"})
_AS_WRITTEN = frozenset({"named_whole", "words_when_small"})
_COUNTRY = re.compile("[A-Z]{2}")
_OUTLET = re.compile(r"\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*=[A-Z]{2}")


def read_words(places: Path) -> PlaceWords:
    """The words of this folder.

    Raises:
        OperatorError: the file is missing, or a key of it is, or cannot be used.
    """
    file = read_seeds(places / FILE, _KEYS)
    found: dict[str, Any] = {}
    for key in _KEYS:
        where = file.at(key)
        if key not in file.content:
            raise OperatorError(where, "is missing")
        found[key] = frozenset(_word(key, word, where) for word in split_terms(file.content[key], where))
        if not found[key]:
            raise OperatorError(where, "names no word")
    return PlaceWords(**found)


def _word(key: str, word: str, where: str) -> str | bytes:
    if key in _COUNTRIES:
        if not _COUNTRY.fullmatch(word):
            raise OperatorError(where, f"{word!r} is no country of two capitals")
        return word
    if key == "outlets":
        if not _OUTLET.fullmatch(word):
            raise OperatorError(where, f"{word!r} is not a host's end and its state, as .th=TH")
        return word
    folded = fold_term(word)
    if not folded or (b" " in folded and key not in _OF_SEVERAL_WORDS):
        raise OperatorError(where, f"{word!r} is not one word")
    return word if key in _AS_WRITTEN else folded
