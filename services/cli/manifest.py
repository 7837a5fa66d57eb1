"""What a backup says of itself: its stores with their schemas and checksums, and where the groups stood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.cli.dumps import digest
from services.cli.holdings import MIGRATIONS, NAMES
from services.runtime.errors import OperatorError, told
from services.runtime.schema import knows

FILE = "manifest.json"
FORMAT = 1


class Entry(BaseModel):
    """One store's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[a-z]+\.(sqlite3|pgdump)$")
    schema_: str | None = Field(alias="schema")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(BaseModel):
    """The whole backup.  ``offsets``: None where no broker was asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    made_at: str
    program: str
    stores: dict[str, Entry]
    offsets: dict[str, dict[str, dict[str, int]]] | None


def write(folder: Path, manifest: Manifest) -> None:
    """Put it into the folder."""
    path = folder / FILE
    path.write_text(manifest.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)


def read(folder: Path) -> Manifest:
    """Read and check it: every file is there and whole, and of a schema this program knows.

    Raises:
        OperatorError: names the file and what is wrong with it.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made = content.get("format") if isinstance(content, dict) else None
        if isinstance(made, int) and made > FORMAT:
            raise OperatorError(str(path), f"is of format {made}, this program reads up to {FORMAT}")
        manifest = Manifest.model_validate(content)
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}; is this a backup?") from None
    except ValidationError as error:
        raise OperatorError(str(path), f"cannot be understood: {told(error)}") from None
    except ValueError as error:
        raise OperatorError(str(path), f"cannot be understood: {error}") from None
    for name, entry in manifest.stores.items():
        _check(folder, name, entry)
    return manifest


def _check(folder: Path, name: str, entry: Entry) -> None:
    if name not in NAMES:
        raise OperatorError(str(folder / FILE), f"{name} is no store of this program")
    if entry.schema_ is not None and not knows(MIGRATIONS[name], entry.schema_):
        raise OperatorError(
            str(folder / entry.file), f"its schema {entry.schema_} is newer than this program knows"
        )
    if digest(folder / entry.file) != entry.sha256:
        raise OperatorError(str(folder / entry.file), "is not what was backed up: its checksum differs")
