"""The pace is proven by the server's own log: never more than 25 a second, never more than one a second a chat."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from services.cli.demo.botapi import BotApi as Double
from services.cli.demo.botapi import Call
from services.cli.demo.botapi_faults import Fault
from services.contracts.codes import Severity
from services.notifier.channels.telegram import BotApi, Telegram
from services.notifier.core.pacing import TELEGRAM_PACE, Pace, Pacer
from services.notifier.queries import count_by_state
from tests.notifier.builders import a_place, an_alert, an_entry
from tests.notifier.world import World


def most_within(times: list[float], seconds: float) -> int:
    """The most events any window of this length holds."""
    times = sorted(times)
    return max((sum(1 for at in times[i:] if at < begin + seconds) for i, begin in enumerate(times)), default=0)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 0.3)), max_size=80))
def test_slots_never_come_faster_than_the_pace(asked: list[tuple[str, float]]) -> None:
    pacer, now = Pacer(Pace(0.04, 1.0, 3.0)), 100.0
    slots: dict[str, list[float]] = defaultdict(list)
    for recipient, later in asked:
        now += later
        slots[recipient].append(pacer.take(recipient, now))
    everything = sorted(at for times in slots.values() for at in times)
    assert all(b - a >= 0.04 - 1e-9 for a, b in pairwise(everything))
    for times in slots.values():
        assert all(b - a >= 1.0 - 1e-9 for a, b in pairwise(times))


def test_a_group_is_paced_slower_than_a_chat() -> None:
    pacer = Pacer(TELEGRAM_PACE)
    pacer.take("group", 0.0, is_group=True)
    pacer.take("chat", 0.0)
    assert not pacer.is_free("group", 3.0)
    assert pacer.is_free("chat", 3.0)


@pytest.mark.parametrize(("urgent", "at"), [(True, 100.0), (False, 110.0)])
def test_what_is_urgent_does_not_wait_for_the_slots_of_others_and_what_is_not_does(
    urgent: bool, at: float
) -> None:
    pacer = Pacer(Pace(1.0, 1.0, 3.0))
    for number in range(10):
        pacer.take(f"chat {number}", 100.0)
    assert pacer.take("another", 100.0, urgent=urgent) == at
    assert pacer.take("the one after it", 100.0) == 111.0


def test_what_is_urgent_waits_for_a_channel_that_was_told_to_wait_and_for_its_own_recipient() -> None:
    pacer = Pacer(Pace(0.04, 1.0, 3.0))
    pacer.take("chat", 100.0)
    assert pacer.take("chat", 100.0, urgent=True) == 101.0
    pacer.pause(120.0)
    assert pacer.take("another", 100.0, urgent=True) == 120.0


def test_a_pause_of_the_channel_holds_everybody_and_of_a_chat_only_that_one() -> None:
    pacer = Pacer(TELEGRAM_PACE)
    pacer.pause_recipient("a", 9.0)
    assert not pacer.is_free("a", 8.0)
    assert pacer.is_free("b", 8.0)
    pacer.pause(20.0)
    assert pacer.take("b", 8.0) == 20.0


async def run_for_real(world: World, seconds: float) -> None:
    """Dispatch with the real clock until everything is out or the time is over."""
    dispatcher = world.a_dispatcher(monotonic=time.monotonic, sleep=asyncio.sleep)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not await dispatcher.round():
            if not await world.store.read(_open):
                break
            await asyncio.sleep(0.02)
    await dispatcher.drain()


def _open(conn: sa.Connection) -> int:
    counts = count_by_state(conn)
    return sum(counts.get(state, 0) for state in ("due", "intended", "sending", "retry_wait"))


@pytest.fixture
async def double(tmp_path: Path) -> Double:
    made = Double(tmp_path / "telegram")
    await made.start()
    return made


def sends(double: Double) -> list[Call]:
    return [call for call in double.calls if call.method == "sendMessage"]


async def test_the_servers_log_shows_the_pace_and_urgent_goes_first(tmp_path: Path, double: Double) -> None:
    world = World(tmp_path, {"telegram": Telegram(BotApi("1:token", double.url))})
    entries = [an_entry(f"o{n}", contacts={"telegram": 900000100 + n}, channels=["telegram"]) for n in range(60)]
    await world.add(*entries)
    hog = an_entry(
        "hog", contacts={"telegram": 900000999}, channels=["telegram"], subscriptions=[{"regions": ["KH"]}]
    )
    await world.add(hog)
    await world.hear(*[an_alert(incident_id=f"kh-{n}", places=(a_place("KH-1"),)) for n in range(8)])
    await world.hear(an_alert(incident_id="high"))
    await world.hear(an_alert(incident_id="critical", severity=Severity.CRITICAL))
    await run_for_real(world, 60.0)
    log = sends(double)
    assert most_within([call.at for call in log], 1.0) <= 30
    assert most_within([call.at for call in log], 5.0) <= 5 * 25 + 3
    by_chat = defaultdict(list)
    for call in log:
        by_chat[call.chat_id].append(call.at)
    assert len(by_chat) == 61
    # The server sees a request a little after its slot: one a second, and a burst of two at most.
    assert all(most_within(times, 1.0) <= 2 and most_within(times, 10.0) <= 11 for times in by_chat.values())
    first_sixty = [message.shown for message in list(double.chats.messages.values())[:61]]
    assert sum("KRITIS" in text for text in first_sixty) >= 58, "urgent ones are out before the others"
    await world.close()
    await double.stop()


async def test_a_server_that_says_wait_is_left_alone_for_so_long(tmp_path: Path, double: Double) -> None:
    world = World(tmp_path, {"telegram": Telegram(BotApi("1:token", double.url))})
    await world.add(an_entry(channels=["telegram"], contacts={"telegram": 900000001}))
    await world.hear(an_alert())
    double.fail_next(Fault.FLOOD)
    dispatcher = world.a_dispatcher(monotonic=time.monotonic, sleep=asyncio.sleep)
    await dispatcher.round()
    await dispatcher.drain()
    world.pass_time(seconds=1.5)
    assert await dispatcher.round() == 0
    world.pass_time(seconds=1.0)
    await asyncio.sleep(2.1)
    assert await dispatcher.round() == 1
    await dispatcher.drain()
    assert len(sends(double)) == 2
    await world.close()
    await double.stop()


def test_the_window_count_counts() -> None:
    dice = random.Random(3)
    times = [dice.uniform(0, 10) for _ in range(100)]
    assert most_within(times, 20.0) == 100
    assert most_within([0.0, 0.5, 1.0], 1.0) == 2
