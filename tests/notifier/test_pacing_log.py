"""The server's log on a clock that jumps: nobody is told faster than Telegram allows, nor slower than needed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from services.contracts.codes import Severity
from services.notifier.channels.base import DeliveryError, Scope
from services.notifier.core.ledger import Priority, Verdict
from services.notifier.core.pacing import MAIL_PACE, TELEGRAM_PACE, Pacer
from services.notifier.core.reason import Reason
from services.notifier.due import Candidate
from services.notifier.paces import Paces
from services.notifier.past_paces import Past
from tests.notifier.pace_world import Server, VirtualWorld, for_everybody, for_the_hog, virtually
from tests.notifier.rate import most_within
from tests.notifier.rows_made import a_row
from tests.notifier.virtual_time import run_virtually


def test_forty_urgent_ones_are_out_within_two_seconds_behind_three_hundred_to_one_chat(tmp_path: Path) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(*for_the_hog(300), for_everybody("ordinary"))
        running = asyncio.create_task(world.a_worker().run())
        await asyncio.sleep(1.2)
        await world.hear_now(for_everybody("urgent", Severity.CRITICAL))
        await asyncio.sleep(3.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=40)
    urgent = [arrival.at for arrival in server.log if arrival.urgent]
    assert len(urgent) == 40
    assert max(urgent) - 1.2 <= 2.0
    assert server.most() <= 25
    assert server.most_to_one(1.0) == 1


@pytest.mark.parametrize(("severity", "seconds"), [(Severity.CRITICAL, 1.8), (Severity.HIGH, 3.0)])
def test_what_was_chosen_before_gives_way_to_urgent_ones_and_leaves_once_afterwards(
    tmp_path: Path, severity: Severity, seconds: float
) -> None:
    server, heard = Server(), 1.2

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(for_everybody("ordinary"))
        running = asyncio.create_task(world.a_worker().run())
        await asyncio.sleep(heard)
        await world.hear_now(for_everybody("later", severity))
        await world.until_settled(30.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=40)
    later = sorted(arrival.at for arrival in server.log)[-1] - heard
    assert len(server.log) == 80, "each of them once"
    by_chat = Counter(arrival.chat for arrival in server.log)
    assert set(by_chat.values()) == {2}
    urgent = [arrival.at - heard for arrival in server.log if arrival.urgent]
    assert len(urgent) == (40 if severity is Severity.CRITICAL else 0)
    assert max(urgent, default=later) <= seconds
    assert later <= 3.0, "no slot is left empty"


def test_a_group_hears_at_most_twenty_a_minute_and_a_chat_one_a_second(tmp_path: Path) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(*(for_everybody(f"incident-{n}") for n in range(25)))
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(200.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=2, groups=2)
    assert len(server.log) == 25 * 4
    assert server.most() <= 25
    assert server.most_to_one(1.0) == 1
    assert server.most_to_one(60.0, groups=True) <= 20
    assert server.most_to_one(60.0, groups=True) >= 18, "the pace that is allowed is used"


def test_a_worker_that_takes_over_keeps_the_pace_of_the_one_before(tmp_path: Path) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(*(for_everybody(f"incident-{n}") for n in range(2)))
        for alive in (0.9, 1.7, 2.0, 2.3, 2.9):
            running = asyncio.create_task(world.a_worker().run())
            await asyncio.sleep(alive)
            await world.end(running)
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(60.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=40)
    assert server.most() <= 25
    assert server.most_to_one(1.0) == 1


def told_to_wait(seconds: float, scope: Scope = Scope.CHANNEL) -> DeliveryError:
    return DeliveryError(
        "429", verdict=Verdict.TRANSIENT, reason=Reason.RATE_LIMITED, retry_after_s=seconds, scope=scope
    )


def test_retry_after_is_obeyed_to_the_second_by_those_already_on_their_way_too(tmp_path: Path) -> None:
    server = Server(latency_s=0.001, answers=[told_to_wait(20.0)])

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(for_everybody("incident-1"))
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(60.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=60)
    first, second = sorted(arrival.at for arrival in server.log)[:2]
    assert 20.0 <= second - first <= 21.5
    assert len(server.log) == 61


def test_a_worker_that_takes_over_waits_as_the_one_before_was_told(tmp_path: Path) -> None:
    server = Server(latency_s=0.001, answers=[told_to_wait(20.0)])

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(for_everybody("incident-1"))
        for _ in range(3):
            running = asyncio.create_task(world.a_worker().run())
            await asyncio.sleep(4.0)
            await world.end(running)
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(60.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=30)
    first, second = sorted(arrival.at for arrival in server.log)[:2]
    assert 20.0 <= second - first <= 22.0


async def ten_thousand(stalls: dict[int, float]) -> list[float]:
    """Through the door alone, one behind the other; before some of them the process stands still."""
    loop = asyncio.get_running_loop()
    paces, times = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep), []
    for number in range(10_000):
        await asyncio.sleep(stalls.get(number, 0.0))
        (await paces.pass_door(Candidate(a_row(), f"chat-{number}", is_group=False)))(None)
        times.append(loop.time())
    return times


def test_ten_thousand_recipients_are_told_within_seven_minutes() -> None:
    times = run_virtually(ten_thousand({}))
    assert most_within(times, 1.0) <= 25
    assert times[-1] <= 420.0


def test_what_a_stall_cost_is_caught_up_and_never_with_a_burst() -> None:
    times = run_virtually(ten_thousand(dict.fromkeys(range(0, 10000, 50), 0.3)))
    assert most_within(times, 1.0) <= 25
    assert times[-1] <= 420.0, "two stalls of 0.3 s in each 100 sends are made up for"


def test_the_most_urgent_passes_the_door_first() -> None:
    async def passing() -> list[str]:
        loop = asyncio.get_running_loop()
        paces, passed = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep), []

        async def one(name: str, priority: Priority) -> None:
            (await paces.pass_door(Candidate(a_row(priority=priority), name, is_group=False)))(None)
            passed.append(name)

        waiting = [asyncio.create_task(one(f"ordinary-{n}", Priority.PUSH)) for n in range(40)]
        await asyncio.sleep(0.5)
        waiting += [asyncio.create_task(one(f"urgent-{n}", Priority.CRITICAL)) for n in range(3)]
        await asyncio.gather(*waiting)
        return passed

    passed = run_virtually(passing())
    places = [passed.index(f"urgent-{n}") for n in range(3)]
    assert places == [places[0] + n for n in range(3)]
    assert places[0] < 30


@pytest.mark.parametrize(("waits", "chosen"), [(Priority.CRITICAL, False), (Priority.DIGEST, True)])
def test_nothing_ordinary_is_chosen_while_urgent_ones_wait_at_the_door(waits: Priority, chosen: bool) -> None:
    async def choosing() -> float | None:
        loop = asyncio.get_running_loop()
        paces = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep)
        at_the_door = [Candidate(a_row(priority=waits), f"chat {n}", is_group=False) for n in range(3)]
        passing = [asyncio.create_task(paces.pass_door(one)) for one in at_the_door]
        await asyncio.sleep(0)
        found = paces.take(Candidate(a_row(), "another", is_group=False))
        await asyncio.gather(*passing)
        assert paces.take(Candidate(a_row(), "a third", is_group=False)) is not None
        return found

    assert (run_virtually(choosing()) is not None) is chosen


@pytest.mark.parametrize("seconds", [0.5, 1.0, 30.0])
def test_nobody_passes_a_door_that_was_closed(seconds: float) -> None:
    async def closed() -> None:
        loop = asyncio.get_running_loop()
        paces = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep)
        paces.pause("telegram", seconds)
        with pytest.raises(DeliveryError) as held:
            await paces.pass_door(Candidate(a_row(), "chat", is_group=False))
        assert held.value.result.verdict is Verdict.TRANSIENT
        assert held.value.result.retry_after_s == pytest.approx(seconds)
        await asyncio.sleep(seconds)
        await paces.pass_door(Candidate(a_row(), "chat", is_group=False))

    run_virtually(closed())


def test_what_is_long_on_its_way_counts_when_it_arrives(tmp_path: Path) -> None:
    # Ten requests that passed the door arrive together with the ones after them.
    server = Server(stalls=dict.fromkeys(range(30, 40), 0.9))

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(for_everybody("incident-1"))
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(60.0)
        await world.end(running)

    virtually(tmp_path, server, story, chats=75)
    assert len(server.log) == 75
    assert server.most() <= 25


def test_a_channel_paced_one_by_one_counts_from_the_door() -> None:
    async def passing() -> float:
        loop = asyncio.get_running_loop()
        paces = Paces({"email": MAIL_PACE}, loop.time, asyncio.sleep)
        for number in range(10):
            await paces.pass_door(Candidate(a_row(channel="email"), f"o{number}@example.org", is_group=False))
        return loop.time()

    assert run_virtually(passing()) == pytest.approx(9 * MAIL_PACE.channel_s)


@pytest.mark.parametrize(("answered", "waits"), [(True, 0.0), (False, TELEGRAM_PACE.channel_s)])
def test_the_door_waits_for_a_whole_window_that_is_still_on_its_way(answered: bool, waits: float) -> None:
    pacer = Pacer(TELEGRAM_PACE)
    for number in range(25):
        pacer.leave(f"chat-{number}", float(number))
        if answered:
            pacer.answered(f"chat-{number}", float(number), number + 0.1)
    assert pacer.opens_at(100.0) == pytest.approx(100.0 + waits)


def test_the_receivers_clock_never_sees_a_window_too_full(seed: int) -> None:
    """Whatever each one loses on its way there and back, beside the shortest way of all."""
    dice = random.Random(seed)
    there, back, now = 0.05, 0.03, 0.0
    pacer, arrivals, pending = Pacer(TELEGRAM_PACE), [], list[tuple[float, float]]()
    for number in range(2000):
        lost_there = dice.choice([0.0, 0.0, 0.0, dice.uniform(0, 2)])
        lost_back = dice.choice([0.0, 0.0, 0.0, 0.0, dice.uniform(0, 2)])
        now += dice.choice([0.0, 0.0, dice.uniform(0, 0.2)])
        while True:
            for end in sorted(one for one in pending if one[0] <= now):
                pacer.answered("chat", end[1], end[0])
                pending.remove(end)
            opens = pacer.opens_at(now)
            if opens <= now:
                break
            now = min([opens, *(end for end, _ in pending)])
        pacer.leave(f"chat-{number}", now)
        arrivals.append(now + there + lost_there)
        pending.append((arrivals[-1] + back + lost_back, now))
    assert most_within(arrivals, 1.0) <= 25


def test_a_way_that_is_always_as_long_costs_no_pace() -> None:
    async def far_away() -> list[float]:
        loop = asyncio.get_running_loop()
        paces, times = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep), []

        async def one(number: int) -> None:
            answered = await paces.pass_door(Candidate(a_row(), f"chat-{number}", is_group=False))
            times.append(loop.time())
            await asyncio.sleep(0.3)
            answered(None)

        await asyncio.gather(*(one(number) for number in range(300)))
        return times

    times = run_virtually(far_away())
    assert most_within(times, 1.0) <= 25
    assert times[-1] <= 300 / 25 * 1.035 + 0.5


@pytest.mark.parametrize(("reason", "waits"), [(Reason.NOT_CONNECTED, 0.0), (Reason.NO_ANSWER, 1.035)])
def test_what_never_left_takes_no_place_in_the_window(reason: Reason, waits: float) -> None:
    async def failing() -> float:
        loop = asyncio.get_running_loop()
        paces = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep)
        for _ in range(25):
            ended = await paces.pass_door(Candidate(a_row(), "chat", is_group=False))
            ended(DeliveryError("x", verdict=Verdict.UNKNOWN, reason=reason))
        await paces.pass_door(Candidate(a_row(), "chat", is_group=False))
        return loop.time()

    half = 25 * TELEGRAM_PACE.channel_s / 2
    assert run_virtually(failing()) == pytest.approx(max(half, waits))


def taking_over(ago: float | None) -> Paces:
    """The paces of a worker before which somebody was marked as being sent to, so long ago, or nobody at all."""
    paces = Paces({"telegram": TELEGRAM_PACE, "email": MAIL_PACE}, lambda: 100.0, asyncio.sleep)
    paces.go_on_from(Past(() if ago is None else (("telegram", "chat", False, ago),)))
    return paces


@pytest.mark.parametrize("ago", [0.1, 1.4, 2.0, 20.0])
def test_who_takes_over_waits_a_window_however_long_ago_the_last_one_was_marked(ago: float) -> None:
    # Marked, then held at the door behind urgent ones, and let go in the last moment before the end.
    assert "telegram" in taking_over(ago).stopped(1.0)


def test_who_takes_over_from_nobody_does_not_wait() -> None:
    assert taking_over(None).stopped(0.0) == set()
    assert taking_over(0.1).ready(0.0) == {"email"}
