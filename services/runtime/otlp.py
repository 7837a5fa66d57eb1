"""Send spans to an OpenTelemetry collector by OTLP over HTTP; only imported where one is named."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags

from services.runtime.spans import ATTRIBUTES, Spans
from services.runtime.trace import child, is_sampled, span_id, trace_id

_KINDS = {
    "publish": SpanKind.PRODUCER,
    "tag": SpanKind.CONSUMER,
    "plan": SpanKind.CONSUMER,
    "send": SpanKind.CLIENT,
}
_NS = 1_000_000_000
#: A collector that is away must hold up neither the service nor its end.
EXPORT_WITHIN_S = 5
FLUSH_EVERY_MS = 1000


class OtlpSpans(Spans):
    """Spans with ids of our own making, since they travel in headers and rows before they are over."""

    on = True

    def __init__(self, url: str, service: str, version: str) -> None:
        resource = {"service.name": f"siaga-{service}", "service.namespace": "siaga", "service.version": version}
        self._resource = Resource(resource)
        self._scope = InstrumentationScope("services.runtime.spans", version)
        exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_WITHIN_S)
        self._processor = BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_EVERY_MS)

    def below(self, parent: str | None) -> str | None:
        """A ``traceparent`` of its own."""
        return child(parent)

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
        """Queue a span for the collector; a full queue drops it, nothing waits."""
        unknown = attributes.keys() - ATTRIBUTES
        if unknown:
            raise ValueError(f"a span may not carry {sorted(unknown)}")
        context = _context(trace)
        if context is None or not is_sampled(trace):
            return
        self._processor.on_end(
            ReadableSpan(
                name=name,
                context=context,
                # Only of the same trace: who sent a trace anew has no parent here.
                parent=_context(parent) if trace_id(parent) == trace_id(trace) else None,
                resource=self._resource,
                attributes={key: value for key, value in attributes.items() if value is not None},
                links=[Link(linked) for one in links if (linked := _context(one)) is not None],
                kind=_KINDS.get(name, SpanKind.INTERNAL),
                start_time=int(began * _NS),
                end_time=int(max(began, ended) * _NS),
                instrumentation_scope=self._scope,
            )
        )

    async def close(self) -> None:
        """Send what is queued, for a bounded time."""
        await asyncio.to_thread(self._processor.shutdown)


def _context(trace: str | None) -> SpanContext | None:
    if not trace_id(trace):
        return None
    flags = TraceFlags(TraceFlags.SAMPLED if is_sampled(trace) else TraceFlags.DEFAULT)
    return SpanContext(int(trace_id(trace), 16), int(span_id(trace), 16), is_remote=False, trace_flags=flags)
