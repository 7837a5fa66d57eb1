"""Who is let through to feeds and CAP messages, what they get, and what everybody else cannot tell."""

from __future__ import annotations

from datetime import timedelta

import feedparser
import pytest
import structlog

from services.contracts.codes import Role, Topic
from services.notifier.core.outlets.throttle import Rate
from services.notifier.outlets import readers
from services.runtime.errors import UnavailableError
from tests.notifier.builders import NOON, a_merge, a_place, a_withdrawal, an_alert, an_update
from tests.notifier.outlets.doors import BASE, Doors
from tests.notifier.outlets.support import judge_atom, judge_cap, judge_json_feed
from tests.notifier.world import World

FEED = "/feeds/id-nt/all.atom"
CAP = "/cap/incident-1.1.xml"


async def test_everything_that_is_not_yours_looks_the_same(doors: Doors) -> None:
    await doors.hear(an_alert(), an_alert(incident_id="kh", places=(a_place("KH-1"),)))
    _, token = await doors.add_reader("ID-NT")
    _, late = await doors.add_reader("ID-NT", expires_at=doors.world.now.timestamp() - 1)
    gone_id, gone = await doors.add_reader("ID-NT")
    await doors.world.store.write(lambda conn: readers.revoke_reader(conn, gone_id, "test", 1.0))
    _, drugs = await doors.add_reader("ID-NT", topics=(Topic.DRUG_TRAFFICKING,))
    refused = [
        await doors.ask(FEED),
        await doors.ask(FEED, "siaga_reader_wrong"),
        await doors.ask(FEED, late),
        await doors.ask(FEED, gone),
        await doors.ask(FEED, drugs),
        await doors.ask(FEED, headers={"authorization": f"Basic {token}"}),
        await doors.ask(f"{FEED}?token="),
        await doors.ask(f"{FEED}?for=x.{'0' * 32}"),
        await doors.ask("/feeds/kh-1/all.atom", token),
        await doors.ask("/feeds/id/all.atom", token),
        await doors.ask("/feeds/all/all.atom", token),
        await doors.ask("/feeds/id-nt/no_such_topic.atom", token),
        await doors.ask("/feeds/id-nt/all.rss", token),
        await doors.ask("/feeds/id-nt/all", token),
        await doors.ask("/feeds/id-nt/all.atom/", token),
        await doors.ask(f"{FEED}?before=-1", token),
        await doors.ask("/cap/kh.1.xml", token),
        await doors.ask("/cap/incident-1.2.xml", token),
        await doors.ask("/cap/unknown.1.xml", token),
        await doors.ask("/cap/x", token),
        await doors.ask("/cap/../feeds", token),
        await doors.ask(CAP),
        await doors.ask("/metrics", token),
        await doors.ask("/healthz"),
        await doors.ask("/"),
    ]
    seen = {(answer.status_code, answer.content, tuple(sorted(answer.headers.items()))) for answer in refused}
    assert len(seen) == 1
    assert refused[0].status_code == 404
    assert refused[0].text == "Not found\n"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_a_feed_is_only_read(doors: Doors, method: str) -> None:
    _, token = await doors.add_reader("ID-NT")
    assert (await doors.ask(FEED, token, method)).status_code == 405


async def test_a_reader_gets_the_region(doors: Doors) -> None:
    await doors.hear(an_alert(), an_alert(incident_id="kh", places=(a_place("KH-1"),)))
    _, token = await doors.add_reader("ID-NT")
    answer = await doors.ask(FEED, token)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    judge_atom(answer.content)
    assert len(feedparser.parse(answer.content).entries) == 1
    told = judge_json_feed((await doors.ask("/feeds/ID-NT/all.json", token)).content)
    assert [item["_siaga"]["incident_id"] for item in told["items"]] == ["incident-1"]


async def test_a_country_covers_its_provinces_but_not_the_other_way_round(doors: Doors) -> None:
    _, country = await doors.add_reader("ID")
    for path in ("/feeds/id/all.atom", FEED, "/feeds/id-nt/drug_trafficking.json"):
        assert (await doors.ask(path, country)).status_code == 200
    assert (await doors.ask("/feeds/all/all.atom", country)).status_code == 404


async def test_who_may_read_everything_may(doors: Doors) -> None:
    _, token = await doors.add_reader("*")
    await doors.hear(an_alert(places=()))
    answer = await doors.ask("/feeds/all/all.atom", token)
    assert len(feedparser.parse(answer.content).entries) == 1


