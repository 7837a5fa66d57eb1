"""Answers, notices and second requests pass the door of the deliveries: the server's log counts them all together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity
from services.notifier import roster
from services.notifier.bot import Bot
from services.notifier.channels.base import DeliveryError, Outgoing, Receipt
from services.notifier.channels.telegram import BotApi, BotApiRefusedError, Calls, Telegram
from services.notifier.core.ledger import Priority
from services.notifier.core.menus import quiet_menu
from services.notifier.core.pacing import TELEGRAM_PACE
from services.notifier.core.reason import Reason
from services.notifier.due import Candidate
from services.notifier.menu_buttons import sign_menu
from services.notifier.paced_api import MESSAGES, PacedApi
from services.notifier.paces import ANSWER, BESIDE_WITHIN_S, Paces, Passenger
from tests.notifier.builders import NOON
from tests.notifier.pace_world import Arrival, Server, VirtualWorld, for_everybody, virtually
from tests.notifier.rows_made import a_row
from tests.notifier.virtual_time import run_virtually
from tests.notifier.world import World

CHATS = 100
FIRST_CHAT = 900000100


@dataclass
class Line:
    """The Bot API as a caller sees it: updates come from it, messages land in the server's log."""

    server: Server
    updates: list[dict[str, Any]] = field(default_factory=list)
    refuses_html: bool = False
    answered: list[float] = field(default_factory=list)
    toasts: list[float] = field(default_factory=list)
    refusal: Mapping[str, Any] | None = None

    async def call(self, method: str, parameters: Mapping[str, Any], *, read_s: float | None = None) -> Any:
        now = asyncio.get_running_loop().time()
        if method == "getUpdates":
            given, self.updates = self.updates, []
            return given
        if method == "answerCallbackQuery":
            self.toasts.append(now)
        if method in MESSAGES:
            self.answered.append(now)
            self.server.log.append(Arrival(now, str(parameters["chat_id"]), urgent=False))
        await asyncio.sleep(self.server.latency_s)
        if self.refusal is not None:
            raise BotApiRefusedError(self.refusal)
        if self.refuses_html and "parse_mode" in parameters:
            raise BotApiRefusedError({"error_code": 400, "description": "Bad Request: can't parse entities"})
        return {"message_id": len(self.server.log)}

    async def close(self) -> None:
        pass


def a_press(conn: sa.Connection, world: World, number: int) -> dict[str, Any]:
    """The first button of a menu, pressed by the official of a chat: it is answered by an edited menu."""
    chat = FIRST_CHAT + number
    (official_id,) = roster.find_by_address(conn, world.vault, "telegram", str(chat))
    found = roster.granted(conn, official_id)
    assert found is not None
    keyboard = sign_menu(world.vault, official_id, found[1].number, quiet_menu(*found), NOON.timestamp())
    message = {"message_id": 7, "chat": {"id": chat, "type": "private"}}
    press = {"id": str(number), "data": keyboard[0][0][1], "from": {"id": chat}, "message": message}
    return {"update_id": number + 1, "callback_query": press}


async def presses_in_a_flood(world: VirtualWorld, line: Line, *, paced: bool) -> None:
    """Pushes for everybody are on their way when everybody presses a button."""
    await world.hear_now(for_everybody("incident-1"))
    worker = world.a_worker()
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(1.0)
    line.updates = await world.store.read(lambda conn: [a_press(conn, world, n) for n in range(CHATS)])
    api: Calls = PacedApi(line, worker.paces, world.vault, world.metrics) if paced else line
    assert await Bot(api, world.store, world.vault, lambda: NOON).step(0) == CHATS
    await world.until_settled(60.0)
    await world.end(running)


def told(folder: Path, *, paced: bool) -> tuple[Server, Line]:
    server = Server()
    line = Line(server)

    async def story(world: VirtualWorld) -> None:
        await presses_in_a_flood(world, line, paced=paced)

    virtually(folder, server, story, chats=CHATS)
    return server, line


def test_a_hundred_presses_in_a_flood_of_pushes_keep_the_pace(tmp_path: Path) -> None:
    server, line = told(tmp_path, paced=True)
    assert len(line.answered) == CHATS, "every press has its answer"
    assert len(server.log) == 2 * CHATS
    assert server.most() <= 25
    assert server.most_to_one(1.0) == 1
    assert max(line.toasts) - min(line.toasts) < 0.1, "the little answer to a press waits for nothing"


def test_answers_that_pass_no_door_do_not_keep_it(tmp_path: Path) -> None:
    server, line = told(tmp_path, paced=False)
    assert len(line.answered) == CHATS
    assert server.most() > 25
    assert server.most_to_one(1.0) > 1


def test_urgent_ones_are_out_within_two_seconds_in_the_midst_of_presses(tmp_path: Path) -> None:
    server = Server(latency_s=0.001)
    line = Line(server)

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(*(for_everybody(f"incident-{n}") for n in range(8)))
        worker = world.a_worker()
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(2.0)
        api = PacedApi(line, worker.paces, world.vault, world.metrics)
        asking = [
            asyncio.create_task(api.call("sendMessage", {"chat_id": 5_000 + n, "text": "x"})) for n in range(200)
        ]
        await asyncio.sleep(0.5)
        await world.hear_now(for_everybody("urgent", Severity.CRITICAL))
        await asyncio.sleep(4.0)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await world.end(running)

    virtually(tmp_path, server, story, chats=20)
    urgent = [arrival.at for arrival in server.log if arrival.urgent]
    assert len(urgent) == 20
    assert max(urgent) - 2.5 <= 2.0
    assert server.most() <= 25


