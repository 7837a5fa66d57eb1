"""Read the words of a language from a file that a native speaker completes; what is wrong in it is named.

A file holds every key there is, with "" where the word is not known yet.  Such a word is said in the language
it falls back to, and the card says so: two languages are never mixed in silence.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from services.contracts.codes import Severity
from services.notifier.core.english import ENGLISH
from services.notifier.core.indonesian import INDONESIAN
from services.notifier.core.languages import FALLBACKS, NAMES, nearest
from services.notifier.core.vocabulary import Words
from services.runtime.errors import OperatorError

_COMPLETE = {"id": INDONESIAN, "en": ENGLISH}
SECTIONS = ("levels", "topics", "kinds", "leads", "people", "terms", "labels")
_HEAD = frozenset({"language", "reviewed", "words"})
_LONGEST = 300
#: Terms have no complete list in English, where most of them are said as they are.
_REFERENCE_OF_TERMS = INDONESIAN


@dataclass(frozen=True)
class Language:
    """One file: its words with the gaps filled, and which keys were gaps."""

    words: Words
    reviewed: bool
    missing: tuple[str, ...]
    keys: int


def load_languages(folder: Path) -> list[Language]:
    """Every language of a folder.

    Raises:
        OperatorError: names the file, the key and the reason.
    """
    return [read_language(path) for path in sorted(folder.glob("*.yaml"))]


def read_language(path: Path) -> Language:
    """One language.

    Raises:
        OperatorError: names the file, the key and the reason.
    """
    raw = _read(path)
    for key in sorted(raw.keys() ^ _HEAD, key=str):
        raise OperatorError(f"{path}:{key}", "is no key of this file" if key in raw else "is missing")
    code, reviewed, given = raw["language"], raw["reviewed"], raw["words"]
    if code != path.stem or code not in FALLBACKS or code in _COMPLETE:
        raise OperatorError(f"{path}:language", f"must be {path.stem}, as the file is called, and known here")
    if not isinstance(reviewed, bool):
        raise OperatorError(
            f"{path}:reviewed", "must be true or false: true once a native speaker has read it all"
        )
    said = dict(_checked(path, given))
    reference = keys_of()
    missing = tuple(key for key in reference if not said[key])
    return Language(_words(code, said, reviewed, len(missing)), reviewed, missing, len(reference))


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(str(path), "is not UTF-8 text") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OperatorError(f"{path}:{line}", f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise OperatorError(str(path), f"is not YAML: {error}") from None
    if not isinstance(loaded, dict):
        raise OperatorError(str(path), "must be a mapping with language, reviewed and words")
    return loaded


def keys_of() -> dict[str, str]:
    """Every key a file must hold, such as ``labels.rose``, with the English or else Indonesian words."""
    found = {}
    for section in SECTIONS:
        source = _REFERENCE_OF_TERMS if section == "terms" else ENGLISH
        for key, value in getattr(source, section).items():
            found[f"{section}.{_name(key)}"] = value
    return found


def _name(key: object) -> str:
    return key.name.lower() if isinstance(key, Severity) else str(key)


def _checked(path: Path, given: object) -> Iterator[tuple[str, str]]:
    reference = keys_of()
    if not isinstance(given, Mapping):
        raise OperatorError(f"{path}:words", "must be a mapping of sections")
    flat = {
        f"{section}.{key}": value
        for section, entries in given.items()
        for key, value in (entries.items() if isinstance(entries, Mapping) else [("?", None)])
    }
    for key in flat.keys() - reference.keys():
        raise OperatorError(f"{path}:{key}", "is no key that a card uses")
    for key, shown in reference.items():
        if key not in flat:
            raise OperatorError(f"{path}:{key}", 'is missing; write "" where the word is not known yet')
        value = flat[key]
        if not isinstance(value, str):
            raise OperatorError(f"{path}:{key}", f"must be a text in quotes, not {value!r}")
        if len(value) > _LONGEST or not value.isprintable():
            raise OperatorError(f"{path}:{key}", f"must be one printable line of at most {_LONGEST} characters")
        if value:
            _check_fields(f"{path}:{key}", value, shown)
        yield key, value.strip()


def _check_fields(where: str, value: str, shown: str) -> None:
    """The same ``{fields}`` as the reference, and nothing cleverer: a file is no place for code."""
    try:
        have = list(_fields(value))
    except ValueError as error:
        raise OperatorError(where, f"has a brace that is no field: {error}") from None
    want = set(_fields(shown))
    for field in have:
        if field not in want:
            said = ", ".join(f"{{{name}}}" for name in sorted(want)) or "none"
            raise OperatorError(where, f"has the field {{{field}}}; its fields are: {said}")
    for field in sorted(want - set(have)):
        raise OperatorError(where, f"lacks the field {{{field}}}")


def _fields(text: str) -> Iterator[str]:
    for _, field, spec, conversion in string.Formatter().parse(text):
        if field is not None:
            yield field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")


def _words(code: str, said: Mapping[str, str], reviewed: bool, missing: int) -> Words:
    base = _COMPLETE[nearest(code)]

    def filled(section: str) -> dict[Any, str]:
        own = {key: said.get(f"{section}.{_name(key)}") or value for key, value in getattr(base, section).items()}
        extra = {key: value for key, value in _given_terms(said).items() if value} if section == "terms" else {}
        return own | extra

    sections = {section: filled(section) for section in SECTIONS}
    return replace(base, language=code, remark=_remark(code, base, reviewed, missing, len(said)), **sections)


def _given_terms(said: Mapping[str, str]) -> dict[str, str]:
    return {key.removeprefix("terms."): value for key, value in said.items() if key.startswith("terms.")}


def _remark(code: str, base: Words, reviewed: bool, missing: int, keys: int) -> str:
    """What every card in this language says of its words; "" once it is complete and reviewed."""
    names = {"x": NAMES[code], "y": NAMES[base.language]}
    if missing == keys:
        return base.labels["untranslated"].format(**names)
    parts = [] if reviewed else [base.labels["unreviewed"].format(**names)]
    parts += [base.labels["mixed"].format(**names, n=missing, m=keys)] if missing else []
    return " ".join(parts)


__all__ = ["Language", "keys_of", "load_languages", "read_language"]
