"""Spans: off they cost nothing, on they say only what they may, and a collector that is away holds nothing up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime import spans as spans_module
from services.runtime.errors import OperatorError
from services.runtime.otlp import OtlpSpans
from services.runtime.outbox import Message, enqueue, read_pending
from services.runtime.settings import ServiceSettings
from services.runtime.spans import Spans, make_spans
from services.runtime.store import Store
from services.runtime.trace import HEADER, child, is_sampled, new_trace, span_id, trace_id
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from collector import Collector

ABOVE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as found:
        yield found


def imported_by(*modules: str) -> set[str]:
    """What a process has loaded once it has loaded these."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_services_that_are_not_traced_load_no_client() -> None:
    loaded = imported_by("services.ingest.app", "services.tagger.app", "services.notifier.app")
    assert "services.runtime.spans" in loaded
    assert {name for name in loaded if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))} == set()


def test_a_service_that_is_traced_loads_it() -> None:
    assert "opentelemetry.sdk.trace" in imported_by("services.runtime.otlp")


def test_without_a_collector_a_trace_is_passed_on_as_it_came() -> None:
    spans = make_spans(ServiceSettings(otlp_url=""), "tagger", "0")
    assert type(spans) is Spans and not spans.on
    assert spans.below(ABOVE) == ABOVE
    spans.tell("tag", ABOVE, parent=None, began=1, ended=2, story_id="a")


def test_a_collector_without_its_client_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "services.runtime.otlp", None)
    with pytest.raises(OperatorError, match=r"SIAGA_OTLP_URL.*tracing"):
        make_spans(ServiceSettings(otlp_url="http://127.0.0.1:4318/v1/traces"), "tagger", "0")


async def test_a_span_arrives_with_its_ids_times_and_attributes(collector: Collector) -> None:
    spans = OtlpSpans(collector.url, "tagger", "0.1")
    own = spans.below(ABOVE)
    other = new_trace()
    spans.tell(
        "tag", own, parent=ABOVE, began=10.5, ended=11.0, links=[other, None], story_id="a:1", relevant=True
    )
    await spans.close()
    (span,) = collector.spans
    assert (span.service, span.name, span.trace) == ("siaga-tagger", "tag", trace_id(ABOVE))
    assert (span.id, span.parent) == (span_id(own), span_id(ABOVE))
    assert span.ended_ns - span.began_ns == 500_000_000
    assert span.attributes == {"story_id": "a:1", "relevant": True}
    assert span.links == ((trace_id(other), span_id(other)),)


@pytest.mark.parametrize("trace", [UNSAMPLED, None, "", "00-xyz-1-01"])
async def test_what_nobody_wants_kept_or_has_no_trace_is_not_sent(trace: str | None, collector: Collector) -> None:
    spans = OtlpSpans(collector.url, "tagger", "0.1")
    spans.tell("tag", trace, parent=None, began=1, ended=2, story_id="a:1")
    await spans.close()
    assert collector.spans == []


@pytest.mark.parametrize("name", ["official_id", "title", "address", "chat_id", "text"])
async def test_a_span_may_not_carry_what_is_not_listed(name: str, collector: Collector) -> None:
    spans = OtlpSpans(collector.url, "tagger", "0.1")
    with pytest.raises(ValueError, match=name):
        spans.tell("tag", new_trace(), parent=None, began=1, ended=2, **{name: "x"})  # type: ignore[arg-type]
    await spans.close()
    assert name not in spans_module.ATTRIBUTES


async def test_a_parent_of_another_trace_is_no_parent(collector: Collector) -> None:
    spans = OtlpSpans(collector.url, "tagger", "0.1")
    spans.tell("tag", new_trace(), parent=ABOVE, began=1, ended=2)
    await spans.close()
    assert [span.parent for span in collector.spans] == [""]


async def test_a_collector_that_does_not_answer_holds_nobody_up(collector: Collector) -> None:
    collector.answers.clear()  # from here on a request hangs until it is set
    spans = OtlpSpans(collector.url, "tagger", "0.1")
    for _ in range(5000):  # more than the queue holds
        spans.tell("tag", new_trace(), parent=None, began=1, ended=2)
    assert collector.bodies == []
    collector.answers.set()
    await spans.close()
    assert 0 < len(collector.spans) < 5000


async def test_the_relay_learns_the_span_above_and_the_broker_does_not(store: Store, outbox: sa.Table) -> None:
    led = Message("stories", "a", b"{}", trace=ABOVE)
    await store.write(lambda conn: enqueue(conn, outbox, [led, Message("stories", "b", b"{}")]))
    first, second = await store.read(lambda conn: read_pending(conn, outbox, "", 10))
    assert (first.parent, second.parent) == (ABOVE, None)
    assert set(first.headers) == set(second.headers) == {"content-type", HEADER}
    assert trace_id(first.headers[HEADER]) == trace_id(ABOVE)
    assert first.headers[HEADER] != ABOVE


def test_a_child_keeps_the_wish_to_be_kept() -> None:
    assert is_sampled(child(ABOVE))
    assert not is_sampled(child(UNSAMPLED))
    assert is_sampled(child(None))


def test_nothing_of_the_tracing_is_kept_outside_of_its_files() -> None:
    found = [
        path
        for path in (ROOT / "services").rglob("*.py")
        if "import opentelemetry" in (text := path.read_text()) or "from opentelemetry" in text
    ]
    assert found == [Path(ROOT / "services" / "runtime" / "otlp.py")]
