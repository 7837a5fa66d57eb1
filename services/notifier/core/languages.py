"""The languages of cards, and in which of the two complete ones a word is said that the others do not have yet."""

from __future__ import annotations

NAMES = {"id": "bahasa Indonesia", "en": "English", "km": "ភាសាខ្មែរ", "ms": "bahasa Melayu", "tet": "Tetun"}
#: Who reads Malay or Tetum reads Indonesian rather than English.
FALLBACKS = {"id": "id", "en": "en", "ms": "id", "tet": "id", "km": "en"}


def nearest(language: str) -> str:
    """The complete language for a reader of this one."""
    return FALLBACKS.get(language, "en")
