"""W3C trace context: one trace id follows a story from the fetch to the delivery.

Source: W3C Recommendation "Trace Context", section 3.2 (``traceparent``).
"""

from __future__ import annotations

import re
import secrets

HEADER = "traceparent"
_FORM = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


def new_trace() -> str:
    """A new ``traceparent`` with the sampled flag set."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child(trace: str | None) -> str:
    """A span below ``trace``; a new trace where there is none or it is malformed."""
    found = _FORM.match(trace or "")
    if not found:
        return new_trace()
    return f"00-{found[1]}-{secrets.token_hex(8)}-{found[3]}"


def span_id(trace: str | None) -> str:
    """The 16 hexadecimal digits of the span itself, or an empty string."""
    found = _FORM.match(trace or "")
    return found[2] if found else ""


def is_sampled(trace: str | None) -> bool:
    """Whether whoever began the trace wants it kept."""
    found = _FORM.match(trace or "")
    return found is not None and int(found[3], 16) & 1 == 1


def trace_id(trace: str | None) -> str:
    """The 32 hexadecimal digits that all spans of one trace share, or an empty string."""
    found = _FORM.match(trace or "")
    return found[1] if found else ""
