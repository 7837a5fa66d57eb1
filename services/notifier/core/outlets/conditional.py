"""Decide whether a reader has a document already (RFC 9110, section 13)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_TAG = re.compile(r'(?:W/)?"[^"\x00-\x20\x7f]*"')
#: HTTP dates count seconds: within this time of a change another one could hide behind the same date.
_SETTLED_AFTER = timedelta(seconds=2)


def etag_of(body: bytes) -> str:
    """Weak, since the same document also goes out compressed."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def http_date(instant: datetime) -> str:
    """In the one form HTTP has for it, the second not yet begun being rounded down."""
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0), usegmt=True)


def last_modified(changed_at: datetime, now: datetime) -> str | None:
    """The date to give out; None so shortly after a change that a second one could have the same date."""
    return http_date(changed_at) if now - changed_at >= _SETTLED_AFTER else None


def has_it(etag: str, modified: str | None, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether 304 is the right answer.  An entity tag decides alone where one is given."""
    if if_none_match is not None:
        return if_none_match.strip() == "*" or _opaque(etag) in {_opaque(t) for t in _TAG.findall(if_none_match)}
    if if_modified_since is None or modified is None:
        return False
    since, changed = _date(if_modified_since), _date(modified)
    return since is not None and changed is not None and changed <= since


def _opaque(tag: str) -> str:
    return tag.removeprefix("W/")


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
