"""What operators see of deliveries: both parts of the latency, what was not seen to arrive, what was corrected."""

from __future__ import annotations

from datetime import timedelta

from services.notifier import queries
from services.notifier.actions import Said, carry_out
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.notifier.sender import About
from services.runtime.spans import ATTRIBUTES
from tests.notifier.builders import NOON, an_alert, an_entry
from tests.notifier.world import World, refusal


def shown(world: World, name: str, **labels: str) -> float | None:
    return world.metrics.registry.get_sample_value(f"siaga_{name}", labels)


async def measure(world: World) -> None:
    now = world.now.timestamp()
    world.metrics.set_waiting(await world.store.read(lambda conn: queries.waiting(conn, now)))


async def test_latency_is_shown_in_the_outlets_part_and_ours(world: World) -> None:
    await world.add(an_entry())
    read_at = NOON - timedelta(seconds=40)
    await world.hear(an_alert(published_at=NOON - timedelta(minutes=30), fetched_at=read_at, occurred_at=NOON))
    await world.send()
    labels = {"channel": "telegram", "priority": "push"}
    assert shown(world, "published_to_accepted_seconds_sum", **labels) == 1800
    assert shown(world, "fetched_to_accepted_seconds_sum", **labels) == 40
    assert shown(world, "stage_seconds_count", stage="alert_to_intended") == 1
    assert shown(world, "stage_seconds_count", stage="intended_to_accepted") == 1


async def test_an_alert_that_does_not_say_when_it_was_read_has_no_part_of_ours(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(fetched_at=None))
    await world.send()
    labels = {"channel": "telegram", "priority": "push"}
    assert shown(world, "published_to_accepted_seconds_count", **labels) == 1
    assert shown(world, "fetched_to_accepted_seconds_count", **labels) == 0


async def test_a_delivery_nobody_saw_arrive_is_shown_for_a_day_and_then_no_more(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert())
    await world.send()
    await measure(world)
    assert shown(world, "unseen_deliveries", state="parked") == 1
    world.pass_time(hours=25)
    await measure(world)
    assert shown(world, "unseen_deliveries", state="parked") == 0
    assert shown(world, "delivery_rows", state="parked") == 1


async def test_corrections_are_counted_by_what_was_wrong(world: World) -> None:
    await measure(world)
    assert shown(world, "corrections", kind="wrong_region") == 0
    said = Said("official-1", "incident-1", 1, "wrong_place")
    await world.store.write(lambda conn: carry_out(conn, said, world.now.timestamp()))
    await measure(world)
    assert shown(world, "corrections", kind="wrong_region") == 1
    assert shown(world, "corrections", kind="not_relevant") == 0


async def test_a_channel_that_told_us_to_wait_is_shown_as_paused(world: World) -> None:
    world.metrics.channel_stopped("telegram", until=60.0, seconds=60.0)
    assert shown(world, "channel_paused_seconds_total", channel="telegram") == 60
    assert shown(world, "channel_paused_seconds_total", channel="email") == 0


def test_a_delivery_is_told_of_by_what_it_is_and_not_by_whom_it_is_for() -> None:
    assert About.__annotations__.keys() <= ATTRIBUTES
    assert not {"official_id", "address", "ref", "bundle"} & About.__annotations__.keys()
