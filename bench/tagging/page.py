"""Write the page a person reads in five minutes, and its plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write(figures: dict[str, Any], folder: Path) -> None:
    """``tagging.md`` and its plots into ``folder``."""
