"""How lists go on, what need not be sent twice, how often one may ask, and the form of every error."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from services.notifier.core.outlets.throttle import Rate
from services.notifier.desk.api import create_api
from services.notifier.desk.api.cursor import write_cursor
from services.notifier.outlets.gate import Gate
from services.runtime.errors import UnavailableError
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from api_house import HERE, THERE, a_filled_house, a_reader, admin_of, client_of, token_of, writer_of
from desk_builders import NOON, a_tagged, received
from house import House


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_filled_house(tmp_path) as made:
        yield made


async def all_of(client: httpx.AsyncClient, path: str, meanwhile: object = None) -> list[str]:
    """Every id of a list by its Link headers; after the first part something is added."""
    found: list[str] = []
    asked: str | None = path
    while asked is not None:
        answer = await client.get(asked)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += [str(one.get("incident_id", one.get("story_id", one.get("id")))) for one in body["items"]]
        link = answer.headers.get("link")
        assert (link is None) == (body["next"] is None)
        assert link is None or link == f'<{body["next"]}>; rel="next"'
        asked = f"http://desk.example{body['next']}" if body["next"] else None
        if callable(meanwhile):
            await meanwhile()
            meanwhile = None
    return found


def alert(number: int, minutes: int) -> object:
    at = NOON - timedelta(minutes=minutes)
    return received(builders.an_alert(incident_id=f"i{number}", last_changed_at=at))


async def test_a_list_repeats_and_loses_nothing_when_something_is_added_meanwhile(house: House) -> None:
    await house.intake.take_alerts([alert(number, number // 2) for number in range(9)])  # type: ignore[misc]

    async def add() -> None:
        await house.intake.take_alerts([alert(100, -5), alert(101, 1)])  # type: ignore[list-item]

    client = await client_of(house)
    before = await all_of(client, "incidents?limit=100")
    found = await all_of(client, "incidents?limit=2", add)
    assert [one for one in found if one in before] == before
    assert len(found) == len(set(found))


async def test_whoever_reads_oldest_first_sees_what_changes_meanwhile(house: House) -> None:
    await house.intake.take_alerts([alert(number, 30 - number) for number in range(5)])  # type: ignore[misc]

    async def change() -> None:
        at = NOON + timedelta(minutes=1)
        await house.intake.take_alerts([received(builders.an_update(incident_id="i0", last_changed_at=at))])

    found = await all_of(await client_of(house), "incidents?limit=3&oldest_first=true", change)
    assert found.count("i0") == 2
    assert found[-1] == "i0"


async def test_since_and_until_cut_by_the_last_change(house: House) -> None:
    await house.intake.take_alerts([alert(1, 60 * 24 * 30), alert(2, 10)])  # type: ignore[list-item]
    client = await client_of(house)
    assert "i1" not in await all_of(client, "incidents")
    assert "i1" in await all_of(client, "incidents?since=2026-10-01T00:00:00Z")
    assert await all_of(client, "incidents?since=2026-10-01T00:00:00Z&until=2026-11-01T00:00:00Z") == ["i1"]


async def test_stories_and_the_audit_go_on_in_the_same_way(house: House) -> None:
    client = await admin_of(house)
    await house.intake.take_stories([received(a_tagged(f"s{number}", incident_id=HERE)) for number in range(5)])
    for path in ("stories", "stories?words=atambua", "office/audit", "office/letters"):
        name, _, query = path.partition("?")
        whole = (await client.get(f"{name}?limit=100&{query}")).json()["items"]
        assert len(whole) >= 3, path
        answer = await client.get(f"{name}?limit=2&{query}")
        parts = answer.json()["items"]
        while "link" in answer.headers:
            answer = await client.get(f"http://desk.example{answer.json()['next']}")
            parts += answer.json()["items"]
        assert parts == whole, path


async def test_a_cursor_that_no_list_gave_is_refused(house: House) -> None:
    client = await admin_of(house)
    number = write_cursor(1)
    for cursor in ("x", "%00", write_cursor("a", "b"), number, write_cursor(float("nan"), "a"), "bnVsbA"):
        for path in ("incidents", "map", "stories", "office/audit"):
            if cursor == number and path in {"stories", "office/audit"}:
                continue  # a list by number gave it
            answer = await client.get(f"{path}?cursor={cursor}")
            assert answer.status_code == 422, (path, cursor)


async def test_what_the_asker_has_is_not_sent_again_and_what_changed_is(house: House) -> None:
    client = await client_of(house)
    for path in (f"incidents/{HERE}", "incidents", f"incidents/{HERE}/history", "map", "sources"):
        first = await client.get(path)
        again = await client.get(path, headers={"if-none-match": f'"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == "private, no-cache"
    mark = (await client.get(f"incidents/{HERE}")).headers["etag"]
    await house.intake.take_alerts([received(builders.an_update(incident_id=HERE, version=9))])
    assert (await client.get(f"incidents/{HERE}", headers={"if-none-match": mark})).status_code == 200


async def test_each_answer_says_how_many_requests_are_left_and_the_one_too_many_when_to_come_back(
    house: House,
) -> None:
    gate = Gate(house.desk.people, house.vault.mark, house.desk.now, rate=Rate(6, 2), steady=lambda: 0.0)
    token = await token_of(house, a_reader(house))
    transport = httpx.ASGITransport(create_api(house.desk, gate))
    client = httpx.AsyncClient(
        transport=transport, base_url="http://x", headers={"authorization": f"Bearer {token}"}
    )
    answers = [await client.get(path) for path in ("/me", "/incidents/nothing", "/me")]
    assert [answer.status_code for answer in answers] == [200, 404, 429]
    assert [answer.headers["ratelimit"] for answer in answers] == [
        '"default";r=1;t=10', '"default";r=0;t=20', '"default";r=0;t=20',
    ]  # fmt: skip
    assert answers[0].headers["ratelimit-policy"] == '"default";q=2;w=20'
    assert answers[2].headers["retry-after"] == "10"
    assert answers[2].json()["status"] == 429


async def test_every_error_is_a_problem_in_one_form(house: House) -> None:
    client = await writer_of(house)
    for method, path, status in (
        ("GET", "nothing", 404), ("DELETE", "incidents", 405), ("GET", "incidents?days=0", 422),
        ("GET", "incidents/", 404), ("POST", "subscription/preview", 415),
    ):  # fmt: skip
        answer = await client.request(method, path)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["status"] == status
        assert said["title"]
        assert said["type"] == "about:blank"
        assert status != 405 or answer.headers["allow"] == "GET"


async def test_a_body_that_is_too_large_or_no_json_is_a_problem(house: House) -> None:
    client = await writer_of(house)
    headers = {"content-type": "application/json"}
    for body, status in ((b"[" * 17_000, 413), (b"[" * 9_000, 422), (b"\xff", 422), (b'{"what": "\\ud800"}', 422)):
        answer = await client.post(f"incidents/{HERE}/corrections", content=body, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_store_that_does_not_answer_is_a_503_and_a_mistake_of_ours_says_no_word_of_it(
    house: House,
) -> None:
    client = await client_of(house)
    assert (await client.get("me")).status_code == 200
    for error, status in ((UnavailableError("secret.host refused"), 503), (RuntimeError("secret"), 500)):

        async def read(work: object, error: Exception = error) -> None:
            raise error

        house.desk.store.read = read  # type: ignore[method-assign, assignment]
        with capture_logs() as logged:
            answer = await client.get("sources")
        assert answer.status_code == status
        assert len(logged) == 1
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secret" not in answer.text
        assert "traceback" not in answer.text.lower()


async def test_a_story_of_another_region_is_not_seen_and_one_with_an_address_as_its_id_is(house: House) -> None:
    everything, timor = await client_of(house), await client_of(house, a_reader(house, ("ID-NT",)))
    assert (await everything.get("stories/ppp:9")).json()["incident_id"] == THERE
    assert (await timor.get("stories/ppp:9")).status_code == 404
    assert (await timor.get("stories/ppp:10")).status_code == 404
    assert (await everything.get("stories/ppp:10")).json()["relevant"] is False
    assert (await timor.get("stories/https://news.example/a/b")).status_code == 200
    assert {one["story_id"] for one in (await timor.get("stories?all=true")).json()["items"]} == {
        "antara:4711", "https://news.example/a/b",
    }  # fmt: skip
    for path in ("search?words=polres", "sources", "map"):
        assert "ppp" not in (await timor.get(path)).text.replace("ppp:9", "", 1) or path == "search?words=polres"