def passing(kinds: Mapping[str, float]) -> list[str]:
    """Who passes in which order, when all of them come while the door is shut for a moment."""

    async def all_of_them() -> list[str]:
        loop = asyncio.get_running_loop()
        paces, passed = Paces({"telegram": TELEGRAM_PACE}, loop.time, asyncio.sleep), []
        (await paces.pass_door(Candidate(a_row(), "before", is_group=False)))(None)

        async def one(name: str, rank: float) -> None:
            if rank == ANSWER:
                ended = await paces.pass_beside(Passenger("telegram", name, is_group=False, rank=rank))
            else:
                row = a_row(priority=Priority(int(rank)))
                ended = await paces.pass_door(Candidate(row, name, is_group=False))
            passed.append(name)
            ended(None)

        await asyncio.gather(*(one(name, rank) for name, rank in kinds.items()))
        return passed

    return run_virtually(all_of_them())


def test_an_answer_goes_behind_urgent_ones_and_ahead_of_pushes_and_digests() -> None:
    kinds = {"digest": Priority.DIGEST, "push": Priority.PUSH, "answer": ANSWER, "urgent": Priority.CRITICAL}
    assert passing(kinds) == ["urgent", "answer", "push", "digest"]


def test_many_answers_do_not_hold_a_push_back() -> None:
    kinds = {"push": Priority.PUSH} | {f"answer-{n}": ANSWER for n in range(30)}
    assert passing(kinds).index("push") == 1


async def ask(api: Calls, chat_id: int = 5, method: str = "sendMessage") -> float:
    await api.call(method, {"chat_id": chat_id, "text": "x"})
    return asyncio.get_running_loop().time()


def dropped(world: World) -> float:
    said = world.metrics.registry.get_sample_value(
        "siaga_answers_not_sent_total", {"reason": str(Reason.RATE_LIMITED)}
    )
    return said or 0.0


def test_an_answer_waits_out_a_short_pause_and_is_dropped_and_counted_in_a_long_one(tmp_path: Path) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        paces = world.a_worker().paces
        api = PacedApi(Line(server), paces, world.vault, world.metrics)
        paces.pause("telegram", 2.0)
        assert 2.0 <= await ask(api) < 2.5
        assert dropped(world) == 0
        paces.pause("telegram", 3600.0)
        began = asyncio.get_running_loop().time()
        with pytest.raises(DeliveryError) as held:
            await ask(api, 6)
        assert held.value.result.reason is Reason.RATE_LIMITED
        assert asyncio.get_running_loop().time() - began <= BESIDE_WITHIN_S
        assert dropped(world) == 1
        await ask(api, method="answerCallbackQuery")

    virtually(tmp_path, server, story)
    assert len(server.log) == 1


def test_a_pause_that_begins_while_answers_wait_holds_none_of_them_for_longer_than_the_bound(
    tmp_path: Path,
) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        paces = world.a_worker().paces
        api = PacedApi(Line(server), paces, world.vault, world.metrics)
        asking = [asyncio.create_task(ask(api, 5_000 + n)) for n in range(100)]
        await asyncio.sleep(1.0)
        paces.pause("telegram", 3600.0)
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert asyncio.get_running_loop().time() <= BESIDE_WITHIN_S
        assert dropped(world) == sum(isinstance(one, DeliveryError) for one in ended) > 50

    virtually(tmp_path, server, story)


def test_one_chat_hears_one_answer_a_second_and_a_group_twenty_a_minute(tmp_path: Path) -> None:
    server = Server()

    async def story(world: VirtualWorld) -> None:
        api = PacedApi(Line(server), world.a_worker().paces, world.vault, world.metrics)
        asking = [ask(api, chat_id) for chat_id in (5, -5) for _ in range(30)]
        await asyncio.gather(*asking, return_exceptions=True)
        assert asyncio.get_running_loop().time() <= BESIDE_WITHIN_S + 1.0

    virtually(tmp_path, server, story)
    assert server.most_to_one(1.0) == 1
    assert server.most_to_one(60.0, groups=True) <= 20
    assert sum(arrival.chat == "5" for arrival in server.log) >= 14, "the pace that is allowed is used"


def test_a_chat_that_says_wait_is_asked_nothing_meanwhile(tmp_path: Path) -> None:
    server = Server()
    refusal = {"error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 5}}
    line = Line(server, refusal=refusal)

    async def story(world: VirtualWorld) -> None:
        api = PacedApi(line, world.a_worker().paces, world.vault, world.metrics)
        with pytest.raises(BotApiRefusedError):
            await ask(api)
        line.refusal = None
        assert await ask(api, 6) < 2.0
        assert await ask(api) >= 5.0
        assert dropped(world) == 1

    virtually(tmp_path, server, story)


class Unpaced(Telegram):
    """The channel, but its second request asks nobody."""

    async def send(self, message: Outgoing) -> Receipt:
        return await super().send(replace(message, again=None))


@pytest.mark.parametrize(("made", "keeps"), [(Telegram, True), (Unpaced, False)])
def test_the_second_request_in_plain_text_counts_like_the_first(
    tmp_path: Path, made: type[Telegram], keeps: bool
) -> None:
    server = Server()
    line = Line(server, refuses_html=True)
    channel = made(cast(BotApi, line))

    async def story(world: VirtualWorld) -> None:
        await world.hear_now(for_everybody("incident-1"))
        running = asyncio.create_task(world.a_worker().run())
        await world.until_settled(120.0)
        await world.end(running)

    virtually(tmp_path, channel, story, chats=60, groups=2)
    assert len(server.log) == 2 * 62
    assert (server.most() <= 25) is keeps
    assert (server.most_to_one(1.0) == 1) is keeps
    assert (server.most_to_one(3.0, groups=True) == 1) is keeps
