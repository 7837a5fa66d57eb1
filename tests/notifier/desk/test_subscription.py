"""An official chooses within what was granted, and sees beforehand what it would have brought."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity, Topic
from services.notifier import alert_log, roster
from services.notifier.core.wishes import Wishes
from services.notifier.desk.subscription import read_choice
from services.notifier.tables import OFFICIAL
from tests.notifier import builders
from tests.notifier.builders import a_subscription, an_official

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


TWO_LINES = an_official(
    "official-1",
    a_subscription("ID-NT", topics=frozenset({Topic.HUMAN_TRAFFICKING})),
    a_subscription("KH", topics=frozenset({Topic.DRUG_TRAFFICKING})),
)


def test_a_region_and_a_topic_that_were_not_granted_together_leave_nothing_and_are_refused() -> None:
    form = {"region:KH": "on", "topic:human_trafficking": "on"}
    assert read_choice(form, TWO_LINES, Wishes()).wrong == "wrong_nothing_left"


def test_a_region_and_a_topic_that_were_granted_together_are_not() -> None:
    form = {"region:KH": "on", "topic:drug_trafficking": "on"}
    assert read_choice(form, TWO_LINES, Wishes()).wrong == ""


async def grant_digests(house: House, count: int) -> list[str]:
    """Let the official have a digest every hour from six on."""
    clocks = [f"{6 + n:02d}:30" for n in range(count)]
    row = await house.desk.people.read(
        lambda conn: conn.execute(
            sa.select(OFFICIAL.c.spec).where(OFFICIAL.c.official_id == house.officials[REF])
        ).scalar_one()
    )
    spec = json.dumps(json.loads(row) | {"digest": {"at": clocks}})
    change = sa.update(OFFICIAL).where(OFFICIAL.c.official_id == house.officials[REF]).values(spec=spec)
    await house.desk.people.write(lambda conn: conn.execute(change))
    return clocks


@pytest.mark.parametrize("count", [5, 8])
async def test_digests_nobody_touched_stay_however_many_were_granted(house: House, count: int) -> None:
    clocks = await grant_digests(house, count)
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    await client.post("/desk/subscription", data=as_posted(page, "save"))
    official = await house.desk.people.read(lambda conn: roster.find_official(conn, house.officials[REF]))
    assert official is not None
    assert [f"{clock:%H:%M}" for clock in official.digest.at] == clocks


async def test_more_digests_than_may_be_chosen_are_not_saved_once_one_was_changed(house: House) -> None:
    await grant_digests(house, 8)
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    answer = await client.post("/desk/subscription", data=as_posted(page, "save", digest_0="05:15"))
    assert "Paling banyak 6 ringkasan" in answer.text
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


async def keep(house: House, *alerts: tuple[timedelta, dict[str, object]]) -> None:
    """Put alerts into the log, each so long before now."""

    def work(conn: object) -> None:
        for number, (ago, changes) in enumerate(alerts):
            at = house.clock() - ago
            times = dict.fromkeys(("occurred_at", "first_seen_at", "last_changed_at", "published_at"), at)
            alert = builders.an_alert(incident_id=f"incident-{number}", **times, **changes)
            alert_log.keep_alert(conn, alert, replayed=False, now=at.timestamp())  # type: ignore[arg-type]

    await house.desk.people.write(work)


async def preview(house: House, **changes: str | None) -> str:
    client = await house.sign_in(REF)
    page = (await client.get("/desk/subscription")).text
    given: dict[str, str | None] = {"quiet_from": "", "quiet_to": ""} | changes
    answer = await client.post("/desk/subscription", data=as_posted(page, "preview", **given))
    return answer.text.partition('id="preview"')[2]


async def test_the_preview_speaks_from_when_there_are_alerts_and_not_from_before(house: House) -> None:
    await keep(house, (timedelta(days=2), {}), (timedelta(days=1), {}), (timedelta(hours=5), {}))
    shown = await preview(house)
    assert "Sejak 20 Nov" in shown
    assert "<b>1,5</b> pesan sehari" in shown, "three in two days"


async def test_the_preview_looks_back_a_month_and_no_further(house: House) -> None:
    await keep(house, (timedelta(days=80), {}), (timedelta(days=15), {}))
    shown = await preview(house)
    assert "Sejak 23 Okt" in shown
    assert "<b>1</b> pesan" in shown


async def test_without_a_stored_alert_the_preview_counts_nothing(house: House) -> None:
    shown = await preview(house)
    assert "Belum ada kejadian yang tersimpan" in shown
    assert "<b>0</b>" not in shown


async def test_the_preview_says_what_quiet_hours_would_have_held_and_until_when(house: House) -> None:
    await keep(
        house, (timedelta(hours=14), {}), (timedelta(hours=4), {})
    )  # 23.01 and 09.01 in the official's zone
    shown = await preview(house, quiet_from="22:00", quiet_to="05:00")
    assert "1 pesan akan ditahan" in shown
    held = shown.partition('class="links held"')[2].partition("</ul>")[0]
    assert "23.01 WITA" in held
    assert "06.30 WITA" in held
    assert "09.01" not in held


async def test_quiet_hours_that_meet_nothing_hold_nothing(house: House) -> None:
    await keep(house, (timedelta(hours=4), {}))
    assert "Tidak ada pesan yang jatuh pada jam tenang" in await preview(
        house, quiet_from="22:00", quiet_to="05:00"
    )
    assert "Tanpa jam tenang" in await preview(house)


async def test_the_preview_says_what_the_next_digest_would_say(house: House) -> None:
    await keep(house, (timedelta(hours=4), {"severity": Severity.MEDIUM}))
    coming = (await preview(house)).partition("Ringkasan berikutnya")[2]
    assert "16.00 WITA" in coming.partition("</h2>")[0]
    assert "Pelabuhan Bolok" in coming


async def test_what_was_told_already_is_not_in_the_next_digest(house: House) -> None:
    await keep(house, (timedelta(hours=4), {}), (timedelta(days=1), {"severity": Severity.MEDIUM}))
    coming = (await preview(house)).partition("Ringkasan berikutnya")[2]
    assert "Pelabuhan Bolok" not in coming
    assert "Belum ada isinya" in coming
