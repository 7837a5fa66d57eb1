"""On PostgreSQL a store says it works only where it can write, and waits for no lock for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime import engine as engines
from services.runtime import schema
from services.runtime import store as module
from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.schema import current, upgrade
from services.runtime.store import Store

pytestmark = pytest.mark.postgres
ADD = sa.text("INSERT INTO note VALUES (1)")


@pytest.fixture
def admin(postgres: str) -> Iterator[sa.Connection]:
    engine = make_engine(postgres)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(sa.text("CREATE TABLE note (id int)"))
        yield conn
    engine.dispose()


@pytest.fixture
async def store(postgres: str, admin: sa.Connection) -> AsyncIterator[Store]:
    store = Store(make_engine(postgres))
    yield store
    await store.close()


async def test_a_store_that_writes_works(store: Store) -> None:
    assert await store.works()


async def test_a_store_that_may_only_read_does_not_work_and_is_an_outage(
    store: Store, admin: sa.Connection
) -> None:
    name = sa.make_url(str(admin.engine.url)).database
    admin.execute(sa.text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
    with pytest.raises(UnavailableError, match="read-only"):
        await store.write(lambda conn: conn.execute(ADD).rowcount)
    assert await store.answers()
    assert not await store.works()


async def test_a_store_whose_commit_hangs_does_not_work(
    store: Store, admin: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 1.0)
    try:
        admin.execute(sa.text("ALTER SYSTEM SET synchronous_standby_names = 'gone'"))
        admin.execute(sa.text("SELECT pg_reload_conf()"))
        while admin.execute(sa.text("SHOW synchronous_standby_names")).scalar() != "gone":
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # the server's other processes read it too
        assert await store.answers()
        assert not await store.works()
    finally:
        admin.execute(sa.text("ALTER SYSTEM RESET synchronous_standby_names"))
        admin.execute(sa.text("SELECT pg_reload_conf()"))


async def test_a_lock_that_others_hold_for_long_is_an_outage_and_no_fault_of_the_work(
    store: Store, admin: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "LOCK_WAIT_MS", 50)
    with admin.engine.begin() as other:
        other.execute(sa.text("LOCK TABLE note"))
        with pytest.raises(UnavailableError, match="lock timeout"):
            await store.write(lambda conn: conn.execute(ADD).rowcount)


async def test_a_lock_that_others_give_back_in_time_is_waited_for(store: Store, admin: sa.Connection) -> None:
    with admin.engine.begin() as other:
        other.execute(sa.text("LOCK TABLE note"))
        writing = asyncio.create_task(store.write(lambda conn: conn.execute(ADD).rowcount))
        await asyncio.sleep(0.2)
        assert not writing.done()
    assert await writing == 1


IMPATIENT = """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '100ms'")
    op.execute("ALTER TABLE note ADD COLUMN more int")
"""


@pytest.fixture
def locked(postgres: str, migrations: Path) -> Iterator[sa.Connection]:
    """Somebody who reads a table that the next migration changes."""
    engine = make_engine(postgres)
    upgrade(engine, migrations)
    (migrations / "versions" / "0002_more.py").write_text(IMPATIENT)
    with engine.connect() as conn:
        conn.execute(sa.text("SELECT * FROM note"))
        yield conn
    engine.dispose()


def test_a_migration_whose_table_is_given_back_is_tried_again(
    locked: sa.Connection, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(_: float) -> None:
        locked.rollback()

    monkeypatch.setattr("services.runtime.schema.time.sleep", go_on)
    assert upgrade(locked.engine, migrations).applied == ("0002",)


def test_a_migration_whose_table_is_kept_is_one_clear_line(
    locked: sa.Connection, postgres: str, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "LOCKED_WAITS_S", (0.0,))
    with pytest.raises(OperatorError, match="lock timeout"):
        Store.open(postgres, migrations)
    assert current(locked.engine) == "0001"
