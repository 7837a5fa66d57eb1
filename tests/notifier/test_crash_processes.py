"""Two real processes on one store, killed at every boundary: the short form of ``proof_crash``."""

from __future__ import annotations

from pathlib import Path

from tests.notifier.crash_leg import Found, Leg
from tests.notifier.proof_crash import prove


async def killed_everywhere(folder: Path, store: str, url: str, seed: int) -> Found:
    leg = Leg(store, alerts=3, officials=24, kills=6, fault_rate=0.15, seed=seed, broker="none")
    found = await prove(folder, leg, url)
    assert found.holds, found
    assert set(found.by_boundary) == set(leg.boundaries)
    assert found.accepted > 0
    assert found.most_in_a_second_to_one_chat <= 2
    return found


async def test_two_workers_on_sqlite_lose_nothing_and_repeat_nothing_blindly(tmp_path: Path, seed: int) -> None:
    await killed_everywhere(tmp_path, "sqlite", f"sqlite:///{tmp_path / 'notifier.sqlite3'}", seed)


async def test_two_workers_on_postgresql_lose_nothing_and_repeat_nothing_blindly(
    tmp_path: Path, postgres: str, seed: int
) -> None:
    await killed_everywhere(tmp_path, "postgresql", postgres, seed)
