"""Read the YAML files of the seeds; every mistake names file, line and key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from services.runtime.errors import OperatorError


@dataclass(frozen=True)
class SeedFile:
    """One YAML file, a mapping."""

    path: Path
    content: CommentedMap

    def at(self, key: str, node: Any = None) -> str:
        """Where a mistake is: ``file:line key``."""
        line = getattr(getattr(node if node is not None else self.content, "lc", None), "line", None)
        return f"{self.path}:{line + 1} {key}" if line is not None else f"{self.path} {key}"


def listed(folder: Path, pattern: str) -> list[Path]:
    """The files of a folder, of which there has to be one."""
    found = sorted(folder.glob(pattern))
    if not found:
        raise OperatorError(str(folder), f"holds no {pattern}")
    return found


def read_seeds(path: Path, keys: Collection[str]) -> SeedFile:
    """A file that has no other keys than these."""
    try:
        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise OperatorError(str(path), f"cannot be read: {error}") from None
    if not isinstance(content, CommentedMap):
        raise OperatorError(str(path), "has to be a mapping")
    unknown = set(content) - set(keys)
    if unknown:
        raise OperatorError(f"{path} {sorted(unknown)[0]}", f"is none of {', '.join(sorted(keys))}")
    return SeedFile(path, content)


def mapping_of(file: SeedFile, key: str) -> Iterator[tuple[str, Any]]:
    """What stands under a key, by name."""
    value = file.content.get(key, {})
    if not isinstance(value, Mapping):
        raise OperatorError(file.at(key), "has to be a mapping")
    yield from value.items()


def split_terms(terms: Any, where: str) -> list[str]:
    """The terms of a list, or of a text that divides them by ";"."""
    if isinstance(terms, str):
        terms = terms.split(";")
    if not isinstance(terms, Iterable) or not all(isinstance(term, str) for term in terms):
        raise OperatorError(where, 'has to be terms divided by ";"')
    return [term.strip() for term in terms if term.strip()]
