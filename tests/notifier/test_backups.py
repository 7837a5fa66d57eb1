"""How old the last backup is: shown from what was noted, and counted from the start where there was none."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry

from services.notifier.app import MIGRATIONS
from services.notifier.backups import BackupAge, await_first, last_backup, note_backup
from services.notifier.metrics import NotifierMetrics
from services.runtime.store import Store


async def shown(store: Store) -> float | None:
    metrics = NotifierMetrics(CollectorRegistry())
    await BackupAge(store, metrics)()
    return metrics.registry.get_sample_value("siaga_backup_made_seconds")


async def test_a_store_that_was_never_copied_counts_from_its_first_start(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'notifier.sqlite3'}", MIGRATIONS)
    await store.write(lambda conn: await_first(conn, 100.0))
    assert await shown(store) == 100.0
    await store.close()


async def test_what_was_noted_is_shown_and_a_start_does_not_change_it(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'notifier.sqlite3'}", MIGRATIONS)
    await store.write(lambda conn: await_first(conn, 100.0))
    await store.write(lambda conn: note_backup(conn, 200.0))
    await store.write(lambda conn: note_backup(conn, 300.0))
    await store.write(lambda conn: await_first(conn, 400.0))
    assert await shown(store) == 300.0
    assert await store.read(last_backup) == 300.0
    await store.close()


async def test_a_later_start_before_any_backup_does_not_begin_anew(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'notifier.sqlite3'}", MIGRATIONS)
    await store.write(lambda conn: await_first(conn, 100.0))
    await store.write(lambda conn: await_first(conn, 5000.0))
    assert await shown(store) == 100.0
    await store.close()
