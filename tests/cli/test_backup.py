"""`siaga backup` and `siaga restore`: what is put away comes back whole, and anything doubtful is refused."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from services.cli.backup import backup_command, restore_command
from services.cli.holdings import MIGRATIONS, NAMES
from services.notifier.backups import last_backup, note_backup
from services.notifier.desk import sessions
from services.notifier.desk.tables import SESSION, SIGN_IN
from services.notifier.people_tables import MAIL_CODE
from services.notifier.tables import META
from services.runtime.errors import OperatorError
from services.runtime.store import Store

SECRET = "a name nobody may lose"


def run(command: object, *arguments: object) -> str:
    done = CliRunner().invoke(
        command, [str(one) for one in arguments] + ["--without-broker"], standalone_mode=False
    )  # type: ignore[arg-type]
    if done.exception:
        raise done.exception
    return done.stdout


def filled(url: str, name: str = "notifier") -> Store:
    store = Store.open(url, MIGRATIONS[name])
    if name == "notifier":
        with store.engine.begin() as conn:
            conn.execute(sa.insert(META).values(name="kept", value=SECRET))
    return store


def kept(url: str) -> str | None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as conn:
        return conn.execute(sa.select(META.c.value).where(META.c.name == "kept")).scalar()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The folder of an installation whose services run: the stores are open."""
    folder = tmp_path / "data"
    stores = [filled(f"sqlite:///{folder / name}.sqlite3", name) for name in NAMES]
    yield folder
    for store in stores:
        store.engine.dispose()


@pytest.fixture
def backup(data: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "backup"
    run(backup_command, folder, "--data", data)
    return folder


def test_open_stores_are_put_away_and_come_back_whole(backup: Path, tmp_path: Path) -> None:
    said = run(restore_command, backup, "--data", tmp_path / "fresh")
    assert kept(f"sqlite:///{tmp_path / 'fresh' / 'notifier.sqlite3'}") == SECRET
    assert {path.name for path in (tmp_path / "fresh").iterdir()} >= {f"{name}.sqlite3" for name in NAMES}
    assert "no broker was asked" in said


def let_in(data: Path) -> None:
    """Somebody is signed in, somebody asked for a code, and a guest's mailbox is being proved."""
    with sa.create_engine(f"sqlite:///{data / 'desk.sqlite3'}", poolclass=sa.NullPool).begin() as conn:
        sessions.open_session(conn, "1f", 1.0)
        sessions.ask(conn, "1f", sessions.new_ticket(), 1.0)
    with sa.create_engine(f"sqlite:///{data / 'notifier.sqlite3'}", poolclass=sa.NullPool).begin() as conn:
        row = {"official_id": "1f", "fingerprint": "f", "sealed": b"s", "code_hash": "h"}
        conn.execute(sa.insert(MAIL_CODE).values(**row, expires_at=2.0, wrong=0, created_at=1.0))


def keys(data: Path) -> list[int]:
    found = []
    for name, table in (("desk", SESSION), ("desk", SIGN_IN), ("notifier", MAIL_CODE)):
        with sa.create_engine(f"sqlite:///{data / name}.sqlite3", poolclass=sa.NullPool).connect() as conn:
            found.append(conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    return found


def test_a_restore_ends_sessions_and_codes_and_says_what_is_to_be_done_again(data: Path, tmp_path: Path) -> None:
    let_in(data)
    run(backup_command, tmp_path / "b", "--data", data)
    said = run(restore_command, tmp_path / "b", "--data", tmp_path / "fresh")
    assert keys(tmp_path / "fresh") == [0, 0, 0]
    assert "suspensions, roles, revoked readers and forgotten officials since the backup" in said


def test_a_backup_ends_nobodys_session(data: Path, tmp_path: Path) -> None:
    let_in(data)
    run(backup_command, tmp_path / "b", "--data", data)
    assert keys(data) == [1, 1, 1]
    assert keys(tmp_path / "b") == [1, 1, 1]


def test_a_copy_is_of_one_moment_though_the_service_writes(data: Path, tmp_path: Path) -> None:
    path = data / "ingest.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE pairs (a int, b int)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO pairs VALUES (1, 1)")
        run(backup_command, tmp_path / "b", "--data", data)
        writer.execute("COMMIT")
    with closing(sqlite3.connect(tmp_path / "b" / "ingest.sqlite3")) as copy:
        assert copy.execute("SELECT count(*) FROM pairs").fetchone() == (0,)


def test_a_backup_is_for_its_owner_alone_and_holds_no_key(backup: Path, data: Path) -> None:
    (data / "contact-key").write_text("x")
    assert backup.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in backup.iterdir()} == {0}
    assert {path.name for path in backup.iterdir()} == {"manifest.json", *(f"{name}.sqlite3" for name in NAMES)}


def noted(data: Path) -> float | None:
    with sa.create_engine(f"sqlite:///{data / 'notifier.sqlite3'}", poolclass=sa.NullPool).connect() as conn:
        return last_backup(conn)


def test_a_whole_backup_is_noted_where_the_notifier_shows_it(data: Path, tmp_path: Path) -> None:
    before = time.time()
    run(backup_command, tmp_path / "b", "--data", data)
    assert before <= (noted(data) or 0.0) <= time.time()
    assert noted(tmp_path / "b") is None, "the copy is of before"


def test_a_backup_that_failed_is_not_noted(data: Path, tmp_path: Path) -> None:
    with sa.create_engine(f"sqlite:///{data / 'notifier.sqlite3'}", poolclass=sa.NullPool).begin() as conn:
        note_backup(conn, 5.0)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other").touch()
    with pytest.raises(OperatorError, match="never overwrites"):
        run(backup_command, tmp_path / "b", "--data", data)
    assert noted(data) == 5.0


