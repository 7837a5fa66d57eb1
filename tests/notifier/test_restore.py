"""A backup put back is completed from the topic before anything is sent: nothing goes out twice."""

from __future__ import annotations

import gc
import random
import shutil
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity
from services.contracts.delivery import Action, DeliveryRecorded, Outcome
from services.notifier.completing import complete, keep_unknown, settle_kept
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.runtime.embedded import EmbeddedProcess
from tests.notifier.builders import NOON, an_alert, an_entry
from tests.notifier.process import ROOT, notifying
from tests.notifier.world import World, refusal


def back_up(folder: Path) -> None:
    with (
        closing(sqlite3.connect(folder / "notifier.sqlite3")) as now,
        closing(sqlite3.connect(folder / "backup")) as kept,
    ):
        now.backup(kept)


def put_back(folder: Path) -> None:
    for path in folder.glob("notifier.sqlite3*"):
        path.unlink()
    shutil.copy(folder / "backup", folder / "notifier.sqlite3")


async def restored(world: World, folder: Path) -> World:
    """The world after its backup was put back and completed from what had been announced."""
    announced = await world.published()
    await world.close()
    put_back(folder)
    again = World(folder, world.channels)
    again.telegram, again.email, again.now = world.telegram, world.email, world.now
    await again.store.write(lambda conn: complete(conn, announced, again.now))
    await again.dispatcher.recover()
    return again


async def test_what_was_sent_after_the_backup_is_not_sent_again(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    back_up(tmp_path)  # decided, not yet sent
    await world.send()
    again = await restored(world, tmp_path)
    await again.send()
    assert len(again.telegram.sent) == 1
    assert [s[2] for s in await again.states()] == ["accepted"]
    await again.close()


async def test_what_was_not_announced_is_still_sent(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    back_up(tmp_path)
    again = await restored(world, tmp_path)
    await again.send()
    assert len(again.telegram.sent) == 1
    await again.close()


async def test_what_was_decided_after_the_backup_is_known_and_not_pushed_when_it_is_read_again(
    world: World, tmp_path: Path
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    back_up(tmp_path)
    await world.hear(an_alert())
    await world.send()
    again = await restored(world, tmp_path)
    await again.hear(an_alert())
    await again.send()
    assert len(again.telegram.sent) == 1
    await again.close()


async def test_an_intent_without_an_outcome_is_unknown_and_listed(world: World, tmp_path: Path) -> None:
    [official_id] = await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    intent = DeliveryRecorded(
        occurred_at=NOON, subject="incident-1.1", incident_id="incident-1", official_id=official_id,
        channel="telegram", action=Action.PUSH, outcome=Outcome.INTENDED, reason="high_severity", attempt=1,
    )  # fmt: skip
    assert await world.store.write(lambda conn: complete(conn, [intent], world.now)) == 1
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.DIGEST]


async def test_a_digest_that_arrived_is_not_listed_again(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.LOW))
    back_up(tmp_path)
    world.pass_time(hours=12)
    await world.send_digests()
    again = await restored(world, tmp_path)
    again.pass_time(hours=24)
    await again.send_digests()
    assert len(again.telegram.sent) == 1
    await again.close()


@pytest.mark.parametrize("verdict", [Verdict.TRANSIENT, Verdict.PERMANENT, Verdict.UNKNOWN])
async def test_completing_a_ledger_that_is_complete_changes_nothing(world: World, verdict: Verdict) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(verdict, Reason.SERVER_BUSY)]
    await world.hear(
        an_alert(), an_alert(incident_id="incident-2"), an_alert(incident_id="low", severity=Severity.LOW)
    )
    await world.send()
    before = [await world.states(name) for name in ("incident-1", "incident-2", "low")]
    announced = await world.published()
    assert announced
    assert await world.store.write(lambda conn: complete(conn, announced, world.now)) == 0
    assert [await world.states(name) for name in ("incident-1", "incident-2", "low")] == before


