"""Updates, withdrawals and merges that come while a message is on its way, or before it could leave."""

from __future__ import annotations

import pytest

from services.contracts.alert import AlertEvent, IncidentMerged
from services.contracts.codes import Severity
from services.contracts.delivery import Action
from services.contracts.tagging import Facts
from services.notifier import roster
from services.notifier.actions import mute
from services.notifier.channels.base import Outgoing, Receipt
from services.notifier.core.card import Card
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.core.wishes import Wishes
from services.notifier.roster import Standing
from tests.notifier.builders import a_merge, a_number, a_withdrawal, an_alert, an_entry, an_update
from tests.notifier.world import FakeChannel, World, refusal

DOWN = refusal(Verdict.TRANSIENT, Reason.NOT_CONNECTED)


class Interrupted(FakeChannel):
    """Something is heard of while the first message is on its way."""

    def __init__(self, world: World, *meanwhile: AlertEvent, arrives: bool) -> None:
        super().__init__(answers=[] if arrives else [DOWN])
        self._world = world
        self._meanwhile = list(meanwhile)

    async def send(self, message: Outgoing) -> Receipt:
        if self._meanwhile:
            await self._world.hear(*self._meanwhile)
            self._meanwhile = []
        return await super().send(message)


async def interrupted(
    world: World, *meanwhile: AlertEvent, severity: Severity = Severity.HIGH, arrives: bool = False
) -> Interrupted:
    """A push whose first attempt fails for now, and what was heard of during it."""
    channel = Interrupted(world, *meanwhile, arrives=arrives)
    world.telegram = channel
    world.channels["telegram"] = channel
    world.dispatcher = world.a_dispatcher()
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=severity))
    await world.send()
    return channel


def told(channel: FakeChannel) -> list[tuple[str, str]]:
    return [(m.action, m.body.sentence if isinstance(m.body, Card) else "") for m in channel.sent]


async def test_a_push_that_failed_while_its_incident_changed_says_the_present_state_once(world: World) -> None:
    channel = await interrupted(world, an_update(facts=Facts(victims=(a_number(13),))))
    for _ in range(4):
        world.pass_time(hours=6)
        await world.send_digests()
    assert [action for action, _ in told(channel)] == [Action.PUSH]
    assert "13 korban" in told(channel)[0][1]


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
async def test_a_push_that_failed_is_not_lost_to_the_digest_by_a_second_update(
    world: World, severity: Severity
) -> None:
    channel = await interrupted(
        world, an_update(facts=Facts(victims=(a_number(13),)), severity=severity), severity=severity
    )
    await world.hear(an_update(version=3, facts=Facts(victims=(a_number(14),)), severity=severity))
    world.pass_time(minutes=1)
    await world.send()
    assert [action for action, _ in told(channel)] == [Action.PUSH]
    assert "14 korban" in told(channel)[0][1]


async def test_a_push_that_failed_is_not_sent_once_its_incident_was_withdrawn(world: World) -> None:
    channel = await interrupted(world, a_withdrawal())
    for _ in range(4):
        world.pass_time(hours=6)
        await world.send_digests()
    assert channel.sent == []


async def test_an_incident_that_is_reported_again_after_such_a_withdrawal_is_news(world: World) -> None:
    channel = await interrupted(world, a_withdrawal())
    world.pass_time(minutes=1)
    await world.send()
    await world.hear(an_update(version=3))
    await world.send()
    assert [action for action, _ in told(channel)] == [Action.PUSH]


async def test_what_was_heard_during_a_push_that_arrived_edits_it(world: World) -> None:
    channel = await interrupted(world, an_update(facts=Facts(victims=(a_number(13),))), arrives=True)
    assert [action for action, _ in told(channel)] == [Action.PUSH, Action.EDIT]


async def test_a_push_called_off_while_all_is_muted_is_told_afterwards(world: World) -> None:
    world.telegram.answers = [DOWN]
    [official_id] = await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await world.send()
    until = world.now.timestamp() + 3600
    await world.store.write(lambda conn: mute(conn, official_id, "*", until))
    await world.hear(an_update())
    world.pass_time(hours=2)
    await world.hear(an_update(version=3))
    await world.send()
    assert [m.action for m in world.telegram.sent] == [Action.PUSH]


