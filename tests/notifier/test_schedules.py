"""Quiet hours and digests on random schedules: nothing dropped, everything on time, midnight right."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from services.contracts.codes import Severity
from services.notifier.channels.base import Digest
from services.notifier.tables import DELIVERY
from tests.notifier.builders import NOON, a_withdrawal, an_alert, an_entry
from tests.notifier.proof_schedules import CHANGES_ITS_CLOCK, FIXED, PROMISED_S, prove
from tests.notifier.world import World

DAYS = timedelta(days=3)


def test_random_schedules_drop_nothing_and_release_on_time(seed: int) -> None:
    found = prove(5_000, seed)
    assert found.dropped == 0
    assert set(found.by_zone) == {*FIXED, CHANGES_ITS_CLOCK}
    assert found.longest_release_s <= PROMISED_S
    drawn = (found.pushed_through_quiet_hours, found.held_back_by_quiet_hours, found.near_midnight)
    assert min(drawn) > 20, "the difficult cases were drawn"


def shown(world: World) -> Counter[tuple[str, str]]:
    """How often each address was shown each incident."""
    found: Counter[tuple[str, str]] = Counter()
    for message in world.telegram.sent:
        cards = (
            [entry.card for entry in message.body.entries] if isinstance(message.body, Digest) else [message.body]
        )
        found.update((message.address, card.thread.split()[-1]) for card in cards)
    return found


async def step(world: World, until: datetime, dice: random.Random) -> None:
    """Go to the next thing that happens, up to half a minute late, and close what is due."""
    query = sa.select(sa.func.min(DELIVERY.c.due_at)).where(DELIVERY.c.state == "planned")
    due = await world.store.read(lambda conn: conn.execute(query).scalar())
    following = min(until, datetime.fromtimestamp(due, UTC)) if due else until
    world.pass_time(seconds=max(0.0, (following - world.now).total_seconds()) + dice.uniform(0, 30))
    await world.send_digests()


async def test_through_nights_and_digests_each_alert_is_shown_once_unless_it_was_withdrawn(
    world: World, seed: int
) -> None:
    dice, zones = random.Random(seed), [*FIXED, CHANGES_ITS_CLOCK]
    clock = lambda: f"{dice.randrange(24):02d}:{dice.choice([0, 30]):02d}"  # noqa: E731
    entries = [
        an_entry(
            f"o{n}", zone=zone, contacts={"telegram": 900 + n}, channels=["telegram"],
            quiet={"from": clock(), "to": clock()}, digest={"at": sorted({clock(), clock()})},
        )
        for n, zone in enumerate(zones)
    ]  # fmt: skip
    await world.add(*entries)
    withdrawn: set[str] = set()
    names = [f"{n:08d}" for n in range(20)]
    times = sorted(NOON + dice.random() * DAYS for _ in names)
    for name, at in zip(names, times, strict=True):
        while world.now < at:
            await step(world, at, dice)
        severity = dice.choice([Severity.LOW, Severity.HIGH, Severity.HIGH, Severity.CRITICAL])
        await world.hear(an_alert(incident_id=f"{name}-s", severity=severity))
        await world.send()
        unseen = [one for one in names if one <= name and not any(one == seen for _, seen in shown(world))]
        if unseen and dice.random() < 0.3:
            gone = dice.choice(unseen)
            withdrawn.add(gone)
            await world.hear(a_withdrawal(f"{gone}-s", version=9))
    while world.now < NOON + DAYS + timedelta(days=2):
        await step(world, NOON + DAYS + timedelta(days=2), dice)
    expected = {(str(900 + n), name) for n in range(len(zones)) for name in names if name not in withdrawn}
    assert shown(world) == Counter(expected)
    for message in world.telegram.sent:
        if isinstance(message.body, Digest):
            window = datetime.strptime(message.subject.split(":")[1].split("/")[0], "%Y%m%dT%H%M%SZ")
            assert 0 <= (message.now - window.replace(tzinfo=UTC)).total_seconds() <= PROMISED_S
