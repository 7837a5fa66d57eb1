"""Keep from foreign text what XML 1.0 can hold (section 2.2); the rest would make a whole document unreadable."""

from __future__ import annotations

import re

_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """The text without control characters, lone surrogates and non-characters."""
    return _REFUSED.sub("", text)
