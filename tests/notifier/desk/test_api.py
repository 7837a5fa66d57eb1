"""What programs get of the desk: facts of their regions and topics, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.contracts.codes import Role, Severity, Topic
from services.notifier.outlets.readers import NewReader, add_reader
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import BODY, TITLE, a_health, a_tagged, received
from house import House, a_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        await made.intake.take_alerts([
            received(builders.an_alert()),
            received(builders.an_alert(
                incident_id="incident-2", severity=Severity.CRITICAL, places=(builders.a_place("KH-18", Role.EVENT),),
                topics=(Topic.FORCED_CRIMINALITY,),
            )),
        ])  # fmt: skip
        await made.intake.take_stories([received(a_tagged())])
        await made.intake.take_sources([received(a_health())])
        yield made


async def reader(
    house: House, regions: tuple[str, ...] = ("*",), topics: tuple[str, ...] = ()
) -> httpx.AsyncClient:
    now = house.clock().timestamp()
    new = NewReader("test", regions, topics, "en", "Asia/Jakarta", now + 3600)
    _, token = await house.desk.people.write(lambda conn: add_reader(conn, new, "test", now))
    return house.client(authorization=f"Bearer {token}")


async def ids(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"/api/v1/incidents{query}")
    assert answer.status_code == 200, answer.text
    return [one["incident_id"] for one in answer.json()["items"]]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic x"}])
async def test_without_a_readers_token_there_is_no_answer(house: House, headers: dict[str, str]) -> None:
    client = house.client(**headers)
    for path in ("incidents", "incidents/incident-1", "incidents/incident-1/history", "sources"):
        answer = await client.get(f"/api/v1/{path}")
        assert answer.status_code == 401
        assert "incident-1" not in answer.text


async def test_a_reader_sees_its_regions_and_topics_and_no_other(house: House) -> None:
    everything, timor = await reader(house), await reader(house, ("ID-NT",))
    scams = await reader(house, ("ID", "KH"), ("forced_criminality",))
    assert sorted(await ids(everything)) == ["incident-1", "incident-2"]
    assert await ids(timor) == ["incident-1"]
    assert await ids(timor, "?place=KH") == []
    assert (await timor.get("/api/v1/incidents/incident-1")).status_code == 200
    for path in ("incident-2", "incident-2/history", "nothing", "%00"):
        assert (await timor.get(f"/api/v1/incidents/{path}")).status_code == 404, path
    assert await ids(scams) == ["incident-2"]


async def test_an_answer_holds_facts_and_no_sentence_of_a_story(house: House) -> None:
    client = await reader(house)
    answer = await client.get("/api/v1/incidents/incident-1")
    assert answer.json()["counts"][0] == {
        "what": "victims", "of": "victims", "unit": "person", "low": 12.0, "high": 12.0, "source": "antara-1",
    }  # fmt: skip
    for text in (answer.text, (await client.get("/api/v1/incidents?words=atambua")).text):
        assert TITLE not in text
        assert BODY not in text


@pytest.mark.parametrize(
    "query",
    [
        "days=0",
        "severity=5",
        "place=id",
        "topic=x",
        "limit=0",
        "unknown=1",
        "days=x",
        "words=" + "x" * 300,
        "cursor=x",
        "since=yesterday",
        "until=2026-11-22T05:00:00",
    ],
)
async def test_a_parameter_that_cannot_be_meant_is_named(house: House, query: str) -> None:
    client = await reader(house)
    answer = await client.get(f"/api/v1/incidents?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(query.partition("=")[0])


async def test_the_description_names_every_address_and_nothing_from_elsewhere(house: House) -> None:
    description = (await house.client().get("/api/v1/openapi.json")).json()
    assert {"/incidents", "/incidents/{incident_id}", "/stories/{story_id}", "/sources"} < set(
        description["paths"]
    )
    assert description["openapi"].startswith("3.1.")
    assert description["servers"] == [{"url": "/api/v1"}]
    for path in ("docs", "redoc"):
        assert (await house.client().get(f"/api/v1/{path}")).status_code == 404


async def test_a_search_is_saved_as_csv_whose_cells_are_no_formulas(house: House) -> None:
    place = builders.a_place(district="=HYPERLINK(1)")
    await house.intake.take_alerts([received(builders.an_alert(incident_id="incident-3", places=(place,)))])
    client = await house.sign_in("ppa-ppo-ntt")
    answer = await client.get("/desk/search.csv?place=ID-NT&days=30")
    assert answer.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert sorted(row["incident_id"] for row in rows) == ["incident-1", "incident-3"]
    assert {row["victims"] for row in rows} == {"12"}
    assert "'=HYPERLINK(1)" in {row["districts"] for row in rows}


async def test_and_as_geojson_with_longitude_first(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    answer = await client.get("/desk/search.geojson?days=30&place=")
    features = json.loads(answer.content)["features"]
    assert {feature["properties"]["region"] for feature in features} == {"ID-NT", "KH-18"}
    for feature in features:
        longitude, latitude = feature["geometry"]["coordinates"]
        assert 92 < longitude < 142
        assert -12 < latitude < 24
    assert (await client.get("/desk/search.xlsx")).status_code == 404
