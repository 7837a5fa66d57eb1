"""Say things in a reader's language: the complete ones, those installed from files, else the nearest one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.contracts.codes import Severity
from services.notifier.core.clean import clean_line
from services.notifier.core.english import ENGLISH
from services.notifier.core.indonesian import INDONESIAN
from services.notifier.core.languages import NAMES, nearest
from services.notifier.core.vocabulary import Words

#: What outlets call themselves, by the codes of the source list.
OUTLETS = {
    "antara": "ANTARA",
    "tribun": "Tribun",
    "ppp": "The Phnom Penh Post",
    "ann": "Asia News Network",
    "indokalbar": "Berita Indokalbar",
}

MARKS = {
    Severity.BACKGROUND: "⚪", Severity.LOW: "⚪", Severity.MEDIUM: "🟡", Severity.HIGH: "🟠",
    Severity.CRITICAL: "🔴",
}  # fmt: skip

_COMPLETE = {"id": INDONESIAN, "en": ENGLISH}
#: Languages from files, put here once when a process starts.
_INSTALLED: dict[str, Words] = {}


def install(languages: Iterable[Words]) -> None:
    """Speak these languages too, instead of the ones installed before."""
    _INSTALLED.clear()
    _INSTALLED.update({words.language: words for words in languages})


def words_for(language: str) -> Words:
    """The words of a language; the nearest complete one, which says so, for one that is not spoken here."""
    found = _COMPLETE.get(language) or _INSTALLED.get(language)
    if found is not None:
        return found
    base = _COMPLETE[nearest(language)]
    names = {"x": NAMES.get(language, language), "y": NAMES[base.language]}
    return replace(base, remark=base.labels["untranslated"].format(**names))


def say_term(words: Words, value: str) -> str:
    """A word of a closed list: its translation, else itself with underscores as blanks."""
    return words.terms.get(value, clean_line(value.replace("_", " "), 60))


def say_outlet(outlet: str) -> str:
    """What an outlet calls itself; an unknown one is shown as it is."""
    return OUTLETS.get(outlet, clean_line(outlet, 60))