def an_event(number: int, outcome: Outcome, attempt: int = 1) -> DeliveryRecorded:
    return DeliveryRecorded(
        occurred_at=NOON, subject=f"incident-{number}.1", incident_id=f"incident-{number}", official_id="o" * 32,
        channel="telegram", action=Action.PUSH, outcome=outcome, reason="high_severity", attempt=attempt,
    )  # fmt: skip


async def test_what_is_read_in_parts_is_what_is_read_at_once(world: World, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    outcomes = [Outcome.INTENDED, Outcome.REFUSED, Outcome.INTENDED, rng.choice(list(Outcome))]
    each = [[an_event(n, outcome, 1 + step // 2) for step, outcome in enumerate(outcomes)] for n in range(40)]
    events = [event for step in range(4) for event in rng.sample([steps[step] for steps in each], 40)]
    other = World(tmp_path / "other")
    await other.store.write(lambda conn: complete(conn, events, NOON))
    while events:
        part = [events.pop(0) for _ in range(min(len(events), rng.randint(1, 30)))]
        await world.store.write(lambda conn, p=part: keep_unknown(conn, p))
    while await world.store.write(lambda conn: settle_kept(conn, NOON, 7)):
        pass
    for number in range(40):
        assert await world.states(f"incident-{number}") == await other.states(f"incident-{number}")
    assert len(await world.states("incident-0")) == 1
    await other.close()


async def test_a_restore_that_was_cut_off_is_finished_by_the_next(world: World) -> None:
    first = [an_event(n, Outcome.INTENDED) for n in range(10)]
    await world.store.write(lambda conn: keep_unknown(conn, first))
    await world.store.write(lambda conn: settle_kept(conn, NOON, 3))
    again = [*first, *[an_event(n, Outcome.ACCEPTED) for n in range(3, 10)]]
    await world.store.write(lambda conn: complete(conn, again, NOON))
    states = [(await world.states(f"incident-{n}"))[0][2] for n in range(10)]
    assert states == ["unknown"] * 3 + ["accepted"] * 7


async def test_ten_times_the_topic_takes_no_ten_times_the_memory(world: World) -> None:
    batch = 10

    def peak(count: int, begin: int) -> int:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]

        def work(conn: sa.Connection) -> None:
            for start in range(begin, begin + count, batch):
                keep_unknown(conn, [an_event(n, Outcome.ACCEPTED) for n in range(start, start + batch)])
                gc.collect()
            while settle_kept(conn, NOON, batch):
                gc.collect()

        with world.store.engine.begin() as conn:
            work(conn)
        return tracemalloc.get_traced_memory()[1] - before

    gc.freeze()  # what was there before is not looked through each time
    tracemalloc.start()
    try:
        peak(batch, 0)  # what is compiled and cached once
        small, large = peak(batch, 10_000), peak(10 * batch, 20_000)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    assert large < 3 * small, "holding it all would take ten times as much"


async def test_a_process_on_an_old_backup_reads_the_topic_before_it_sends(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    officials = ROOT / "seeds" / "officials.demo.yaml"
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, officials) as one:
        one.start()
        await one.until(lambda: '"running"' in one.log)
        back_up(tmp_path)
        await one.publish([an_alert(incident_id=f"incident-{n}") for n in range(5)])
        await one.until(lambda: one.states()["accepted"] >= 5)
        one.kill()
        shown = one.copies()
        put_back(tmp_path)
        one.start()
        await one.until(lambda: one.log.count('"running"') == 2)
        await one.until(lambda: "ledger completed from the topic" in one.log)
        await one.publish([an_alert(incident_id=f"incident-{n}") for n in range(5)])
        await one.publish([an_alert(incident_id="after")])
        await one.until(lambda: any("AFTER" in m.shown for m in one.bot.chats.messages.values()))
        again = {key: count for key, count in one.copies().items() if "AFTER" not in key[1]}
        assert again == dict(shown)
