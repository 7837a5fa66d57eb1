"""Parts are kept alive, stopped in order, and never outlive their supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from services.cli import supervisor as module
from services.cli.supervisor import Part, Supervisor, trim

CHATTY = """
import time
for number in range(10**9):
    print(f"line {number}", flush=True)
    time.sleep(0.001)
"""
SLEEP = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
MISTAKEN = (
    "import sys; print('noise', file=sys.stderr); print('x: port 1 is in use', file=sys.stderr); sys.exit(2)"
)


def part(code: str, name: str = "one") -> Part:
    return Part(name, [sys.executable, "-c", code])


@pytest.fixture
async def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervisor]:
    monkeypatch.setattr(module, "RESTART_WAITS_S", (0.01,))
    one = Supervisor(tmp_path)
    yield one
    await one.stop_all()
    if not one.failed.done():
        one.failed.cancel()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_part_that_is_killed_starts_again(supervisor: Supervisor) -> None:
    await supervisor.start(part(SLEEP))
    first = supervisor.running["one"].pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.running["one"].pid != first)
    assert psutil.pid_exists(supervisor.running["one"].pid)


async def test_a_part_that_was_stopped_does_not_start_again(supervisor: Supervisor) -> None:
    await supervisor.start(part(SLEEP))
    pid = supervisor.running["one"].pid
    await supervisor.stop(["one"])
    await asyncio.sleep(0.1)
    assert supervisor.running == {}
    assert not psutil.pid_exists(pid)


async def test_an_operators_mistake_in_a_part_ends_everything_with_its_line(supervisor: Supervisor) -> None:
    await supervisor.start(part(MISTAKEN))
    error = await asyncio.wait_for(supervisor.failed, 20)
    assert str(error) == "one: x: port 1 is in use"


@pytest.mark.parametrize("own_name", ["one", "siaga-one"])
async def test_a_part_that_begins_its_line_with_its_name_is_named_once(
    supervisor: Supervisor, own_name: str
) -> None:
    await supervisor.start(part(MISTAKEN.replace("x: port", f"{own_name}: port")))
    error = await asyncio.wait_for(supervisor.failed, 20)
    assert str(error) == "one: port 1 is in use"


async def test_a_part_that_has_worked_and_now_misses_its_broker_is_started_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    marker = tmp_path / "second"
    code = f"""
import pathlib, sys, time
marker = pathlib.Path({str(marker)!r})
if marker.exists():
    sys.exit(2)
marker.touch()
time.sleep(600)
"""
    await supervisor.start(part(code))
    await until(marker.exists)
    os.kill(supervisor.running["one"].pid, signal.SIGKILL)
    await until(lambda: supervisor.running["one"].restarts >= 3)
    assert not supervisor.failed.done()


async def test_any_other_death_is_not_an_operators_mistake(supervisor: Supervisor) -> None:
    await supervisor.start(part("raise SystemExit(1)"))
    await until(lambda: supervisor.running["one"].restarts >= 2)
    assert not supervisor.failed.done()


async def test_a_part_that_will_not_stop_is_killed(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.2)
    await supervisor.start(part(STUBBORN))
    await until(lambda: supervisor.log_of("one").read_text() == "up\n")
    pid = supervisor.running["one"].pid
    await supervisor.stop(["one"])
    assert not psutil.pid_exists(pid)


def test_parts_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from services.cli.supervisor import Part, Supervisor
async def main():
    one = Supervisor(Path({str(tmp_path)!r}))
    await one.start(Part("one", [sys.executable, "-c", {SLEEP!r}]))
    print(one.running["one"].pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as outer:
        assert outer.stdout is not None
        inner = psutil.Process(int(outer.stdout.readline()))
        outer.kill()
    inner.wait(timeout=20)
    assert not inner.is_running()


async def test_the_log_of_a_part_that_goes_on_writing_stays_bounded(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_AT_LOGS_S", 0.05)
    monkeypatch.setattr(module, "LOG_LIMIT_BYTES", 2000)
    await supervisor.start(part(CHATTY))
    log = supervisor.log_of("one")
    aside = log.with_suffix(".log.1")
    await until(aside.exists)
    pid = supervisor.running["one"].pid
    first = aside.read_bytes()
    await until(lambda: aside.stat().st_size > 2000 and aside.read_bytes() != first)
    await until(lambda: log.stat().st_size > 0)
    assert supervisor.running["one"].pid == pid
    # Whoever writes goes on at the new end: a hole before it would read as zeros.
    assert b"\0" not in log.read_bytes() + aside.read_bytes()


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("short")
    trim(log, 5)
    assert log.read_text() == "short"
    assert not log.with_suffix(".log.1").exists()


def test_a_long_log_is_put_aside_whole(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("longer")
    trim(log, 5)
    assert log.read_text() == ""
    assert log.with_suffix(".log.1").read_text() == "longer"
