"""Where a running `siaga run` left word of itself, so that other commands find its broker and stores."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from services.runtime.errors import OperatorError

DEFAULT_DATA = Path("var/run")


@dataclass(frozen=True)
class Word:
    """What `siaga run` writes to ``<data>/run.json``; it stays when the run has ended."""

    pid: int
    bootstrap: str
    embedded: bool


def write_word(data: Path, word: Word) -> None:
    """Leave word."""
    path = data / "run.json"
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(word)) + "\n", encoding="utf-8")
    fresh.replace(path)


def read_word(data: Path) -> Word | None:
    """The word of the last `siaga run` on this folder, or None.

    Raises:
        OperatorError: the file is there and cannot be understood.
    """
    path = data / "run.json"
    try:
        return Word(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise OperatorError(str(path), f"cannot be understood: {error}") from None


def is_running(word: Word) -> bool:
    """Whether the `siaga run` that left this word still runs."""
    return psutil.pid_exists(word.pid)
