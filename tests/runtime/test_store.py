"""A store keeps what it promised and gives each piece of work its own fate."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.runtime import engine as engines
from services.runtime import store as module
from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.store import Store, Work


def add(note: sa.Table, text: str):
    return lambda conn: conn.execute(sa.insert(note).values(text=text)).rowcount


def texts(note: sa.Table):
    return lambda conn: set(conn.execute(sa.select(note.c.text)).scalars())


async def test_work_that_returned_is_on_disk_for_another_connection(
    store: Store, note: sa.Table, tmp_path: Path
) -> None:
    await store.write(add(note, "kept"))
    with sqlite3.connect(tmp_path / "test.sqlite3") as other:
        assert other.execute("SELECT text FROM note").fetchall() == [("kept",)]
    other.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("test.sqlite3*")))


async def test_text_that_was_dropped_is_not_left_in_the_file(store: Store, note: sa.Table, tmp_path: Path) -> None:
    await store.write(add(note, "a victim's name, " * 2_000))  # larger than a page: most of it lies elsewhere
    await store.write(lambda conn: conn.execute(sa.delete(note)).rowcount)
    await store.close()
    assert b"victim" not in on_disk(tmp_path)


async def test_text_that_was_not_dropped_is_in_the_file(store: Store, note: sa.Table, tmp_path: Path) -> None:
    await store.write(add(note, "a victim's name, " * 2_000))
    await store.close()
    assert on_disk(tmp_path).count(b"victim") >= 2_000


async def test_work_that_raises_leaves_nothing_behind(store: Store, note: sa.Table) -> None:
    def fail(conn: sa.Connection) -> None:
        add(note, "half done")(conn)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(fail)
    assert await store.read(texts(note)) == set()


async def test_one_failing_piece_of_a_group_takes_no_other_with_it(store: Store, note: sa.Table) -> None:
    await store.write(add(note, "twice"))
    results = await asyncio.gather(
        *(store.write(add(note, text)) for text in ("a", "twice", "b", "twice", "c")), return_exceptions=True
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False, True, False]
    assert await store.read(texts(note)) == {"twice", "a", "b", "c"}


async def test_a_missing_table_is_a_fault_of_the_work_and_not_an_outage(store: Store) -> None:
    with pytest.raises(sa.exc.OperationalError):
        await store.write(lambda conn: conn.execute(sa.text("SELECT * FROM nowhere")))


async def test_a_database_that_cannot_be_written_is_an_outage(store: Store, note: sa.Table) -> None:
    def shut(conn: sa.Connection) -> None:
        conn.execute(sa.text("PRAGMA query_only=ON"))

    await store.write(shut)
    with pytest.raises(UnavailableError):
        await store.write(add(note, "late"))


async def test_a_second_process_does_not_lead_while_the_first_does(
    store: Store, store_url: str, migrations: Path
) -> None:
    other = Store.open(store_url, migrations)
    assert await store.lead("relay")
    assert await store.lead("relay")
    assert not await other.lead("relay")
    await store.close()
    assert await other.lead("relay")
    await other.close()


async def test_opening_twice_migrates_once_and_keeps_rows(
    store: Store, note: sa.Table, store_url: str, migrations: Path
) -> None:
    await store.write(add(note, "old"))
    again = Store.open(store_url, migrations)
    assert await again.read(texts(note)) == {"old"}
    await again.close()


def test_a_schema_newer_than_the_program_is_one_clear_line(store_url: str, migrations: Path) -> None:
    engine = sa.create_engine(store_url)
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        conn.execute(sa.text("INSERT INTO alembic_version VALUES ('9999')"))
    engine.dispose()
    with pytest.raises(OperatorError, match="9999 is newer"):
        Store.open(store_url, migrations)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("not a url", "is not a database URL"),
        ("mysql://localhost/x", "neither sqlite nor postgresql"),
        ("sqlite:////proc/nowhere/x.sqlite3", "cannot be made"),
        ("postgresql+psycopg://nobody:geheim@127.0.0.1:1/none", "onnection"),
    ],
)
def test_a_store_that_cannot_be_opened_is_one_clear_line_without_its_password(
    url: str, says: str, migrations: Path
) -> None:
    with pytest.raises(OperatorError, match=says) as caught:
        Store.open(url, migrations)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_work_nobody_waits_for_any_more_does_not_stop_the_writer(store: Store, note: sa.Table) -> None:
    def slow(conn: sa.Connection) -> None:
        add(note, "slow")(conn)
        time.sleep(0.1)

    waiting = asyncio.create_task(store.write(slow))
    queued = asyncio.create_task(store.write(add(note, "called off")))
    await asyncio.sleep(0.02)
    waiting.cancel()
    queued.cancel()
    await asyncio.gather(waiting, queued, return_exceptions=True)
    await store.write(add(note, "next"))
    assert {"slow", "next"} <= await store.read(texts(note))


async def test_work_called_off_in_a_group_that_meets_an_outage_does_not_stop_the_writer(
    store: Store, note: sa.Table
) -> None:
    def slow(conn: sa.Connection) -> None:
        time.sleep(0.1)

    def away(conn: sa.Connection) -> None:
        raise sa.exc.OperationalError("x", {}, locked)

    locked = sqlite3.OperationalError("database is locked")
    locked.sqlite_errorcode = sqlite3.SQLITE_BUSY
    first = asyncio.create_task(store.write(slow))
    await asyncio.sleep(0.02)
    called_off = asyncio.create_task(store.write(add(note, "called off")))
    meets_it = asyncio.create_task(store.write(away))
    await asyncio.sleep(0.02)
    called_off.cancel()
    results = await asyncio.gather(first, called_off, meets_it, return_exceptions=True)
    assert isinstance(results[2], UnavailableError)
    await store.write(add(note, "next"))
    assert await store.read(texts(note)) == {"next"}


def connection_of(conn: sa.Connection) -> object:
    return conn.connection.dbapi_connection


async def test_everything_is_written_on_one_connection_however_much_is_read_between(store: Store) -> None:
    used = []
    for _ in range(6):
        used.append(await store.write(connection_of))
        await asyncio.gather(*(store.read(connection_of) for _ in range(3)))
    assert len({id(one) for one in used}) == 1


async def test_nothing_is_written_on_a_connection_that_met_an_outage(store: Store, note: sa.Table) -> None:
    before = await store.write(connection_of)
    await store.write(lambda conn: conn.execute(sa.text("PRAGMA query_only=ON")).close())
    with pytest.raises(UnavailableError):
        await store.write(add(note, "late"))
    assert await store.write(connection_of) is not before
    assert await store.write(add(note, "next")) == 1


async def test_reads_one_after_the_other_use_one_connection_and_reads_at_once_do_not(store: Store) -> None:
    meet = threading.Barrier(3, timeout=10)

    def together(conn: sa.Connection) -> object:
        meet.wait()
        return connection_of(conn)

    at_once = await asyncio.gather(*(store.read(together) for _ in range(3)))
    in_turn = [await store.read(connection_of) for _ in range(6)]
    assert len({id(one) for one in at_once}) == 3
    assert len({id(one) for one in in_turn}) == 1


def cache_of(conn: sa.Connection) -> int:
    return int(conn.exec_driver_sql("PRAGMA cache_size").scalar_one())


async def test_what_only_reads_keeps_few_pages_and_what_writes_does_not_have_to(store: Store) -> None:
    assert await store.write(cache_of) == -engines.WRITE_CACHE_KIB
    assert await store.read(cache_of) == -engines.READ_CACHE_KIB


def spilled() -> int:
    """Files of SQLite that this process has open and that are gone from their folder."""
    links = [link.readlink().name for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(link.startswith("etilqs_") for link in links)


def change_many(note: sa.Table):
    """Change some hundred pages that were there before; how many files were spilled to meanwhile."""
    change = sa.update(note).where(note.c.id == sa.bindparam("this")).values(text=sa.bindparam("then"))
    rows = [{"this": number, "then": f"{number} {'another note ' * 100}"} for number in range(1, 1_001)]

    def work(conn: sa.Connection) -> int:
        conn.execute(change, rows)
        return spilled()

    return work


@pytest.fixture
async def long_notes(store: Store, note: sa.Table) -> sa.Table:
    rows = [{"text": f"{number} {'a long note ' * 100}"} for number in range(1_000)]
    await store.write(lambda conn: conn.execute(sa.insert(note), rows).close())
    return note


async def together(store: Store, *work: Work[Any]) -> list[Any]:
    """What comes of work that is committed together, for the writer was busy when it came."""
    begun, held = threading.Event(), threading.Event()

    def hold(conn: sa.Connection) -> None:
        begun.set()
        held.wait()

    first = asyncio.create_task(store.write(hold))
    await asyncio.to_thread(begun.wait)
    beside = [asyncio.create_task(store.write(one)) for one in work]
    await asyncio.sleep(0)  # each has had its turn, and stands in the writer's queue
    held.set()
    return (await asyncio.gather(first, *beside))[1:]


no_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")


@no_proc
async def test_a_store_copies_no_page_to_a_file_elsewhere(store: Store, long_notes: sa.Table) -> None:
    assert await together(store, change_many(long_notes), change_many(long_notes)) == [0, 0]


@no_proc
async def test_a_connection_not_made_for_a_store_copies_pages_to_a_file_elsewhere(
    store: Store, long_notes: sa.Table
) -> None:
    with store.engine.begin() as conn, conn.begin_nested():
        assert change_many(long_notes)(conn) == 1


async def test_work_that_stands_alone_has_no_savepoint_and_work_beside_others_has_one_each(
    store: Store, note: sa.Table
) -> None:
    made: list[str] = []
    sa.event.listen(store.engine, "savepoint", lambda conn, name: made.append(name))
    await store.write(add(note, "alone"))
    assert made == []
    await together(store, add(note, "a"), add(note, "b"))
    assert len(made) == 2


async def test_work_that_stands_alone_and_raises_is_undone_and_heard_of(store: Store, note: sa.Table) -> None:
    def fail(conn: sa.Connection) -> None:
        add(note, "half done")(conn)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(fail)
    assert await store.write(add(note, "next")) == 1
    assert await store.read(texts(note)) == {"next"}


async def test_a_lock_file_that_cannot_be_made_is_an_outage(store: Store, tmp_path: Path) -> None:
    (tmp_path / "test.sqlite3.relay.lock").mkdir()
    with pytest.raises(UnavailableError, match=r"relay\.lock"):
        await store.lead("relay")


async def test_a_postgresql_that_went_away_is_an_outage_for_whoever_wants_to_lead() -> None:
    store = Store(sa.create_engine("postgresql+psycopg://siaga@127.0.0.1:1/none"))
    with pytest.raises(UnavailableError):
        await store.lead("relay")
    await store.close()


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path, migrations: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("no database " * 100)
    with pytest.raises(OperatorError, match="not a database"):
        Store.open(f"sqlite:///{tmp_path / 'x.sqlite3'}", migrations)


async def test_a_store_that_reads_answers(store: Store) -> None:
    assert await store.answers()


async def test_a_store_that_hangs_does_not_answer(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(work: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.05)
    monkeypatch.setattr(store, "read", hang)
    assert not await store.answers()


async def test_a_store_that_reads_and_writes_works(store: Store) -> None:
    assert await store.works()


async def test_a_store_whose_writer_hangs_answers_and_does_not_work(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 1.0)
    go_on = threading.Event()
    hanging = asyncio.create_task(store.write(lambda _: go_on.wait()))
    await asyncio.sleep(0)
    assert await store.answers()
    assert not await store.works()
    go_on.set()
    await hanging


def hold(url: str) -> sa.Connection:
    """Somebody who is in the middle of a serial transaction and says nothing more."""
    other = sa.create_engine(url).connect()
    if other.dialect.name == "sqlite":
        other.connection.driver_connection.execute("BEGIN IMMEDIATE")  # type: ignore[union-attr]
    else:
        other.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": module._SERIAL_LOCK})
    return other


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_a_lock_somebody_keeps_is_an_outage_and_no_fault_of_the_record(
    kind: str, request: pytest.FixtureRequest, migrations: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue("postgres") if kind == "postgres" else store_url
    Store.open(url, migrations).engine.dispose()
    monkeypatch.setattr(engines, "LOCK_WAIT_MS", 200)
    store, other = Store.open(url, migrations), hold(url)
    with pytest.raises(UnavailableError):
        await store.write(lambda conn: conn.execute(sa.text("SELECT 1")).scalar(), serial=True)
    other.close()
    other.engine.dispose()
    assert await store.write(lambda conn: conn.execute(sa.text("SELECT 1")).scalar(), serial=True) == 1
    await store.close()


NEXT_MIGRATION = """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.drop_table("note")
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def test_what_fails_on_a_schema_that_changed_under_the_program_is_no_fault_of_the_record(
    kind: str, request: pytest.FixtureRequest, migrations: Path, store_url: str, note: sa.Table
) -> None:
    url = request.getfixturevalue("postgres") if kind == "postgres" else store_url
    before = Store.open(url, migrations)
    with pytest.raises(sa.exc.DBAPIError):  # the twin: on its own schema the same mistake is the work's
        await before.write(lambda conn: conn.execute(sa.text("SELECT * FROM nowhere")))
    (migrations / "versions" / "0002_next.py").write_text(NEXT_MIGRATION)
    after = Store.open(url, migrations)
    for ask in (before.write, before.read):
        with pytest.raises(UnavailableError, match="schema is 0002 by now and this program is made for 0001"):
            await ask(texts(note))
    assert await before.write(lambda conn: conn.execute(sa.text("SELECT 1")).scalar()) == 1
    await before.close()
    await after.close()


def _statements() -> int:
    return sum(str(type(one)) == "<class 'sqlite3.Statement'>" for one in gc.get_objects())


def kept_statements(engine: sa.Engine, asked: list[str]) -> int:
    """How many statements one connection still holds prepared after these were asked."""
    with engine.connect() as conn:
        before = _statements()
        for number in asked:
            conn.exec_driver_sql(f"SELECT {number}").fetchall()
        return _statements() - before


def test_a_connection_forgets_the_statements_it_used_longest_ago(tmp_path: Path) -> None:
    engine = engines.make_engine(f"sqlite:///{tmp_path / 'kept.sqlite3'}")
    assert kept_statements(engine, [str(number) for number in range(300)]) <= engines.KEPT_STATEMENTS
    engine.dispose()


def test_a_connection_does_not_forget_the_statements_of_a_service(tmp_path: Path) -> None:
    engine = engines.make_engine(f"sqlite:///{tmp_path / 'kept.sqlite3'}")
    assert kept_statements(engine, [str(number) for number in range(50)] * 3) >= 50
    engine.dispose()
