"""Where the steps of a trace go: nowhere, unless a collector is named.

A span is told when it is over, with the ``traceparent`` it has and the one above it.  Who passes something on
makes the span's own ``traceparent`` first (``below``), puts it into the header or the row, and tells the span
once it knows how it ended; so a trace goes through outbox, broker and ledger, over restarts and redelivery.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings

#: All that a span may say besides its name and times: never a name, an address or a text.
ATTRIBUTES = frozenset({
    "story_id", "incident_id", "alert_id", "source", "outlet", "topic", "group", "reason", "channel", "action",
    "state", "priority", "attempt", "records", "relevant", "again", "look",
})  # fmt: skip


class Spans:
    """Tracing that is off: a call costs what a call costs."""

    on = False

    def below(self, parent: str | None) -> str | None:
        """The ``traceparent`` of a span below ``parent``; while tracing is off whatever came in."""
        return parent

    def tell(
        self,
        name: str,
        trace: str | None,
        *,
        parent: str | None,
        began: float,
        ended: float,
        links: Sequence[str | None] = (),
        **attributes: str | int | bool | None,
    ) -> None:
        """A span is over.

        Args:
            name: what was done: poll, parse, publish, tag, join, plan, intend, send.
            trace: its own ``traceparent``.
            parent: that of the span above it; None for the first of a trace.
            began: seconds since 1970, as is ``ended``.
            links: further spans that led to it, of whatever trace.
            attributes: of those in ``ATTRIBUTES``; None is left out.
        """

    async def close(self) -> None:
        """Send what is still here."""


def make_spans(settings: ServiceSettings, service: str, version: str) -> Spans:
    """Spans to the collector the settings name, or none.

    Raises:
        OperatorError: a collector is named and its client is not installed.
    """
    if not settings.otlp_url:
        return Spans()
    try:
        from services.runtime.otlp import OtlpSpans  # noqa: PLC0415 - its client is optional and takes a while
    except ImportError as error:
        raise OperatorError(
            "environment SIAGA_OTLP_URL", f"needs the extra `tracing` of this package: {error.name} is missing"
        ) from None
    return OtlpSpans(settings.otlp_url, service, version)
