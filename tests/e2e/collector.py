"""An OpenTelemetry collector on loopback that keeps what it is sent: OTLP over HTTP, protobuf."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue


@dataclass(frozen=True)
class Span:
    """One span as it was sent; ids are hexadecimal, the parent's is empty for the first of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began_ns: int
    ended_ns: int
    attributes: dict[str, str | int | bool]
    links: tuple[tuple[str, str], ...] = ()


def decode(body: bytes) -> list[Span]:
    """The spans of one request."""
    request = ExportTraceServiceRequest.FromString(body)
    found = []
    for resource in request.resource_spans:
        named = {one.key: _value(one.value) for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            found += [
                Span(
                    service=str(named["service.name"]),
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    began_ns=span.start_time_unix_nano,
                    ended_ns=span.end_time_unix_nano,
                    attributes={one.key: _value(one.value) for one in span.attributes},
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                )
                for span in scope.spans
            ]
    return found


def _value(value: AnyValue) -> str | int | bool:
    kind = value.WhichOneof("value")
    if kind not in {"string_value", "int_value", "bool_value"}:
        raise ValueError(f"an attribute is a {kind}")
    found: str | int | bool = getattr(value, kind)
    return found


@dataclass
class Collector:
    """Listens from ``with`` on."""

    bodies: list[bytes] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    @property
    def spans(self) -> list[Span]:
        """Everything sent so far, each span once."""
        return list({(span.trace, span.id): span for body in list(self.bodies) for span in decode(body)}.values())

    def __enter__(self) -> Collector:
        bodies, answers = self.bodies, self.answers
        answers.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                answers.wait()
                body = self.rfile.read(int(self.headers["content-length"]))
                wanted = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
                if wanted:
                    bodies.append(body)
                self.send_response(200 if wanted else 400)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
