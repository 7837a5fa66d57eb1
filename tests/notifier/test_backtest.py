"""What a subscription would have brought is what the service brought; and what officials corrected."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from services.cli.backtest import backtest_command
from services.cli.corrections import corrections_command, judge, read_lines
from services.contracts.alert import AlertEvent
from services.contracts.codes import Kind, Severity, Topic
from services.contracts.tagging import Facts
from services.notifier import alert_log, canary
from services.notifier.alert_log import LogKeeper
from services.notifier.backtest import play
from services.notifier.core.canary import make_canary
from services.notifier.core.wishes import Wishes
from services.notifier.spec import OfficialEntry
from services.notifier.tables import ALERT_LOG, CORRECTION, DELIVERY
from services.runtime.errors import OperatorError
from services.tagger.core.figures import Answer, Gold
from tests.notifier.builders import (
    NOON,
    STORY,
    a_merge,
    a_number,
    a_place,
    a_split,
    a_withdrawal,
    an_alert,
    an_entry,
    an_update,
)
from tests.notifier.world import World


def drawn_events(rng: random.Random, count: int) -> list[tuple[timedelta, AlertEvent]]:
    """Days of incidents that are raised, updated, withdrawn, merged and split; each with its pause before it."""
    versions: dict[str, int] = {}
    found: list[tuple[timedelta, AlertEvent]] = []
    for _ in range(count):
        name = f"incident-{rng.randint(1, 8)}"
        version = versions[name] = versions.get(name, 0) + 1
        state = {
            "incident_id": name, "version": version, "severity": rng.choice(list(Severity)),
            "kind": rng.choice(list(Kind)), "places": (a_place(rng.choice(["ID-NT", "ID-NT", "KH-1"])),),
            "facts": Facts(victims=(a_number(rng.randint(1, 40), "victims"),)),
        }  # fmt: skip
        other = rng.choice([one for one in (f"incident-{n}" for n in range(1, 9)) if one != name])
        event: AlertEvent = rng.choices(
            [an_update(**state), an_alert(**state), a_withdrawal(name, version), a_merge(name, other, version),
             a_split(name, (name, other)).model_copy(update={"version": version})],
            [12, 4, 2, 1, 1],
        )[0]  # fmt: skip
        found.append((timedelta(minutes=rng.randint(1, 400)), event))
    return found


def drawn_entry(rng: random.Random) -> OfficialEntry:
    return an_entry(
        channels=rng.choice([["telegram"], ["email"], ["telegram", "email"]]),
        zone=rng.choice(["Asia/Makassar", "Asia/Dili", "Asia/Jayapura"]),
        quiet=rng.choice([None, {"from": "21:00", "to": "05:30"}]),
        max_pushes_a_day=rng.choice([None, 0, 2]),
        digest=rng.choice([{"at": ["06:30", "16:00"]}, {"every": "2h"}]),
        subscriptions=[{"regions": ["ID-NT"], "min_severity": rng.choice([0, 1, 3])}],
    )


async def live(
    world: World, entry: OfficialEntry, events: list[tuple[timedelta, AlertEvent]]
) -> list[tuple[Any, ...]]:
    """Let the service live through the events, minute by minute where a digest could be due; what came."""
    await world.add(entry)
    for pause, event in events:
        until = world.now + pause
        while (due := await next_due(world)) is not None and due <= until:
            world.now = due
            await world.send_digests()
        world.now = until
        await world.hear(event)
        await world.send()
    return [(m.action, m.subject) for m in (*world.telegram.sent, *world.email.sent)]


async def next_due(world: World) -> datetime | None:
    def work(conn: sa.Connection) -> datetime | None:
        due = conn.execute(sa.select(sa.func.min(DELIVERY.c.due_at)).where(DELIVERY.c.state == "planned")).scalar()
        return datetime.fromtimestamp(due, UTC) if due is not None else None

    return await world.store.read(work)


@pytest.mark.parametrize("number", range(2))
async def test_what_would_have_come_is_what_came(world: World, seed: int, number: int) -> None:
    rng = random.Random(seed * 10 + number)
    entry, events = drawn_entry(rng), drawn_events(rng, 20)
    came = await live(world, entry, events)

    def work(conn: sa.Connection) -> list[tuple[Any, ...]]:
        log = alert_log.read_log(conn, NOON, world.now + timedelta(seconds=1))
        played = play(entry.spec(), Wishes(), log, world.now)
        channels = ("telegram", "email")
        by_channel = sorted(played.happenings, key=lambda one: channels.index(one.channel))
        return [(one.action, one.subject) for one in by_channel]

    assert await world.store.read(work) == came


async def test_playing_changes_nothing(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(), an_alert(incident_id="low", severity=Severity.LOW))

    def everything(conn: sa.Connection) -> list[Any]:
        names = sa.inspect(conn).get_table_names()
        return [conn.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in sorted(names)]

    before = await world.store.read(everything)
    log = await world.store.read(lambda conn: list(alert_log.read_log(conn, NOON, NOON + timedelta(days=1))))
    assert len(play(an_entry().spec(), Wishes(), log, NOON + timedelta(days=2)).happenings) == 2
    assert await world.store.read(everything) == before


async def test_the_log_is_read_in_pages_in_order_and_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_log, "_AT_ONCE", 3)
    for n in range(20):
        await world.hear(an_alert(incident_id=f"incident-{n:02}"))
        if n % 7 == 0:
            world.pass_time(minutes=1)
    read = await world.store.read(
        lambda conn: [one.event.incident_id for one in alert_log.read_log(conn, NOON, NOON + timedelta(days=1))]
    )
    assert read == [f"incident-{n:02}" for n in range(20)]


async def test_synthetic_and_repeated_events_are_not_in_the_log(world: World) -> None:
    await world.hear(an_alert())
    await world.hear(an_alert(), make_canary(NOON))
    kept = await world.store.read(lambda conn: [row.alert_id for row in conn.execute(sa.select(ALERT_LOG))])
    assert kept == ["incident-1.1"]
    assert canary.EVERY_S == 900


async def test_what_is_older_than_it_is_kept_is_taken_out(world: World) -> None:
    await world.hear(an_alert())
    world.pass_time(days=90, hours=1)
    await world.hear(an_alert(incident_id="incident-2"))
    await LogKeeper(world.store, lambda: world.now, timedelta(days=90))()
    kept = await world.store.read(lambda conn: [row.alert_id for row in conn.execute(sa.select(ALERT_LOG))])
    assert kept == ["incident-2.1"]


# The command line -----------------------------------------------------------------------------


@pytest.fixture
async def store(world: World) -> World:
    """Three days of alerts up to now, in the file that the command line opens."""
    world.now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
    for n in range(6):
        severity = Severity.HIGH if n % 2 else Severity.LOW
        published = {"published_at": world.now, "last_changed_at": world.now}
        await world.hear(an_alert(incident_id=f"incident-{n}", severity=severity, **published))
        world.pass_time(hours=11)
    return world


def run(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(backtest_command, [*arguments, "--data", str(world.folder)])


async def test_a_made_up_subscription_is_shown_day_by_day(store: World) -> None:
    shown = run(store, "--region", "ID-NT", "--zone", "Asia/Makassar")
    assert shown.exit_code == 0, shown.output
    assert "6 alert events, 6 of them concern this subscription" in shown.output
    assert "pushes a day" in shown.output
    assert "TINGGI | Pekerja migran nonprosedural" in shown.output


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])  # at any time one has another day
async def test_the_days_are_those_of_the_zone(store: World, zone: str) -> None:
    shown = run(store, "--region", "ID-NT", "--zone", zone).output
    days = [line.split()[0] for line in shown.splitlines() if line.startswith("20")]
    assert days[0] == days[1]
    assert shown.startswith(f"{days[1]} to {days[-1]}, days in {zone}")


async def test_the_json_holds_every_message_and_adds_up(store: World) -> None:
    found = json.loads(run(store, "--region", "ID-NT", "--json").output)
    assert found["total"]["pushes"] == 3
    assert found["total"]["incidents listed"] >= 2
    assert sum(day["pushes"] for day in found["days"]) == 3
    assert len([m for m in found["messages"] if m["action"] == "push"]) == 3


OPTIONS = [
    (("--min-severity", "4"), 0), (("--topic", Topic.DRUG_TRAFFICKING.value), 0), (("--max-pushes", "1"), 2),
    (("--quiet", "00:00-23:59"), 0), (("--days", "1"), 1),
]  # fmt: skip


async def test_options_change_what_would_have_come(store: World) -> None:
    for options, pushes in OPTIONS:
        found = json.loads(run(store, "--region", "ID-NT", "--json", *options).output)
        assert found["total"]["pushes"] == pushes, options


async def test_an_officials_own_subscription_with_own_choices_is_played(store: World) -> None:
    [official_id] = await store.add(an_entry(subscriptions=[{"regions": ["ID-NT"]}]))
    assert json.loads(run(store, official_id[:8], "--json").output)["total"]["pushes"] == 3
    assert json.loads(run(store, official_id, "--region", "KH", "--json").output)["total"]["pushes"] == 0


MISTAKES = [
    ((), "--region"), (("nobody",), "is not known"), (("--region", "ZZ"), "reserved"), (("--region", "Indonesia"), "--region"),
    (("--region", "ID", "--quiet", "21:00"), "--quiet"), (("--region", "ID", "--zone", "Mars"), "zone"),
    (("--region", "ID", "--digest", "25:00"), "digest"),
]  # fmt: skip


async def test_a_mistake_is_named(store: World) -> None:
    for arguments, said in MISTAKES:
        failed = run(store, *arguments)
        assert isinstance(failed.exception, OperatorError), arguments
        assert said in str(failed.exception)


# Corrections ----------------------------------------------------------------------------------


async def corrected(world: World, kind: str, version: int = 1) -> None:
    def work(conn: sa.Connection) -> None:
        values = {"official_id": "o" * 32, "incident_id": "incident-1", "version": version, "kind": kind}
        conn.execute(sa.insert(CORRECTION).values(**values, at=world.now.timestamp()))

    await world.store.write(work)


async def test_each_press_is_a_label_with_what_was_wrong_at_that_version(world: World, tmp_path: Path) -> None:
    await world.hear(an_alert())
    await corrected(world, "wr")
    await corrected(world, "nr")
    await world.hear(an_update(places=(a_place("KH-1"),)))
    shown = CliRunner().invoke(corrections_command, ["export", "--data", str(world.folder)])
    lines = [json.loads(line) for line in shown.output.splitlines()]
    assert {(one["field"], str(one["wrong"]), one["right"]) for one in lines} == {
        ("regions", "['ID-NT']", None), ("relevant", "True", False),
    }  # fmt: skip
    assert all(one["story_ids"] == [STORY] and one["official_id"] == "o" * 32 for one in lines)
    path = tmp_path / "corrections.jsonl"
    path.write_text(shown.output)
    assert len(read_lines(path)) == 2


async def test_a_muted_incident_is_no_correction(world: World) -> None:
    await world.hear(an_alert())
    await corrected(world, "mu")
    shown = CliRunner().invoke(corrections_command, ["export", "--data", str(world.folder)])
    assert shown.output == ""


def an_answer(*, relevant: bool = True, regions: tuple[str, ...] = ("ID-NT",)) -> tuple[Gold, Answer]:
    gold = Gold(STORY, "", "id", relevant=True)
    return gold, Answer(relevant, regions=frozenset(regions))


@pytest.mark.parametrize(("answer", "row", "still"), [
    (an_answer(), {"field": "relevant", "wrong": True}, True),
    (an_answer(relevant=False), {"field": "relevant", "wrong": True}, False),
    (an_answer(), {"field": "regions", "wrong": ["ID-NT"]}, True),
    (an_answer(regions=("ID-NB",)), {"field": "regions", "wrong": ["ID-NT"]}, False),
])  # fmt: skip
def test_a_correction_is_still_said_or_no_longer(
    answer: tuple[Gold, Answer], row: dict[str, Any], still: bool
) -> None:
    [judged] = judge([answer], [row | {"story_ids": [STORY, "another"]}])
    assert judged.still is still


@pytest.mark.parametrize("line", [
    "{", "[]", '{"field": "severity", "wrong": 3, "story_ids": []}', '{"field": "relevant", "wrong": "x", "story_ids": []}',
    '{"field": "relevant", "wrong": true, "story_ids": [1]}', '{"field": "relevant", "wrong": true}',
])  # fmt: skip
def test_a_line_that_is_no_correction_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "corrections.jsonl"
    path.write_text('\n{"field": "relevant", "wrong": true, "story_ids": []}\n' + line)
    with pytest.raises(OperatorError, match=r"corrections.jsonl:3"):
        read_lines(path)
