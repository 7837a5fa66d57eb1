"""An official chooses within what was granted, and sees beforehand what it would have brought."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.notifier import alert_log, roster
from services.notifier.core.wishes import Wishes
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from house import House, a_house

REF = "ppa-ppo-ntt"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        yield made


async def wishes(house: House) -> Wishes:
    held = await house.desk.people.read(lambda conn: roster.granted(conn, house.officials[REF]))
    assert held
    return held[1]


def as_posted(page: str, what: str, **changes: str | None) -> dict[str, str]:
    """The form as a browser would send it, with some fields changed or unticked (None)."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    ticked = dict.fromkeys(re.findall(r'name="([^"]+)" checked', page), "on")
    clocks = dict(re.findall(r'name="((?:quiet|digest)_\w+)" value="([^"]*)"', page))
    form: dict[str, str | None] = {"csrf": csrf[1], "what": what} | ticked | clocks | changes
    return {name: value for name, value in form.items() if value is not None}


async def test_saving_an_untouched_form_changes_nothing_that_counts(house: House) -> None:
    client = await house.sign_in(REF)
    before = await house.desk.people.read(lambda conn: roster.find_official(conn, house.officials[REF]))
    page = (await client.get("/desk/subscription")).text
    answer = await client.post("/desk/subscription", data=as_posted(page, "save"))
    assert answer.headers["location"].endswith("said=saved")
    after = await house.desk.people.read(lambda conn: roster.find_official(conn, house.officials[REF]))
    assert before is not None
    assert after is not None
    assert (after.subscriptions[0].regions, after.quiet, after.digest) == (
        before.subscriptions[0].regions, before.quiet, before.digest,
    )  # fmt: skip


async def test_a_topic_switched_off_is_off_and_what_was_not_granted_cannot_be_switched_on(house: House) -> None:
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    name = next(field for field in as_posted(page, "save") if field.startswith("topic:"))
    form = as_posted(page, "save", **{name: None, "region:KH": "on", "quiet_from": "22:00", "quiet_to": "05:00"})
    await client.post("/desk/subscription", data=form)
    kept = await wishes(house)
    assert [str(topic) for topic in kept.topics_off] == [name.removeprefix("topic:")]
    assert kept.quiet is not None
    assert f"{kept.quiet.start:%H:%M}" == "22:00"
    official = await house.desk.people.read(lambda conn: roster.find_official(conn, house.officials[REF]))
    assert official is not None
    assert all("KH" not in line.regions for line in official.subscriptions)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"quiet_from": "22:00", "quiet_to": ""}, "Jam tenang perlu"),
        ({"quiet_from": "25:00", "quiet_to": "05:00"}, "Jam tenang perlu"),
        ({"digest_0": "noon"}, "Ringkasan perlu"),
    ],
)
async def test_what_cannot_be_meant_is_said_and_not_saved(
    house: House, changes: dict[str, str], word: str
) -> None:
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    answer = await client.post("/desk/subscription", data=as_posted(page, "save", **changes))
    assert answer.status_code == 422
    assert word in answer.text
    assert (await wishes(house)).number == 0


async def test_not_everything_can_be_switched_off(house: House) -> None:
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    for kind, word in (("region:", "satu wilayah"), ("topic:", "satu topik")):
        form = {name: value for name, value in as_posted(page, "save").items() if not name.startswith(kind)}
        answer = await client.post("/desk/subscription", data=form)
        assert word in answer.text
    assert (await wishes(house)).number == 0


async def test_a_form_from_elsewhere_changes_nothing(house: House) -> None:
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    answer = await client.post("/desk/subscription", data=as_posted(page, "save", csrf="x" * 32))
    assert answer.status_code == 422
    assert (await wishes(house)).number == 0


async def test_the_preview_counts_what_would_have_come_and_saves_nothing(house: House) -> None:
    client = await house.sign_in(REF)
    start = house.clock() - timedelta(days=3)

    def log(conn: object) -> None:
        for number in range(4):
            at = start + timedelta(hours=number)
            alert = builders.an_alert(
                incident_id=f"incident-{number}",
                occurred_at=at,
                first_seen_at=at,
                last_changed_at=at,
                published_at=at,
            )
            alert_log.keep_alert(conn, alert, replayed=False, now=at.timestamp())  # type: ignore[arg-type]

    await house.desk.people.write(log)
    page = (await client.get("/desk/subscription")).text
    shown = (
        await client.post("/desk/subscription", data=as_posted(page, "preview", quiet_from="", quiet_to=""))
    ).text
    assert "<b>4</b> pesan" in shown
    assert "Pelabuhan Bolok" in shown
    topics = {name: None for name in as_posted(page, "x") if name.startswith("topic:")}
    topics.pop("topic:drug_trafficking", None)
    quieter = (await client.post("/desk/subscription", data=as_posted(page, "preview", **topics))).text
    assert "<b>0</b> pesan" in quieter
    assert (await wishes(house)).number == 0
