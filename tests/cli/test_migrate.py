"""`siaga migrate`: a line an upgrade, safe when run twice at once; services that may not migrate wait for it."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from services.cli.holdings import MIGRATIONS, NAMES, holdings
from services.cli.migrate import migrate_command
from services.ingest.settings import IngestSettings
from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError
from services.runtime.schema import migration_heads, upgrade
from services.runtime.store import Store


def run(*arguments: str) -> tuple[int, list[str]]:
    done = CliRunner().invoke(migrate_command, list(arguments), standalone_mode=False)
    if done.exception:
        raise done.exception
    return int(done.return_value), done.stdout.splitlines()


def head(name: str) -> str:
    (only,) = migration_heads(MIGRATIONS[name])
    return only


def earlier(folder: Path, name: str) -> Path:
    """The service's migrations without the newest."""
    copy = folder / "earlier" / name
    shutil.copytree(MIGRATIONS[name], copy, ignore=shutil.ignore_patterns("__pycache__"))
    (newest,) = [
        file for file in (copy / "versions").glob("*.py") if f'revision = "{head(name)}"' in file.read_text()
    ]
    newest.unlink()
    return copy


def test_every_store_is_made_and_a_second_run_finds_nothing_to_do(tmp_path: Path) -> None:
    status, first = run("--data", str(tmp_path))
    assert status == 0
    assert {line.split(":")[0] for line in first} == set(NAMES)
    assert all(": upgraded " in line for line in first)
    assert run("--data", str(tmp_path)) == (0, [f"{name}: at {head(name)}, nothing to do" for name in NAMES])


def test_an_upgrade_is_one_line_from_revision_to_revision(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'tagger.sqlite3'}")
    before = upgrade(engine, earlier(tmp_path, "tagger")).applied[-1]
    engine.dispose()
    assert run("tagger", "--data", str(tmp_path)) == (0, [f"tagger: upgraded {before} -> {head('tagger')}"])


def test_a_check_says_what_is_to_do_and_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        status, lines = run("ingest", "--check", "--data", str(tmp_path))
        assert status == 2
        assert lines[0].startswith("ingest: to do nothing -> ")
    run("ingest", "--data", str(tmp_path))
    assert run("ingest", "--check", "--data", str(tmp_path))[0] == 0


def test_a_store_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="archive: is no store"):
        run("archive", "--data", str(tmp_path))


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'notifier.sqlite3'}"
    return str(request.getfixturevalue("postgres"))


def test_two_at_once_apply_every_step_once(url: str) -> None:
    ways = []

    def go() -> None:
        engine = make_engine(url)
        ways.append(upgrade(engine, MIGRATIONS["notifier"]).applied)
        engine.dispose()

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, ways))[:3] == [0, 0, 0]
    assert max(ways, key=len)[-1] == head("notifier")


def test_without_the_right_to_migrate_a_store_at_its_head_opens_and_any_other_does_not(
    url: str, tmp_path: Path
) -> None:
    migrations = MIGRATIONS["tagger"]
    with pytest.raises(OperatorError, match=r"has no schema yet.*siaga migrate"):
        Store.open(url, migrations, migrate=False)
    engine = make_engine(url)
    before = upgrade(engine, earlier(tmp_path, "tagger")).applied[-1]
    with pytest.raises(OperatorError, match=f"has schema {before}, this program needs {head('tagger')}"):
        Store.open(url, migrations, migrate=False)
    upgrade(engine, migrations)
    Store.open(url, migrations, migrate=False).engine.dispose()
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE alembic_version SET version_num = '9999_later'"))
    engine.dispose()
    for migrate in (False, True):
        with pytest.raises(OperatorError, match="9999_later is newer"):
            Store.open(url, migrations, migrate=migrate)


def test_a_password_comes_from_the_file_of_its_service(tmp_path: Path) -> None:
    (tmp_path / "ingest-password").write_text("a:b@c/d\n")
    settings = IngestSettings(ingest_store="postgresql+psycopg://ingest@db/ingest", store_passwords=tmp_path)
    url = sa.make_url(settings.store_url)
    assert (url.username, url.password, url.host) == ("ingest", "a:b@c/d", "db")


def test_a_missing_password_is_named_by_its_file(tmp_path: Path) -> None:
    settings = IngestSettings(ingest_store="postgresql://ingest@db/ingest", store_passwords=tmp_path)
    with pytest.raises(OperatorError, match=r"ingest-password: cannot be read"):
        _ = settings.store_url


def test_a_folder_wins_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAGA_TAGGER_STORE", "postgresql://tagger@db/tagger")
    assert [one.is_sqlite for one in holdings(("tagger",))] == [False]
    assert [one.file for one in holdings(("tagger",), tmp_path)] == [tmp_path / "tagger.sqlite3"]
