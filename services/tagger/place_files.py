"""Read the gazetteer of ``seeds/places``; every mistake names file, line and reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.runtime.errors import OperatorError
from services.tagger.core.book import PlaceEntry
from services.tagger.core.lexicon import Pattern

_PLACE_COLUMNS = (
    "name", "aliases", "type", "country", "region", "district", "lat", "lon", "counterpart", "rank", "weak",
)  # fmt: skip


def read_places(files: Iterable[Path]) -> tuple[tuple[PlaceEntry, ...], list[Pattern]]:
    """Every place with the patterns of its names.

    Raises:
        OperatorError: a file or a row of it cannot be used.
    """
    entries: list[PlaceEntry] = []
    names: dict[tuple[str, bool], list[int]] = {}
    for path in files:
        for line, row in _rows(path):
            entry, aliases = _place(row, f"{path}:{line}")
            entries.append(entry)
            for alias in dict.fromkeys((entry.name, *aliases)):
                exact = len(alias) <= 4 and alias.isupper()
                names.setdefault((alias, exact), []).append(len(entries) - 1)
    return tuple(entries), [
        Pattern(alias, places=tuple(indexes), exact=exact, capital=not exact)
        for (alias, exact), indexes in names.items()
    ]


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            if tuple(reader.fieldnames or ()) != _PLACE_COLUMNS:
                raise OperatorError(str(path), f"its columns have to be {','.join(_PLACE_COLUMNS)}")
            for row in reader:
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OperatorError(str(path), f"cannot be read: {error}") from None


def _place(row: dict[str, str], where: str) -> tuple[PlaceEntry, list[str]]:
    if not row["name"] or not row["country"]:
        raise OperatorError(where, "a place has a name and a country")
    try:
        entry = PlaceEntry(
            name=row["name"],
            country=row["country"],
            region=row["region"] or None,
            district=row["district"] or None,
            lat=float(row["lat"]) if row["lat"] else None,
            lon=float(row["lon"]) if row["lon"] else None,
            counterpart=row["counterpart"] or None,
            type=row["type"] or "place",
            rank=int(row["rank"] or 5),
            weak=row["weak"] == "1",
        )
    except (TypeError, ValueError) as error:
        raise OperatorError(where, str(error)) from None
    return entry, [alias.strip() for alias in (row["aliases"] or "").split(";") if alias.strip()]