async def test_a_digest_made_before_its_official_was_suspended_ends_with_all_it_held(world: World) -> None:
    [official_id] = await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.LOW))
    world.pass_time(hours=12)
    await world.dispatcher.close_digests()
    await world.store.write(lambda conn: roster.set_standing(conn, official_id, Standing.SUSPENDED, "test", 1.0))
    await world.send()
    assert world.telegram.sent == []
    assert [s[1:] for s in await world.states()] == [
        ("digest", "refused", Reason.OFFICIAL_SUSPENDED),
        ("digest", "suppressed", Reason.OFFICIAL_SUSPENDED),
    ]


async def switch_off(world: World, official_id: str, region: str) -> None:
    wishes = Wishes(regions_off=frozenset({region}))
    await world.store.write(lambda conn: roster.keep_wishes(conn, official_id, wishes, world.now.timestamp()))


TWO_REGIONS = {"channels": ["telegram"], "subscriptions": [{"regions": ["ID-NT", "ID-KU"]}]}


@pytest.mark.parametrize("severity", [Severity.LOW, Severity.HIGH])
@pytest.mark.parametrize(("region", "heard"), [("ID-NT", 0), ("ID-KU", 1)])
async def test_what_waits_of_a_region_switched_off_meanwhile_is_not_told(
    world: World, severity: Severity, region: str, heard: int
) -> None:
    world.telegram.answers = [DOWN] if severity is Severity.HIGH else []
    [official_id] = await world.add(an_entry(**TWO_REGIONS))
    await world.hear(an_alert(severity=severity))
    await world.send()
    await switch_off(world, official_id, region)
    assert len(await told_in_two_days(world)) == heard
    if not heard:
        assert [s[2:] for s in await world.states()] == [("suppressed", Reason.NO_LONGER_YOURS)]


async def test_what_was_told_is_put_right_though_its_region_was_switched_off_meanwhile(world: World) -> None:
    [official_id] = await world.add(an_entry(**TWO_REGIONS))
    await world.hear(an_alert(severity=Severity.LOW))
    world.pass_time(hours=12)
    await world.send_digests()
    await world.hear(a_withdrawal())
    await switch_off(world, official_id, "ID-NT")
    assert (await told_in_two_days(world))[1:] == ["digest"]


HEARD_OF_A_MERGE: dict[str, list[AlertEvent]] = {
    "the other one's new state first": [
        an_update(incident_id="incident-2", aliases=("incident-1",)),
        a_merge("incident-1", "incident-2"),
    ],
    "the merge first": [
        a_merge("incident-1", "incident-2"),
        an_update(incident_id="incident-2", aliases=("incident-1",)),
    ],
}


async def told_in_two_days(world: World) -> list[str]:
    await world.send()
    for _ in range(4):
        world.pass_time(hours=12)
        await world.send_digests()
    return [m.action for m in world.telegram.sent]


@pytest.mark.parametrize("order", HEARD_OF_A_MERGE)
@pytest.mark.parametrize(("severity", "heard"), [(Severity.HIGH, "push"), (Severity.LOW, "digest")])
async def test_what_waits_is_told_once_under_the_incident_it_became(
    world: World, order: str, severity: Severity, heard: str
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=severity))
    for event in HEARD_OF_A_MERGE[order]:
        await world.hear(
            event if isinstance(event, IncidentMerged) else event.model_copy(update={"severity": severity})
        )
    assert await told_in_two_days(world) == [heard]
    assert {state for _, _, state, _ in await world.states("incident-1")} == {"suppressed"}


@pytest.mark.parametrize("order", HEARD_OF_A_MERGE)
async def test_what_was_told_before_the_merge_is_not_told_again(world: World, order: str) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await world.send()
    for event in HEARD_OF_A_MERGE[order]:
        await world.hear(event)
    first, *later = await told_in_two_days(world)
    assert first == "push" and "push" not in later


@pytest.mark.parametrize("order", HEARD_OF_A_MERGE)
async def test_who_knows_the_lesser_of_two_merged_incidents_is_pushed_the_graver_that_waited(
    world: World, order: str
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(incident_id="incident-2"))
    await world.send()
    await world.hear(an_alert(severity=Severity.CRITICAL))
    for event in HEARD_OF_A_MERGE[order]:
        critical = {"severity": Severity.CRITICAL}
        await world.hear(event if isinstance(event, IncidentMerged) else event.model_copy(update=critical))
    assert await told_in_two_days(world) == ["push", "push"]


@pytest.mark.parametrize("order", HEARD_OF_A_MERGE)
async def test_an_outcome_nobody_saw_is_not_pushed_again_by_a_merge(world: World, order: str) -> None:
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await world.send()
    for event in HEARD_OF_A_MERGE[order]:
        await world.hear(event)
    assert await told_in_two_days(world) == ["digest"]