async def test_a_topic_has_a_feed_of_its_own(doors: Doors) -> None:
    await doors.hear(an_alert(), an_alert(incident_id="drugs", topics=(Topic.DRUG_TRAFFICKING,)))
    _, token = await doors.add_reader("ID-NT")
    answer = await doors.ask("/feeds/id-nt/drug_trafficking.json", token)
    assert [item["_siaga"]["incident_id"] for item in answer.json()["items"]] == ["drugs"]


async def test_a_feed_reader_without_headers_gives_the_token_in_the_address(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert())
    answer = await doors.ask(f"{FEED}?token={token}")
    assert answer.status_code == 200
    assert token not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_a_link_in_a_feed_opens_one_cap_message_and_nothing_else(doors: Doors) -> None:
    reader_id, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert(), an_alert(incident_id="incident-2"))
    told = (await doors.ask("/feeds/id-nt/all.json", token)).json()
    link = told["items"][0]["attachments"][0]["url"].removeprefix(BASE)
    answer = await doors.ask(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/cap+xml; charset=utf-8"
    judge_cap(answer.content)
    passed = link.partition("?")[2]
    for other in (f"/cap/incident-1.1.xml?{passed}", f"{FEED}?{passed}"):
        assert (await doors.ask(other)).status_code == 404
    await doors.world.store.write(lambda conn: readers.revoke_reader(conn, reader_id, "test", 1.0))
    assert (await doors.ask(link)).status_code == 404


async def test_a_second_look_costs_nothing_until_something_changes(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert())
    doors.world.now += timedelta(minutes=5)
    first = await doors.ask(FEED, token)
    tag, date = first.headers["etag"], first.headers["last-modified"]
    for headers in ({"if-none-match": tag}, {"if-modified-since": date}):
        second = await doors.ask(FEED, token, headers=headers)
        assert (second.status_code, second.content) == (304, b"")
        assert second.headers["etag"] == tag
    doors.world.now += timedelta(days=2)  # the age of a report must not make it new
    assert (await doors.ask(FEED, token, headers={"if-none-match": tag})).status_code == 304
    await doors.hear(an_update())
    changed = await doors.ask(FEED, token, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert (await doors.ask(FEED, token, headers={"if-modified-since": date})).status_code == 200


async def test_head_tells_what_get_would(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert())
    got, head = await doors.ask(FEED, token), await doors.ask(FEED, token, "HEAD")
    assert head.status_code == 200
    assert head.headers["etag"] == got.headers["etag"]


async def test_an_incident_that_left_the_region_says_so_there_and_stays_elsewhere(doors: Doors) -> None:
    await doors.hear(an_alert(), an_update(places=(a_place("ID-NB"),)))
    _, token = await doors.add_reader("ID")
    [there] = (await doors.ask("/feeds/id-nt/all.json", token)).json()["items"]
    assert there["_siaga"]["standing"] == "left"
    assert there["title"].startswith("DIKOREKSI")
    [here] = (await doors.ask("/feeds/id-nb/all.json", token)).json()["items"]
    assert here["_siaga"]["standing"] == "open"
    assert here["id"] == there["id"]


async def test_an_incident_that_comes_back_is_open_there_again(doors: Doors) -> None:
    await doors.hear(an_alert(), an_update(places=(a_place("ID-NB"),)), an_update(version=3))
    _, token = await doors.add_reader("ID-NT")
    [item] = (await doors.ask("/feeds/id-nt/all.json", token)).json()["items"]
    assert item["_siaga"]["standing"] == "open"


async def test_what_is_over_stays_in_the_feed_under_its_id(doors: Doors) -> None:
    await doors.hear(an_alert(), a_withdrawal(), an_alert(incident_id="twin"), a_merge("twin", into="incident-3"))
    _, token = await doors.add_reader("ID-NT")
    merged, withdrawn = (await doors.ask("/feeds/id-nt/all.json", token)).json()["items"]
    assert merged["_siaga"]["others"] == ["incident-3"]
    assert withdrawn["title"].startswith("DICABUT")
    root = judge_cap((await doors.ask("/cap/incident-1.2.xml", token)).content)
    assert root.findtext("{*}msgType") == "Cancel"


async def test_the_same_event_twice_is_one_change(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert())
    first = await doors.ask(FEED, token)
    await doors.hear(an_alert())
    assert (await doors.ask(FEED, token)).headers["etag"] == first.headers["etag"]


async def test_what_is_read_long_after_it_was_decided_is_not_published_anew(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(
        an_alert(incident_id="old", occurred_at=NOON - timedelta(days=31)),
        an_alert(incident_id="late", occurred_at=NOON - timedelta(days=2), first_seen_at=NOON - timedelta(days=2)),
        an_alert(incident_id="fresh"),
    )
    found = {
        item["_siaga"]["incident_id"]: item["date_published"]
        for item in (await doors.ask("/feeds/id-nt/all.json", token)).json()["items"]
    }
    assert found.keys() == {"late", "fresh"}
    assert found["late"].startswith("2026-11-20")
    assert found["fresh"].startswith("2026-11-22")


async def test_pages_hold_every_entry_once(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(*(an_alert(incident_id=f"incident-{n}") for n in range(230)))
    link, found = "/feeds/id-nt/all.json", []
    for size in (100, 100, 30):
        told = (await doors.ask(link, token if not found else None)).json()
        assert len(told["items"]) == size
        found += [item["id"] for item in told["items"]]
        link = told.get("next_url", "").removeprefix(BASE)
    assert link == ""
    assert len(set(found)) == 230


async def test_who_asks_too_often_is_told_for_how_long(world: World) -> None:
    doors = Doors(world, rate=Rate(per_minute=1, burst=2))
    _, one = await doors.add_reader("ID-NT")
    _, other = await doors.add_reader("ID-NT")
    assert [(await doors.ask(FEED, one)).status_code for _ in range(3)] == [200, 200, 429]
    answer = await doors.ask(FEED, one)
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (await doors.ask(FEED, other)).status_code == 200


async def test_a_long_document_travels_compressed(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(*(an_alert(incident_id=f"incident-{n}") for n in range(5)))
    packed = await doors.ask(FEED, token, headers={"accept-encoding": "gzip"})
    plain = await doors.ask(FEED, token, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["etag"] == plain.headers["etag"]


async def test_every_answer_carries_the_same_guards(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    for answer in (
        await doors.ask(FEED, token),
        await doors.ask("/nothing"),
        await doors.ask(FEED, token, "POST"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert answer.headers["strict-transport-security"]
        assert "server" not in answer.headers


async def test_a_mistake_of_ours_shows_nothing_of_itself(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.ask(FEED, token)

    async def broken(work: object) -> None:
        raise RuntimeError("a secret in an exception")

    async def away(work: object) -> None:
        raise UnavailableError("the store is away")

    doors.world.store.read = broken  # type: ignore[assignment,method-assign]
    with structlog.testing.capture_logs() as logs:
        answer = await doors.ask(f"{FEED}?token={token}")
    assert (answer.status_code, answer.text) == (500, "Internal error\n")
    assert token not in str(logs)
    doors.world.store.read = away  # type: ignore[assignment,method-assign]
    answer = await doors.ask(FEED, token)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


async def test_metrics_name_neither_reader_nor_incident(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.hear(an_alert())
    await doors.ask(FEED, token)
    await doors.ask("/etc/passwd")
    samples = {
        tuple(sample.labels.values())
        for metric in doors.registry.collect()
        for sample in metric.samples
        if sample.name == "siaga_outlet_requests_total" and sample.value
    }
    assert samples == {("feed", "2xx"), ("other", "4xx")}


async def test_a_token_is_kept_only_as_its_hash(doors: Doors) -> None:
    _, token = await doors.add_reader("ID-NT")
    await doors.ask(FEED, token)
    await doors.gate.note_use()
    content = (doors.world.folder / "notifier.sqlite3").read_bytes()
    content += b"".join(path.read_bytes() for path in doors.world.folder.glob("notifier.sqlite3-*"))
    assert token.encode() not in content
    assert token.removeprefix(readers.TOKEN_PREFIX).encode() not in content
    [reader] = await doors.world.store.read(readers.list_readers)
    assert reader.last_used_at == doors.world.now.timestamp()


async def test_old_incidents_are_forgotten_with_all_that_belongs_to_them(doors: Doors) -> None:
    from services.notifier.outlets import keep
    from services.notifier.outlets.tables import ENTRY, EVENT, REACH

    await doors.hear(an_alert(), an_update(), an_alert(incident_id="new", places=(a_place(role=Role.EVENT),)))
    [old] = [await doors.world.store.read(lambda conn: keep.find_entry(conn, "incident-1"))]
    assert old is not None
    limit = old.updated_at.timestamp() + 0.5
    assert await doors.world.store.write(lambda conn: keep.forget_before(conn, limit)) == 1

    def left(conn: object) -> set[str]:
        import sqlalchemy as sa

        assert isinstance(conn, sa.Connection)
        return {row.incident_id for table in (ENTRY, EVENT, REACH) for row in conn.execute(sa.select(table))}

    assert await doors.world.store.read(left) == {"new"}
