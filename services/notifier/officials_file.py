"""Read a YAML file of officials; a mistake names file, line, key and reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from services.notifier.core.regions import has_no_region
from services.notifier.spec import OfficialEntry
from services.runtime.errors import OperatorError


def read_officials(path: Path) -> list[OfficialEntry]:
    """Every entry of the file, each valid by itself and with the others.

    Raises:
        OperatorError: names the file, the line, the key and what is wrong with it.
    """
    entries = _entries(path)
    found = [_entry(path, number, raw, _line(entries, number)) for number, raw in enumerate(entries)]
    for number, doubled in _doubled(found):
        raise OperatorError(f"{path}:{_line(entries, number)}", f"officials[{number}]: {doubled}")
    return found


def need_regions(path: Path, entries: Iterable[OfficialEntry]) -> None:
    """Let pass what stories can be placed in.

    Raises:
        OperatorError: a region its country does not have.
    """
    for entry in entries:
        for region in (region for line in entry.subscriptions for region in line.regions):
            if has_no_region(region):
                country = region.partition("-")[0]
                raise OperatorError(str(path), f"officials {entry.ref}: {region} is no region of {country}")


def _entries(path: Path) -> CommentedSeq:
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(str(path), "is not UTF-8 text") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise OperatorError(f"{path}:{line}", f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise OperatorError(str(path), f"is not YAML: {error}") from None
    entries = loaded.get("officials") if isinstance(loaded, CommentedMap) else None
    if not isinstance(entries, CommentedSeq):
        raise OperatorError(f"{path}:1", "officials: the file must hold a list under this key")
    return entries


def _entry(path: Path, number: int, raw: Any, line: int) -> OfficialEntry:
    if not isinstance(raw, CommentedMap):
        raise OperatorError(f"{path}:{line}", f"officials[{number}]: must be a mapping with ref, title, ...")
    try:
        entry = OfficialEntry.model_validate(_plain(raw), by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise OperatorError(
            f"{path}:{_line_of(raw, first['loc'], line)}",
            f"officials[{number}].{key}: {first['msg'].removeprefix('Value error, ')}",
        ) from None
    missing = [channel for channel in entry.channels if channel not in entry.contacts.addresses()]
    if missing:
        where = f"{path}:{_line_of(raw, ('channels',), line)}"
        raise OperatorError(where, f"officials[{number}].channels: no contact is given for {missing[0]}")
    return entry


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    return node


def _line(entries: CommentedSeq, number: int) -> int:
    return int(entries.lc.item(number)[0]) + 1


def _line_of(node: Any, loc: tuple[int | str, ...], fallback: int) -> int:
    """The line of the deepest part of ``loc`` that the file has."""
    line = fallback
    for part in loc:
        try:
            if isinstance(node, CommentedMap):
                line = int(node.lc.key(part)[0]) + 1
            elif isinstance(node, CommentedSeq):
                line = int(node.lc.item(part)[0]) + 1
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return line


def _doubled(entries: list[OfficialEntry]) -> Iterator[tuple[int, str]]:
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(entries):
        for key in [("ref", entry.ref), *entry.contacts.addresses().items()]:
            if key in seen:
                yield number, f"{key[0]} is used by an entry above"
            seen.add(key)
