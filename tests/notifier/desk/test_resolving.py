"""A person's word on an outcome nobody could see: counted once, in the audit, and never a blind repeat."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity
from services.contracts.delivery import Action, Outcome
from services.notifier import audit, queries
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.resolving import Key, Word, resolve
from services.notifier.tables import AUDIT
from tests.notifier.builders import NIGHT, a_withdrawal, an_alert, an_entry, an_update
from tests.notifier.world import World, refusal

ACTOR = "official approver"


async def lost(world: World, **entry: object) -> Key:
    """A push whose answer never came."""
    await world.add(an_entry(channels=["telegram"], **entry))
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert())
    await world.send()
    (one,) = await world.store.read(queries.parked)
    return one.subject, one.official_id, one.channel, one.action


async def say(world: World, key: Key, word: Word) -> bool:
    return await world.store.write(lambda conn: resolve(conn, key, word, ACTOR, world.now))


async def words_in_audit(world: World) -> int:
    query = sa.select(sa.func.count()).where(AUDIT.c.deed == "unknown delivery resolved", AUDIT.c.actor == ACTOR)
    return int(await world.store.read(lambda conn: conn.execute(query).scalar_one()))


async def test_what_arrived_is_accepted_and_not_told_again_in_the_digest(world: World) -> None:
    key = await lost(world)
    assert await say(world, key, Word.ARRIVED)
    assert await world.states() == [
        ("telegram", "push", "accepted", "said_to_have_arrived"),
        ("telegram", "digest", "suppressed", "said_to_have_arrived"),
    ]
    world.pass_time(hours=24)
    await world.send_digests()
    assert world.telegram.sent == []
    assert (await world.published())[-2].outcome is Outcome.ACCEPTED


async def test_what_did_not_arrive_is_sent_again_as_a_new_attempt(world: World) -> None:
    key = await lost(world)
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    (message,) = world.telegram.sent
    assert "salinan kedua" in message.body.banner.lower()  # type: ignore[union-attr]
    push = next(one for one in await world.deliveries() if one.action == "push")
    assert (push.state, push.attempts) == ("accepted", 2)
    told = [(d.outcome, d.reason, d.attempt) for d in await world.published() if d.action == "push"]
    assert told[1:] == [
        (Outcome.UNKNOWN, "no_readable_answer", 1),
        (Outcome.REFUSED, "said_not_to_have_arrived", 1),
        (Outcome.INTENDED, "high_severity", 2),
        (Outcome.ACCEPTED, "accepted_by_channel", 2),
    ]
    attempts = await world.store.read(lambda conn: queries.attempts_of(conn, key[0]))
    assert "sent_again_by_a_person" in {one.reason for one in attempts}


@pytest.mark.parametrize("first", list(Word))
@pytest.mark.parametrize("second", list(Word))
async def test_a_second_press_does_nothing(world: World, first: Word, second: Word) -> None:
    key = await lost(world)
    assert await say(world, key, first)
    await world.send()
    before, sent = await world.states(), len(world.telegram.sent)
    assert not await say(world, key, second)
    await world.send()
    assert (await world.states(), len(world.telegram.sent)) == (before, sent)
    assert await words_in_audit(world) == 1


async def test_two_presses_before_anything_is_sent_send_one_message(world: World) -> None:
    key = await lost(world)
    assert await say(world, key, Word.NOT_ARRIVED)
    assert not await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    assert len(world.telegram.sent) == 1


@pytest.mark.parametrize("word", list(Word))
async def test_what_was_accepted_or_never_was_is_not_resolved(world: World, word: Word) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await world.send()
    (one,) = await world.deliveries()
    assert not await say(world, (one.subject, one.official_id, one.channel, one.action), word)
    assert not await say(world, ("nothing.1", one.official_id, one.channel, one.action), word)
    assert (await world.states(), len(world.telegram.sent)) == ([("telegram", "push", "accepted", one.reason)], 1)
    assert await words_in_audit(world) == 0


async def test_the_word_is_in_the_audit_with_its_speaker_and_the_chain_holds(world: World) -> None:
    key = await lost(world)
    await say(world, key, Word.ARRIVED)
    assert await words_in_audit(world) == 1
    assert await world.store.read(audit.first_broken) is None


async def test_after_it_arrived_a_changed_fact_is_news_again_and_the_same_is_not(world: World) -> None:
    key = await lost(world)
    await say(world, key, Word.ARRIVED)
    assert Reason.NOTHING_NEW in await world.hear(an_update())
    given = await world.hear(an_update(version=3, severity=Severity.CRITICAL))
    assert Reason.SEVERITY_ROSE in given


async def test_what_is_sent_again_and_lost_again_can_be_resolved_again(world: World) -> None:
    key = await lost(world)
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    assert len(await world.store.read(queries.parked)) == 1
    assert await say(world, key, Word.ARRIVED)
    assert await world.store.read(queries.parked) == []


async def test_a_digest_that_did_not_arrive_is_not_repeated_since_its_incidents_are_in_the_next(
    world: World,
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.MEDIUM))
    world.pass_time(hours=24)
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.send_digests()
    (digest,) = await world.store.read(queries.parked)
    key = (digest.subject, digest.official_id, digest.channel, digest.action)
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(hours=24)
    await world.send_digests()
    assert len(world.telegram.sent) == 1


async def sent_again(world: World) -> None:
    key = await lost(world)
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]


async def test_what_was_sent_again_is_not_told_again_in_the_digest(world: World) -> None:
    await sent_again(world)
    world.pass_time(hours=24)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]
    told = [(d.outcome, d.reason) for d in await world.published() if d.action == "digest"]
    assert told == [(Outcome.SUPPRESSED, "sent_again_by_a_person")]


async def test_what_was_sent_again_is_taken_back_when_it_is_withdrawn(world: World) -> None:
    await sent_again(world)
    assert await world.hear(a_withdrawal()) == {Reason.WITHDRAWN: 1}
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH, Action.WITHDRAW]


async def test_what_waits_to_be_sent_again_is_never_heard_of_when_it_is_withdrawn(world: World) -> None:
    key = await lost(world)
    assert await say(world, key, Word.NOT_ARRIVED)
    assert await world.hear(a_withdrawal()) == {Reason.WITHDRAWN_UNSENT: 1}
    await world.send()
    world.pass_time(hours=24)
    await world.send_digests()
    assert world.telegram.sent == []


async def test_what_is_sent_again_and_lost_again_is_listed_in_the_digest(world: World) -> None:
    key = await lost(world)
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    world.pass_time(hours=24)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.DIGEST]


async def test_what_may_not_be_sent_again_at_night_is_listed_in_the_digest(world: World) -> None:
    key = await lost(world, quiet={"from": "21:00", "to": "05:30"})
    world.pass_time(seconds=(NIGHT - world.now).total_seconds())
    assert await say(world, key, Word.NOT_ARRIVED)
    await world.send()
    assert world.telegram.sent == []
    world.pass_time(hours=24)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == [Action.DIGEST]
