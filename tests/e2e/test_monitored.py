"""One run of the whole system, watched: every panel has data, no metric names a person, one trace from poll to send."""

from __future__ import annotations

import asyncio
import re
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(Path(__file__).parent))
from collector import Collector, Span
from scraper import Prometheus, scraping
from whole import free_base, running

from services.cli.stack import SERVICES, Ports
from services.contracts.story import Extraction, StoryPublished
from services.contracts.topics import STORIES
from services.notifier.tables import OFFICIAL
from services.runtime.spans import ATTRIBUTES
from services.runtime.trace import HEADER, trace_id
from tests.deploy.test_dashboards import BOARDS, panels

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(600)]

#: A chat of the demo's Bot API: the synthetic alert goes there and is read back.
CANARY_CHAT = "900000099"
#: Stories besides those of the demo, all at once.
MADE = 300
#: Labels that name a feed may have as many values as there are feeds.
BY_SOURCE = {"source"}
MOST_SERIES = 200
#: What Grafana puts in for these; the run is shorter than the range.
GIVEN = {"$__rate_interval": "5m", "$__range": "5m", "$source": ".*"}
UNMEASURED = "rate(siaga_what_nobody_measures_total[$__rate_interval])"
QUERIES = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")
    for name, board in BOARDS.items()
    for panel in panels(board)
    for target in panel["targets"]
]


@dataclass(frozen=True)
class Watched:
    """What a run left behind."""

    answers: dict[str, list[tuple[dict[str, str], float]]]
    exposed: dict[str, str]
    spans: list[Span]
    official_ids: set[str]
    again: str
    down: list[dict[str, str]]
    firing: set[str]


def as_prometheus(expr: str) -> str:
    for name, value in GIVEN.items():
        expr = expr.replace(name, value)
    return expr


def a_certificate(path: Path) -> Path:
    """Of ninety days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=90))
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def made(number: int) -> StoryPublished:
    """News that matters to nobody here, and each time of another match."""
    now = datetime.now(UTC)
    return StoryPublished(
        occurred_at=now,
        story_id=f"made.localhost:{number}",
        version=1,
        outlet="made",
        url=f"http://made.localhost/{number}",
        title=f"Laga ke-{number} berakhir imbang",
        text=f"Pertandingan ke-{number} di stadion kota berakhir {number % 7}-{number % 7} di hadapan penonton.",
        language="id",
        published_at=now,
        published_at_source="feed",
        fetched_at=now,
        extraction=Extraction(method="feed", extractor="made"),
    )


async def deliver_more(bootstrap: str) -> str:
    """Put made stories on the topic, and one record once more, as after a crash before the commit; its trace id."""
    consumer = AIOKafkaConsumer(STORIES, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await consumer.start()
    await producer.start()
    try:
        record = await consumer.getone()
        await producer.send_and_wait(STORIES, record.value, key=record.key, headers=list(record.headers))
        for number in range(MADE):
            one = made(number)
            await producer.send(STORIES, one.model_dump_json().encode(), key=one.story_id.encode())
        await producer.flush()
        return trace_id(dict(record.headers)[HEADER].decode())
    finally:
        await consumer.stop()
        await producer.stop()


async def until_shown(prometheus: Prometheus, expr: str) -> None:
    """Wait until an expression has an answer."""
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(prometheus.ask, expr):
            await asyncio.sleep(0.5)


async def watch(folder: Path, collector: Collector) -> Watched:
    ports = Ports(free_base())
    at = {name: ports.of(name) for name in SERVICES}
    # It looks before the first story is read: what was counted before the first look has no rate.
    async with (
        scraping(folder.parent / "prometheus", at) as prometheus,
        running(folder, "embedded", scene_every_s=4.0, ports=ports) as whole,
    ):
        await whole.until_settled()
        assert whole.stack.broker is not None
        again = await deliver_more(whole.stack.broker.bootstrap)
        await until_shown(prometheus, 'siaga_tagger_stories_total{reason="again"} > 0')
        await until_shown(prometheus, f'siaga_tagger_labelled_total{{relevant="no"}} >= {MADE}')
        await until_shown(prometheus, "siaga_canary_round_trip_seconds")
        asked = {expr: as_prometheus(expr) for expr in {UNMEASURED, *(one.values[0] for one in QUERIES)}}
        answers = {expr: await asyncio.to_thread(prometheus.ask, real) for expr, real in asked.items()}
        exposed = {name: await asyncio.to_thread(metrics_of, port) for name, port in at.items()}
        down = [target["labels"] for target in prometheus.targets() if target["health"] != "up"]
        alarms = await asyncio.to_thread(prometheus.ask, 'ALERTS{alertstate="firing"}')
        ids = set(
            whole.ask("notifier", lambda conn: conn.execute(sa.select(OFFICIAL.c.official_id)).scalars().all())
        )
    # The services have ended: whatever they had to say is sent.
    firing = {labels["alertname"] for labels, _ in alarms}
    return Watched(answers, exposed, collector.spans, ids, again, down, firing)


def metrics_of(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found: str = answer.read().decode()
    return found


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The run; it is over."""
    folder = tmp_path_factory.mktemp("watched")
    with Collector() as collector, pytest.MonkeyPatch.context() as environment:
        environment.setenv("SIAGA_OTLP_URL", collector.url)
        environment.setenv("SIAGA_CANARY_TELEGRAM_CHAT", CANARY_CHAT)
        environment.setenv("SIAGA_KAFKA_CA_FILE", str(a_certificate(folder / "ca.pem")))
        yield asyncio.run(watch(folder / "run", collector))


