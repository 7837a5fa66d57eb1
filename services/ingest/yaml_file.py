"""Read a YAML file for an operator: every mistake is named by file, line and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from services.runtime.errors import OperatorError


class YamlFile:
    """Reads values and knows the file's name, so that every mistake can say where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrong(self, where: Any, key: str | int, reason: str) -> OperatorError:
        """The error for ``key`` of ``where``; the line is that of the key or item, else that of its parent."""
        line = 0
        if isinstance(where, CommentedMap | CommentedSeq):
            try:
                line = where.lc.key(key)[0] + 1 if isinstance(where, CommentedMap) else where.lc.item(key)[0] + 1
            except (KeyError, TypeError, AttributeError):
                line = (where.lc.line or 0) + 1
        at = f"{self._path}:{line}" if line else str(self._path)
        named = f"item {key + 1}" if isinstance(key, int) else key
        return OperatorError(at, f"{named}: {reason}")

    def document(self, known: set[str]) -> CommentedMap:
        """The whole document.

        Raises:
            OperatorError: the file cannot be read, is no YAML, or no mapping with none but the ``known`` keys.
        """
        document = _parse(self._path)
        if not isinstance(document, CommentedMap):
            raise OperatorError(str(self._path), "the file must be a mapping of keys to values")
        self.only(document, "the file", known)
        return document

    def mapping(self, where: Any, key: str | int, name: str, known: set[str] | None = None) -> CommentedMap:
        """What stands at ``key`` of ``where``: a mapping with none but the ``known`` keys, called ``name``."""
        value = where[key] if isinstance(key, int) else where.get(key)
        if not isinstance(value, CommentedMap):
            raise self.wrong(where, key, "is missing" if value is None else "must be a mapping of keys to values")
        self.only(value, name, known)
        return value

    def only(self, value: CommentedMap, name: str, known: set[str] | None) -> None:
        """Refuse a key that is not known: a typing error would else be a setting that does nothing."""
        unknown = [key for key in value if known is not None and key not in known]
        if unknown:
            reason = f"is not a key of {name}; known are {', '.join(sorted(known or ()))}"
            raise self.wrong(value, unknown[0], reason)

    def text(self, where: CommentedMap, key: str, default: str | None = None) -> str:
        value = where.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(where, key, "is missing" if value is None else "must be a text")
        return str(value)

    def form(self, where: CommentedMap, key: str, form: re.Pattern[str]) -> str:
        value = self.text(where, key)
        if not form.fullmatch(value):
            raise self.wrong(where, key, f"{value!r} is not of the form {form.pattern}")
        return value

    def one_of(self, where: CommentedMap, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(where, key, default)
        if value not in choices:
            raise self.wrong(where, key, f"{value!r} is none of {', '.join(choices)}")
        return value

    def seconds(self, where: CommentedMap, key: str) -> float:
        """A number of seconds, at most a week's."""
        value = where.get(key)
        if value is None:
            raise self.wrong(where, key, "is missing")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 7 * 86400:
            raise self.wrong(where, key, "must be a number of seconds, at most a week")
        return float(value)


def _parse(path: Path) -> Any:
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(str(path), "is not UTF-8 text") from None
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise OperatorError(f"{path}{line}", f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise OperatorError(str(path), f"is not YAML: {error}") from None
