"""A backup put back is completed from the topic before anything is sent: nothing goes out twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.contracts.codes import Severity
from services.contracts.delivery import Action, DeliveryRecorded, Outcome
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.restore import complete
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
