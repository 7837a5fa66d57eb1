"""Keep from foreign text what XML 1.0 can hold, and make of foreign addresses what RFC 3986 allows."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit, urlunsplit

_REFUSED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
#: What may stand in a path or a query as it is; brackets may not, whatever browsers think of it.
_PLAIN = "%/:?@!$&'()*+,;=-._~"


def xml_text(text: str) -> str:
    """The text without control characters, lone surrogates and non-characters (XML 1.0, section 2.2).

    One such character would make a whole document unreadable.
    """
    return _REFUSED.sub("", text)


def uri(address: str) -> str:
    """An address that every reader of ``xs:anyURI`` takes; where it leads is unchanged."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, _quoted(parts.path), _quoted(parts.query), ""))


def _quoted(text: str) -> str:
    return quote(_BARE_PERCENT.sub("%25", text.encode("utf-8", "ignore").decode()), safe=_PLAIN)
