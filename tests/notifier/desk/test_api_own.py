"""What a person does by a program: the subscription, corrections; and the office, with two people for a third."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.notifier import roster
from services.notifier.core.canary import RESERVED
from services.notifier.outlets.readers import TokenScope
from services.notifier.roster import Standing
from services.notifier.tables import AUDIT, CORRECTION, MUTE
from services.notifier.tables import OFFICIAL as OFFICIALS

sys.path.insert(0, str(Path(__file__).parent))
from api_house import HERE, OFFICIAL, OTHER, THERE, a_filled_house, a_reader, admin_of, client_of, writer_of
from house import House

CHOICE = {
    "regions": ["ID-NT"], "topics": ["human_trafficking"], "quiet": {"start": "21:00", "end": "05:00"},
    "digests": ["06:30"],
}  # fmt: skip


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_filled_house(tmp_path) as made:
        yield made


async def test_a_choice_is_kept_and_read_back(house: House) -> None:
    client = await writer_of(house)
    answer = await client.put("subscription", json=CHOICE)
    assert answer.status_code == 200, answer.text
    found = (await client.get("subscription")).json()
    assert found == answer.json()
    assert (found["topics"], found["quiet"], found["digests"]) == (
        ["human_trafficking"], CHOICE["quiet"], ["06:30"],
    )  # fmt: skip
    official = await house.desk.people.read(lambda conn: roster.find_official(conn, house.officials[OFFICIAL]))
    assert official is not None
    assert {topic for line in official.subscriptions for topic in line.topics} == {"human_trafficking"}


async def test_what_was_not_granted_or_cannot_be_meant_is_not_chosen(house: House) -> None:
    client = await writer_of(house)
    before = (await client.get("subscription")).json()
    wrong: tuple[dict[str, object], ...] = (
        {"regions": ["KH"]}, {"regions": []}, {"topics": []}, {"topics": ["x"]}, {"digests": ["24:00"]},
        {"quiet": {"start": "9", "end": "10:00"}}, {"more": 1}, {"digests": ["06:30"] * 9},
    )  # fmt: skip
    for changes in wrong:
        answer = await client.put("subscription", json=CHOICE | changes)
        assert answer.status_code == 422, changes
        assert answer.json()["detail"]
    assert (await client.get("subscription")).json() == before


async def test_a_change_made_meanwhile_is_not_lost(house: House) -> None:
    client = await writer_of(house)
    mark = (await client.get("subscription")).headers["etag"]
    assert (await client.put("subscription", json=CHOICE, headers={"if-match": mark})).status_code == 200
    late = await client.put("subscription", json=CHOICE | {"digests": []}, headers={"if-match": mark})
    assert late.status_code == 412
    assert (await client.get("subscription")).json()["digests"] == ["06:30"]


async def test_a_preview_says_what_would_have_come_and_changes_nothing(house: House) -> None:
    client = await writer_of(house)
    before = (await client.get("subscription")).json()
    everything = CHOICE | {"topics": before["topics_granted"]}
    brought = (await client.post("subscription/preview", json=everything)).json()
    nothing = (await client.post("subscription/preview", json=CHOICE)).json()
    assert brought["pushes"] + brought["listed"] > 0
    assert nothing["pushes"] + nothing["listed"] == 0
    assert (await client.get("subscription")).json() == before


async def test_what_is_said_of_an_incident_is_stored_once_as_by_the_buttons(house: House) -> None:
    client = await writer_of(house)
    before = len(await house.desk.people.read(lambda conn: conn.execute(sa.select(CORRECTION)).all()))
    for what in ("not_relevant", "not_relevant", "wrong_place", "mute"):
        answer = await client.post(f"incidents/{HERE}/corrections", json={"what": what})
        assert answer.status_code == 204, answer.text
    rows = await house.desk.people.read(lambda conn: conn.execute(sa.select(CORRECTION)).all())
    assert len(rows) == before + 2
    assert {row.version for row in rows} == {1, 2}
    assert len(await house.desk.people.read(lambda conn: conn.execute(sa.select(MUTE)).all())) == 1
    assert (await client.post(f"incidents/{THERE}/corrections", json={"what": "mute"})).status_code == 404


async def test_an_official_sees_the_own_deliveries_and_an_admin_all(house: House) -> None:
    own, admin = await writer_of(house), await admin_of(house, None)
    told = (await own.get(f"incidents/{HERE}/deliveries")).json()
    assert [one["official_id"] for one in told] == [house.officials[OFFICIAL]]
    everybody = (await admin.get(f"incidents/{HERE}/deliveries")).json()
    assert {one["official_id"] for one in everybody} == {house.officials[OFFICIAL], house.officials[OTHER]}


async def test_the_evidence_stands_where_the_text_of_the_story_says_it(house: House) -> None:
    client = await client_of(house)
    spans = (await client.get(f"incidents/{HERE}/evidence")).json()
    assert spans
    for span in spans:
        story = (await client.get(f"stories/{span['story_id']}")).json()
        whole = f"{story['title']}\n{story['text']}"
        assert whole[span["start"] : span["end"]] == span["text"]
        assert "\N{FULL BLOCK}" not in span["text"]


async def test_the_office_shows_no_address_no_chat_and_no_bytes_of_a_letter(house: House) -> None:
    client = await admin_of(house)
    paths = ("officials", "deliveries/unknown", "letters", "corrections", "audit")
    answers = {path: await client.get(f"office/{path}") for path in paths}
    for path, answer in answers.items():
        assert answer.status_code == 200, path
        for secret in ("example.org", "900000001", "raw text", "siaga_reader_"):
            assert secret not in answer.text, path
    assert {one["title"] for one in answers["officials"].json()} >= {"Unit PPA-PPO", "Guest"}
    assert answers["letters"].json()["items"][0]["reason"] == "ValidationError: 1 wrong"
    assert [one["state"] for one in answers["deliveries/unknown"].json()] == ["parked"]
    assert {one["field"] for one in answers["corrections"].json()["items"]} == {"relevant", "regions"}


@pytest.mark.parametrize("region", ["ID-NTT", "ID-XX", "KH-99"])
async def test_a_guest_is_not_invited_to_a_region_that_does_not_exist(house: House, region: str) -> None:
    client = await admin_of(house)
    refused = await client.post("office/invitations", json={"title": "New desk", "regions": ["ID-NT", region]})
    assert refused.status_code == 422
    assert region in refused.json()["detail"]


@pytest.mark.parametrize("region", ["*", "ID", "KH", "ID-NT", "AU-WA"])
async def test_a_guest_is_invited_to_a_region_a_country_or_everywhere(house: House, region: str) -> None:
    client = await admin_of(house)
    invited = await client.post("office/invitations", json={"title": "New desk", "regions": [region]})
    assert invited.status_code == 201, invited.text


async def test_a_guest_of_mine_is_approved_by_somebody_else_and_not_by_me(house: House) -> None:
    client = await admin_of(house)
    invited = await client.post("office/invitations", json={"title": "New desk", "regions": ["ID-NT"]})
    guest = invited.json()["official_id"]
    assert invited.headers["cache-control"] == "no-store"
    assert (await client.post(f"office/officials/{guest}/approve")).status_code == 409

    def pending(conn: sa.Connection) -> None:
        roster.set_standing(conn, guest, Standing.PENDING, "test", house.clock().timestamp())

    await house.desk.people.write(pending)
    assert (await client.post(f"office/officials/{guest}/approve")).status_code == 409
    await house.desk.people.write(
        lambda conn: conn.execute(
            sa.update(OFFICIALS).where(OFFICIALS.c.official_id == guest).values(invited_by="admin sri")
        )
    )
    assert (await client.post(f"office/officials/{guest}/approve")).status_code == 204
    assert (await client.post(f"office/officials/{guest}/suspend")).status_code == 204
    assert (await client.put(f"office/officials/{guest}/role", json={"role": "approver"})).status_code == 204
    actors = await house.desk.people.read(
        lambda conn: conn.execute(sa.select(AUDIT.c.actor, AUDIT.c.deed).where(AUDIT.c.official_id == guest)).all()
    )
    own = f"official {house.officials[OFFICIAL]}"
    assert {(own, "official invited"), (own, "official active"), (own, "desk role given")} <= set(
        map(tuple, actors)
    )


async def test_an_invitation_that_cannot_be_meant_invites_nobody(house: House) -> None:
    client = await admin_of(house)
    before = (await client.get("office/officials")).json()
    wrong: tuple[dict[str, object], ...] = (
        {"zone": "Mars/Base"}, {"regions": ["id"]}, {"regions": [RESERVED]}, {"title": ""}
    )  # fmt: skip
    for changes in wrong:
        answer = await client.post("office/invitations", json={"title": "Desk", "regions": ["ID-NT"]} | changes)
        assert answer.status_code == 422, changes
    assert (await client.get("office/officials")).json() == before


async def test_nobody_approves_suspends_or_promotes_oneself(house: House) -> None:
    client, own = await admin_of(house), house.officials[OFFICIAL]
    for path in ("approve", "suspend"):
        assert (await client.post(f"office/officials/{own}/{path}")).status_code == 409
    assert (await client.put(f"office/officials/{own}/role", json={"role": "viewer"})).status_code == 409
    assert (await client.post("office/officials/nobody/suspend")).status_code == 404


async def test_an_admin_of_one_region_does_not_see_the_office(house: House) -> None:
    client = await client_of(house, a_reader(house, ("ID-NT",), scope=TokenScope.ADMIN))
    assert (await client.get("office/officials")).status_code == 403


async def test_an_unknown_delivery_is_settled_once(house: House) -> None:
    client = await admin_of(house)
    (known,) = (await client.get("office/deliveries/unknown")).json()
    body = {name: known[name] for name in ("subject", "official_id", "channel", "action")} | {"word": "arrived"}
    assert (await client.post("office/deliveries/resolutions", json=body | {"channel": "x"})).status_code == 409
    assert (await client.post("office/deliveries/resolutions", json=body)).status_code == 204
    assert (await client.post("office/deliveries/resolutions", json=body)).status_code == 409
    assert (await client.get("office/deliveries/unknown")).json() == []
