"""Seeds in, alerts out, on a real Apache Kafka and on the embedded broker; with everything killed, the same."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from whole import Whole, running

from services.contracts.codes import Kind, Severity
from services.tagger import queries

BROKERS = [pytest.param("kafka", marks=pytest.mark.kafka), pytest.param("embedded", marks=pytest.mark.embedded)]
pytestmark = [pytest.mark.timeout(600)]
KILLED = ("ingest", "tagger", "notifier", "broker")

#: Story file, and the regions its alert must and may name: nothing from "Baca juga" lines or enumerations.
SEED_STORIES = {
    "envoy-briefs-cambodian-police-before-bali-forum": ({"ID-BA", "KH-12"}, {"ID", "KH", "ID-BA", "KH-12"}),
    "kamboja-laos-pererat-kerja-sama": ({"KH", "LA"}, {"KH", "LA", "KH-12", "KH-19"}),
    "kupang.antaranews.localhost:141377": ({"ID-NT", "TL"}, {"ID", "ID-NT", "TL"}),
    "bali.tribunnews.localhost:505231": ({"ID-BA"}, {"ID", "ID-BA"}),
    "pemkot-singkawang-susun-langkah": ({"ID-KB"}, {"ID", "ID-KB"}),
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """One run that nobody disturbs: what officials should have in hand.  It is over; its stores can be read."""

    async def run() -> Whole:
        async with running(tmp_path_factory.mktemp("undisturbed"), "embedded") as whole:
            await whole.until_settled()
        return whole

    return asyncio.run(run())


@pytest.mark.embedded
async def test_the_five_seed_articles_are_relevant_policy_news_of_the_right_regions_and_never_push(
    undisturbed: Whole,
) -> None:
    fates = undisturbed.ask("tagger", lambda conn: queries.recent_stories(conn, 200))
    for part, (must, may) in SEED_STORIES.items():
        (fate,) = [fate for fate in fates if part in fate.story_id]
        tagged = fate.tagged
        regions = {place.region or place.country for place in tagged.places if place.role in {"event", "venue"}}
        countries = {place.country for place in tagged.places}
        assert tagged.relevant, part
        assert tagged.kind and tagged.kind.code is Kind.POLICY_COOPERATION, part
        assert tagged.severity <= Severity.LOW, part
        assert must <= regions | countries, (part, regions)
        assert regions <= may, (part, regions)
        deliveries = [row for row in undisturbed.rows() if row.incident_id == fate.incident_id]
        assert deliveries, part
        assert {row.action for row in deliveries} == {"digest"}, part


@pytest.mark.embedded
async def test_severe_stories_push_update_and_join(undisturbed: Whole) -> None:
    rows = undisturbed.rows()
    pushed = {row.incident_id for row in rows if row.action == "push" and row.state == "accepted"}
    assert len(pushed) >= 3
    incidents = {one.incident_id: one for one in undisturbed.ask("tagger", queries.recent_incidents)}
    assert any(len(incidents[one].alert.sources) >= 2 for one in pushed), "no copy joined"
    assert any(row.why == "count_grew_by_half" for row in rows), "no update told of a grown count"
    assert any(row.action == "edit" and row.state == "accepted" for row in rows), "no message was edited"


@pytest.mark.embedded
async def test_nothing_reached_an_official_twice(undisturbed: Whole) -> None:
    undisturbed.check_none_twice()


@pytest.mark.parametrize("broker", BROKERS)
async def test_with_each_service_and_the_broker_killed_the_same_officials_hear_the_same_and_none_twice(
    broker: str, undisturbed: Whole, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    async with running(tmp_path, broker) as whole:
        victims = [*KILLED, *KILLED]
        dice.shuffle(victims)
        await whole.until_at_work()
        for victim in victims:
            await asyncio.sleep(dice.uniform(0.5, 4.0))
            whole.kill(victim)
        await whole.until_settled()
        assert whole.heard() == undisturbed.heard()
        whole.check_none_twice()


@pytest.mark.parametrize("broker", BROKERS)
async def test_started_again_it_goes_on_where_it_was_and_sends_nothing_twice(
    broker: str, undisturbed: Whole, tmp_path: Path
) -> None:
    async with running(tmp_path, broker) as whole:
        async with asyncio.timeout(60):
            while not whole.states().get("accepted"):
                await asyncio.sleep(0.1)
    async with running(tmp_path, broker) as whole:
        await whole.until_settled()
        assert whole.heard() == undisturbed.heard()
        whole.check_none_twice()
