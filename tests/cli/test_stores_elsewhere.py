"""Questions to stores that are in no folder of a `siaga run`: on PostgreSQL, or in files the environment names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from services.cli import holdings
from services.cli.backtest import backtest_command
from services.cli.corrections import export_corrections
from services.cli.holdings import MIGRATIONS, stores_at
from services.cli.stores import SERVICES, Stores
from services.cli.why import explain, why_command
from services.notifier import queries
from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError
from services.runtime.store import Store
from tests.cli.year_of_stores import build, story_id
from tests.postgres_server import PostgresServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of stores, in files."""
    path = tmp_path_factory.mktemp("files")
    build(path, 1, seed=7)
    return path


@pytest.fixture(scope="module")
def servers(folder: Path, _postgres_server: PostgresServer) -> dict[str, str]:
    """The same on PostgreSQL."""
    urls = {}
    for name in SERVICES:
        urls[name] = _postgres_server.database(name)
        Store.open(urls[name], MIGRATIONS[name]).engine.dispose()
        copy(make_engine(f"sqlite:///{folder / name}.sqlite3"), make_engine(urls[name]))
    return urls


def copy(source: sa.Engine, target: sa.Engine) -> None:
    tables = sa.MetaData()
    tables.reflect(target)
    with source.connect() as old, target.begin() as new:
        for table in tables.sorted_tables:
            rows = [dict(row) for row in old.execute(sa.select(table)).mappings()]
            if rows and table.name != "alembic_version":
                new.execute(sa.insert(table), rows)
    source.dispose()
    target.dispose()


@pytest.fixture(autouse=True)
def _no_run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No folder of a run, and nothing in the environment."""
    monkeypatch.chdir(tmp_path)
    yield


def name_stores(monkeypatch: pytest.MonkeyPatch, urls: dict[str, str]) -> None:
    for name, url in urls.items():
        monkeypatch.setenv(f"SIAGA_{name.upper()}_STORE", url)


def said(command: click.Command, *words: str) -> str:
    done = CliRunner().invoke(command, list(words), standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.stdout


@pytest.mark.postgres
@pytest.mark.parametrize("number", [0, 3, 150])
def test_postgresql_tells_the_chain_that_the_files_tell(
    folder: Path, servers: dict[str, str], number: int
) -> None:
    told = list(explain(Stores(Path(), servers), story_id(0, number), None))
    assert len(told) > 2
    assert told == list(explain(Stores(folder), story_id(0, number), None))


@pytest.mark.postgres
def test_the_commands_of_an_alarm_find_the_stores_of_the_environment(
    folder: Path, servers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name_stores(monkeypatch, servers)
    official = Stores(folder).ask("notifier", queries.official_ids)[0][0]
    assert "attempt 1" in said(why_command, story_id(0, 3))
    assert said(export_corrections) == ""
    with pytest.raises(OperatorError, match="holds no alerts yet"):  # so the official was found
        said(backtest_command, official)


@pytest.mark.postgres
def test_a_question_changes_nothing(servers: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match=r"store of notifier: cannot be read: .*read-only"):
        Stores(Path(), servers).ask("notifier", lambda conn: conn.exec_driver_sql("DELETE FROM official"))
    assert Stores(Path(), servers).ask("notifier", queries.official_ids)


def test_files_in_folders_of_their_own_are_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {}
    for name in SERVICES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.sqlite3").write_bytes((folder / f"{name}.sqlite3").read_bytes())
        urls[name] = f"sqlite:///{tmp_path / name}/own.sqlite3"
    name_stores(monkeypatch, urls)
    assert said(why_command, story_id(0, 3)) == said(why_command, story_id(0, 3), "--data", str(folder))


def test_the_folder_named_goes_before_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_stores(monkeypatch, dict.fromkeys(SERVICES, "sqlite:////nowhere/none.sqlite3"))
    assert stores_at(folder) == Stores(folder)


def test_the_environment_goes_before_the_last_run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / holdings.DEFAULT_DATA).mkdir(parents=True)
    assert stores_at(None) == Stores(holdings.DEFAULT_DATA)
    name_stores(monkeypatch, dict.fromkeys(SERVICES, "sqlite:////elsewhere/one.sqlite3"))
    assert stores_at(None).path("tagger") == Path("/elsewhere/one.sqlite3")


def test_a_server_that_does_not_answer_is_one_line_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://siaga:hush@127.0.0.1:1/none"
    with pytest.raises(OperatorError, match="store of tagger") as caught:
        Stores(Path(), {"tagger": url}).ask("tagger", lambda conn: conn.exec_driver_sql("SELECT 1"))
    assert "hush" not in str(caught.value) and "\n" not in str(caught.value)