@pytest.mark.parametrize("expr", QUERIES)
def test_a_panel_has_data(expr: str, watched: Watched) -> None:
    assert watched.answers[expr], as_prometheus(expr)


def test_what_nobody_measures_has_no_data(watched: Watched) -> None:
    assert watched.answers[UNMEASURED] == []


def test_every_service_is_scraped(watched: Watched) -> None:
    assert watched.down == []


def test_nothing_fires_on_a_healthy_run(watched: Watched) -> None:
    assert watched.firing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_metric_names_a_person_or_an_address(service: str, watched: Watched) -> None:
    text = watched.exposed[service]
    assert watched.official_ids
    said = {
        value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for value in sample.labels.values()
    }
    assert len(said) > 30
    forbidden = re.compile(r"@|://|\d{6,}|example\.(org|com)")
    named = {value for value in said if forbidden.search(value) or value in watched.official_ids}
    assert named == set()


@pytest.mark.parametrize("service", SERVICES)
def test_no_metric_has_many_series(service: str, watched: Watched) -> None:
    counts: dict[str, int] = defaultdict(int)
    for family in text_string_to_metric_families(watched.exposed[service]):
        for sample in family.samples:
            if not BY_SOURCE & sample.labels.keys():
                counts[family.name] += 1
    assert len(counts) > 20
    assert {name: count for name, count in counts.items() if count > MOST_SERIES} == {}


def chain(spans: dict[str, Span], last: Span) -> list[Span]:
    """A span and those above it, the last one first."""
    found = [last]
    while found[-1].parent:
        found.append(spans[found[-1].parent])
    return found


def test_one_trace_leads_from_the_poll_to_each_push(watched: Watched) -> None:
    spans = {span.id: span for span in watched.spans}
    pushes = [
        span
        for span in watched.spans
        if span.name == "send"
        and span.attributes["action"] == "push"
        and span.attributes["state"] == "accepted"
        and not str(span.attributes["incident_id"]).startswith("canary-")
    ]
    assert pushes
    for push in pushes:
        way = chain(spans, push)
        assert [span.name for span in way] == [
            "send",
            "intend",
            "plan",
            "publish",
            "join",
            "tag",
            "publish",
            "poll",
        ]
        assert len({span.trace for span in way}) == 1
        services = [span.service.removeprefix("siaga-") for span in way]
        assert services == ["notifier"] * 3 + ["tagger"] * 3 + ["ingest"] * 2
        began = [span.began_ns for span in reversed(way)]
        assert began == sorted(began)
        poll = way[-1]
        assert {span.name for span in spans.values() if span.parent == poll.id} >= {"parse", "publish"}
        assert poll.attributes["story_id"] == way[-3].attributes["story_id"]
        assert way[4].attributes["incident_id"] == push.attributes["incident_id"]


def test_every_span_but_the_first_of_a_trace_has_its_parent(watched: Watched) -> None:
    known = {(span.trace, span.id) for span in watched.spans}
    orphans = [span for span in watched.spans if span.parent and (span.trace, span.parent) not in known]
    assert orphans == []
    firsts = {span.name for span in watched.spans if not span.parent}
    # What no record of ours led to: a source's health, a canary, and the made stories, which nobody polled.
    assert firsts == {"poll", "publish", "tag"}


def test_a_story_delivered_again_stays_in_its_trace(watched: Watched) -> None:
    own = [span for span in watched.spans if span.trace == watched.again]
    joins = [span for span in own if span.name == "join"]
    assert [span.attributes["again"] for span in sorted(joins, key=lambda one: one.began_ns)][-1] is True
    assert len(joins) >= 2
    spans = {span.id: span for span in own}
    for join in joins:
        assert [span.name for span in chain(spans, join)] == ["join", "tag", "publish", "poll"]
    read_from = {span.id: span.parent for span in own if span.name == "tag"}
    (second,) = [join for join in joins if join.attributes["again"]]
    (first,) = [
        join for join in joins if join is not second and read_from[join.parent] == read_from[second.parent]
    ]
    assert first.began_ns < second.began_ns, "both were read from one record"
    assert {span.parent for span in own if span.name == "publish"} >= {first.id}


def test_a_digest_is_linked_with_every_trace_it_carries(watched: Watched) -> None:
    known = {(span.trace, span.id): span for span in watched.spans}
    digests = [span for span in watched.spans if span.name == "send" and span.attributes["action"] == "digest"]
    assert any(len({trace for trace, _ in span.links}) > 1 for span in digests)
    for digest in digests:
        assert {known[link].name for link in digest.links} <= {"plan", "send"}


def test_no_span_carries_a_name_an_address_or_a_text(watched: Watched) -> None:
    assert len(watched.spans) > 50
    for span in watched.spans:
        assert span.attributes.keys() <= ATTRIBUTES
        for value in span.attributes.values():
            assert value not in watched.official_ids
            assert "@" not in str(value) and CANARY_CHAT not in str(value)
            assert len(str(value)) < 200