def test_a_backup_that_cannot_be_noted_is_whole_and_says_so(data: Path, tmp_path: Path) -> None:
    with sa.create_engine(f"sqlite:///{data / 'notifier.sqlite3'}", poolclass=sa.NullPool).begin() as conn:
        conn.execute(sa.text("CREATE TRIGGER shut BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'shut'); END"))
    arguments = [str(tmp_path / "b"), "--data", str(data), "--without-broker"]
    done = CliRunner().invoke(backup_command, arguments, standalone_mode=False)
    assert done.exception is None
    assert "the backup is whole, but could not be noted" in done.stderr
    run(restore_command, tmp_path / "b", "--data", tmp_path / "fresh")


def test_a_backup_never_overwrites(backup: Path, data: Path) -> None:
    with pytest.raises(OperatorError, match="never overwrites"):
        run(backup_command, backup, "--data", data)


def test_an_interrupted_backup_is_no_backup(data: Path, tmp_path: Path) -> None:
    for file in data.glob("tagger.sqlite3*"):
        file.unlink()
    (data / "tagger.sqlite3").write_bytes(b"no database at all, " * 500)
    with pytest.raises(OperatorError, match="not a database"):
        run(backup_command, tmp_path / "b", "--data", data)
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / "b.partial").exists()


def test_a_place_that_holds_a_store_is_not_overwritten(backup: Path, data: Path) -> None:
    before = kept(f"sqlite:///{data / 'notifier.sqlite3'}")
    with pytest.raises(OperatorError, match="is there already: a restore never overwrites"):
        run(restore_command, backup, "--data", data)
    assert kept(f"sqlite:///{data / 'notifier.sqlite3'}") == before


def test_what_is_left_of_a_store_counts_as_one(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "desk.sqlite3-wal").write_bytes(b"x")
    with pytest.raises(OperatorError, match=r"desk.sqlite3-wal: is there already"):
        run(restore_command, backup, "--data", tmp_path / "fresh")
    assert not (tmp_path / "fresh" / "ingest.sqlite3").exists()


def flip(backup: Path) -> None:
    content = bytearray((backup / "tagger.sqlite3").read_bytes())
    content[len(content) // 2] ^= 1
    (backup / "tagger.sqlite3").write_bytes(content)


def manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def apply(backup: Path) -> None:
        found = json.loads((backup / "manifest.json").read_text())
        change(found)
        (backup / "manifest.json").write_text(json.dumps(found))

    return apply


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (flip, r"tagger.sqlite3: is not what was backed up: its checksum differs"),
        (lambda backup: (backup / "ingest.sqlite3").unlink(), r"ingest.sqlite3: cannot be read"),
        (lambda backup: (backup / "manifest.json").unlink(), r"is this a backup\?"),
        (lambda backup: (backup / "manifest.json").write_text("{"), r"cannot be understood"),
        (manifest(lambda m: m.update(format=2)), r"is of format 2, this program reads up to 1"),
        (manifest(lambda m: m["stores"]["desk"].update(schema="9999_later")), r"its schema 9999_later is newer"),  # type: ignore[index]
        (manifest(lambda m: m["stores"].update(archive=m["stores"]["desk"])), r"archive is no store"),  # type: ignore[index,attr-defined]
        (manifest(lambda m: m["stores"]["desk"].update(file="../desk.sqlite3")), r"cannot be understood"),  # type: ignore[index]
    ],
)
def test_a_doubtful_backup_is_refused_in_one_line_and_nothing_is_restored(
    backup: Path, tmp_path: Path, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(backup)
    with pytest.raises(OperatorError, match=says) as raised:
        run(restore_command, backup, "--data", tmp_path / "fresh")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "fresh").exists()


def test_a_store_of_the_version_before_is_restored_and_upgraded(tmp_path: Path) -> None:
    from tests.cli.test_migrate import earlier, head

    data = tmp_path / "data"
    before = Store.open(f"sqlite:///{data / 'tagger.sqlite3'}", earlier(tmp_path, "tagger"))
    before.engine.dispose()
    run(backup_command, tmp_path / "b", "--data", data)
    said = run(restore_command, tmp_path / "b", "--data", tmp_path / "fresh")
    assert f"upgraded to {head('tagger')}" in said


def only_notifier(monkeypatch: pytest.MonkeyPatch, folder: Path, url: str) -> None:
    monkeypatch.setenv("SIAGA_DATA_DIR", str(folder))
    monkeypatch.setenv("SIAGA_NOTIFIER_STORE", url)


def test_postgresql_is_put_away_and_comes_back_and_a_full_one_is_not_overwritten(
    postgres: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_notifier(monkeypatch, tmp_path, postgres)
    filled(postgres).engine.dispose()
    run(backup_command, tmp_path / "b")
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"manifest.json", "notifier.pgdump"}
    with pytest.raises(OperatorError, match=r"holds \d+ tables already: a restore never overwrites"):
        run(restore_command, tmp_path / "b")
    emptied = sa.create_engine(postgres, poolclass=sa.NullPool)
    with emptied.begin() as conn:
        conn.execute(sa.text("DROP SCHEMA public CASCADE"))
        conn.execute(sa.text("CREATE SCHEMA public"))
    run(restore_command, tmp_path / "b")
    assert kept(postgres) == SECRET


def test_a_backup_of_another_kind_of_store_is_refused(
    backup: Path, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_notifier(monkeypatch, tmp_path / "fresh", postgres)
    with pytest.raises(OperatorError, match="does not fit the store that is set up, PostgreSQL"):
        run(restore_command, backup)
