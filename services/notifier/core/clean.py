"""Make a piece of foreign text safe to show on one line."""

from __future__ import annotations

import unicodedata

# Embeddings, overrides and isolates reorder what follows them; marks do so more quietly.
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")


def clean_line(text: str, limit: int = 200) -> str:
    """NFC, no control, bidirectional, invisible or line-separating characters, at most ``limit`` long."""
    kept = (" " if _breaks(c) else c for c in unicodedata.normalize("NFC", text) if c not in _BIDI | _INVISIBLE)
    flat = " ".join("".join(kept).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp", "Zs", "Co", "Cn"}
