"""A backup older than a refusal for now or a person's word: nothing is lost, and nothing goes out twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.resolving import Key, Word, resolve
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.test_restore import back_up, restored
from tests.notifier.world import World, refusal

FOR_NOW = (Verdict.TRANSIENT, Reason.SERVER_BUSY)
FOR_EVER = (Verdict.PERMANENT, Reason.REJECTED)


async def refused(world: World, folder: Path, how: tuple[Verdict, Reason], *, decided: bool) -> World:
    """A push refused after the backup, which holds its decision or does not."""
    await world.add(an_entry(channels=["telegram"]))
    if not decided:
        back_up(folder)
    await world.hear(an_alert())
    if decided:
        back_up(folder)
    world.telegram.answers = [refusal(*how)]
    await world.send()
    return await restored(world, folder)


@pytest.mark.parametrize("decided", [True, False])
async def test_what_was_refused_for_now_is_tried_again(world: World, tmp_path: Path, decided: bool) -> None:
    again = await refused(world, tmp_path, FOR_NOW, decided=decided)
    await again.send()
    await again.hear(an_alert())
    await again.send()
    assert len(again.telegram.sent) == 1
    (push,) = await again.deliveries()
    assert (push.state, push.attempts) == ("accepted", 2)
    await again.close()


@pytest.mark.parametrize("decided", [True, False])
async def test_what_was_refused_for_ever_is_not_tried_again(world: World, tmp_path: Path, decided: bool) -> None:
    again = await refused(world, tmp_path, FOR_EVER, decided=decided)
    await again.hear(an_alert())
    again.pass_time(hours=30)
    await again.send()
    assert again.telegram.sent == []
    assert [state[2] for state in await again.states()] == ["refused"]
    await again.close()


async def lost(world: World) -> Key:
    """A push whose answer never came."""
    await world.add(an_entry(channels=["telegram"]))
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert())
    await world.send()
    push = next(one for one in await world.deliveries() if one.action == "push")
    return push.subject, push.official_id, push.channel, push.action


async def say(world: World, key: Key, word: Word) -> bool:
    return await world.store.write(lambda conn: resolve(conn, key, word, "official approver", world.now))


@pytest.mark.parametrize("second", list(Word))
async def test_what_was_sent_again_after_the_backup_cannot_be_sent_a_third_time(
    world: World, tmp_path: Path, second: Word
) -> None:
    key = await lost(world)
    back_up(tmp_path)
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    again = await restored(world, tmp_path)
    assert not await say(again, key, second)
    again.pass_time(minutes=1)
    await again.send()
    again.pass_time(hours=24)
    await again.send_digests()
    assert len(again.telegram.sent) == 1
    assert [state[2] for state in await again.states()] == ["accepted", "suppressed"]
    await again.close()


async def test_what_was_said_to_have_arrived_after_the_backup_is_not_sent_again(
    world: World, tmp_path: Path
) -> None:
    key = await lost(world)
    back_up(tmp_path)
    assert await say(world, key, Word.ARRIVED)
    again = await restored(world, tmp_path)
    assert not await say(again, key, Word.NOT_ARRIVED)
    await again.send()
    again.pass_time(hours=24)
    await again.send_digests()
    assert again.telegram.sent == []
    await again.close()


@pytest.mark.parametrize("known", ["nothing", "decision", "loss"])
async def test_what_was_said_not_to_have_arrived_is_still_sent_again(
    world: World, tmp_path: Path, known: str
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    if known == "nothing":
        back_up(tmp_path)
    await world.hear(an_alert())
    if known == "decision":
        back_up(tmp_path)
    key = await lost(world)
    if known == "loss":
        back_up(tmp_path)
    assert await say(world, key, Word.NOT_ARRIVED)
    again = await restored(world, tmp_path)
    await again.hear(an_alert())
    again.pass_time(minutes=1)  # the pace of the process before is kept
    await again.send()
    assert len(again.telegram.sent) == 1
    assert ("telegram", "push", "accepted", "accepted_by_channel") in await again.states()
    await again.close()


async def test_what_is_lost_and_unresolved_is_not_sent_again(world: World, tmp_path: Path) -> None:
    key = await lost(world)
    back_up(tmp_path)
    again = await restored(world, tmp_path)
    again.pass_time(minutes=1)
    await again.send()
    assert again.telegram.sent == []
    assert await say(again, key, Word.NOT_ARRIVED), "it still waits for somebody's word"
    await again.close()


async def test_what_was_sent_again_and_lost_again_waits_for_a_word_on_that_attempt(
    world: World, tmp_path: Path
) -> None:
    key = await lost(world)
    back_up(tmp_path)
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    again = await restored(world, tmp_path)
    push = next(one for one in await again.deliveries() if one.action == "push")
    assert (push.state, push.attempts) == ("parked", 2)
    await again.close()
