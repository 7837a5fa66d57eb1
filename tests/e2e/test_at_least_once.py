"""On a real Apache Kafka: whatever is killed, in equals out plus dead."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from echo import Echo, echoing

pytestmark = [pytest.mark.kafka]

POISON: dict[str, tuple[bytes | None, Any]] = {
    "bad JSON, said to be JSON": (b"{", (("content-type", b"application/json"),)),
    "bad JSON without a header": (b"{", ()),
    "schema-invalid": (b'{"id": "x"}', ()),
    "binary": (b"\xff\xfe\x00", ()),
    "empty": (b"", ()),
    "null": (None, ()),
    "text": (b"hello", (("content-type", b"text/plain"),)),
    "a handler that always fails": (b'{"id": 900, "do": "fail"}', ()),
}
GOOD: dict[str, tuple[bytes, Any]] = {
    "plain": (b'{"id": 1}', ()),
    "header that is not UTF-8": (b'{"id": 2}', (("traceparent", b"\xff\xfe"),)),
    "null header": (b'{"id": 3}', (("x", None),)),
    "header name twice": (b'{"id": 4}', (("x", b"1"), ("x", b"2"))),
    "after all of them": (b'{"id": 5}', ()),
}


async def settled(echo: Echo) -> None:
    await asyncio.sleep(1.0)
    for process in echo.processes:
        assert process.poll() is None, echo.log_of()


async def test_every_poisoned_record_is_a_dead_letter_and_every_good_one_goes_through(
    kafka: Any, tmp_path: Path
) -> None:
    async with echoing(kafka.bootstrap, "poison.", tmp_path) as echo:
        echo.start()
        sent = [(b"k", value, headers) for value, headers in (*POISON.values(), *GOOD.values())]
        await echo.send(sent)
        dead = await echo.until_dead(len(POISON))
        out = await echo.until_out(len(GOOD))
        await settled(echo)
        assert out == {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}
        assert len(await echo.read("dead")) + len(await echo.read("out")) == len(sent)
        assert sorted(letter.value or b"" for letter in dead) == sorted(v or b"" for v, _ in POISON.values())
        headers = [dict(letter.headers) for letter in dead]
        assert {h["dead-topic"] for h in headers} == {b"poison.in"}
        assert {int(h["dead-offset"]) for h in headers} == set(range(len(POISON)))
        assert len({h["dead-partition"] for h in headers}) == 1


async def test_a_poisoned_partition_goes_on_behind_the_poison(kafka: Any, tmp_path: Path) -> None:
    async with echoing(kafka.bootstrap, "behind.", tmp_path) as echo:
        echo.start()
        await echo.send([(b"same", b"{", ())] + [(b"same", json.dumps({"id": n}).encode(), ()) for n in range(50)])
        out = await echo.until_out(50)
        assert set(out) == set(range(50))


async def test_a_consumer_killed_in_the_middle_of_messages_loses_nothing(
    kafka: Any, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    async with echoing(kafka.bootstrap, "killed.", tmp_path, ECHO_MAX_RECORDS="7") as echo:
        await echo.send_numbers(range(400))
        kills = 0
        while kills < 5:
            process = echo.start()
            await until(lambda p=process: '"running"' in echo.log_of() or p.poll() is not None)
            await asyncio.sleep(dice.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            (echo.folder / "a" / "log").write_text("")
            kills += 1
            await echo.send_numbers(range(400 + kills * 20, 420 + kills * 20))
        echo.start()
        wanted = set(range(400)) | set(range(420, 520))
        out = await echo.until_out(len(wanted))
        assert set(out) == wanted
        assert await echo.read("dead") == []


async def test_a_consumer_killed_inside_its_handler_handles_the_message_again(kafka: Any, tmp_path: Path) -> None:
    async with echoing(kafka.bootstrap, "inside.", tmp_path) as echo:
        await echo.send_numbers([1], do="slow")
        process = echo.start()
        await until(lambda: '"running"' in echo.log_of())
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert await echo.ids() == {}
        echo.start()
        assert await echo.until_out(1) == {1: 1}


async def test_a_graceful_stop_finishes_and_commits_what_is_in_hand(kafka: Any, tmp_path: Path) -> None:
    async with echoing(kafka.bootstrap, "graceful.", tmp_path) as echo:
        await echo.send_numbers([1, 2], do="slow")
        process = echo.start()
        await until(lambda: '"running"' in echo.log_of())
        await asyncio.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 12) == 0
        echo.start()
        await echo.send_numbers([3])
        out = await echo.until_out(3)
        assert out == {1: 1, 2: 1, 3: 1}


async def rebalanced(bootstrap: str, prefix: str, folder: Path, **environment: str) -> list[int]:
    """How often each of 300 numbers came out while a second reader joined and left, batches always in hand."""
    slow = {"ECHO_MAX_RECORDS": "10", "ECHO_BATCH_SECONDS": "0.4"}
    async with echoing(bootstrap, prefix, folder, **slow, **environment) as echo:
        await echo.send_numbers(range(300))
        echo.start("a")
        await until(lambda: '"running"' in echo.log_of("a"))
        second = echo.start("b")
        await until(lambda: '"running"' in echo.log_of("b"))
        await asyncio.sleep(2.0)
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait, 15) == 0
        out = await echo.until_out(300)
        assert set(out) == set(range(300))
        return list(out.values())


async def test_a_planned_rebalance_neither_loses_nor_doubles(kafka: Any, tmp_path: Path) -> None:
    assert set(await rebalanced(kafka.bootstrap, "rebalance.", tmp_path)) == {1}


async def test_without_the_drain_a_rebalance_doubles_what_is_in_hand(kafka: Any, tmp_path: Path) -> None:
    """The twin that shows the proof above can fail."""
    assert max(await rebalanced(kafka.bootstrap, "undrained.", tmp_path, ECHO_NO_DRAIN="1")) > 1


async def test_a_broker_killed_in_the_middle_loses_nothing(kafka: Any, tmp_path: Path) -> None:
    async with echoing(kafka.bootstrap, "broker.", tmp_path, ECHO_MAX_RECORDS="20") as echo:
        echo.start()
        await until(lambda: '"running"' in echo.log_of())
        await echo.send_numbers(range(300))
        kafka.kill()
        await asyncio.sleep(1.0)
        await kafka.restart()
        await echo.send_numbers(range(300, 320))
        out = await echo.until_out(320)
        assert set(out) == set(range(320))
        assert echo.processes[0].poll() is None


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)
