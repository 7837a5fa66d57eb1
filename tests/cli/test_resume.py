"""`siaga feeds resume`: a source that said nobody should knock again is asked again by an operator alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from services.cli.feeds import feeds_command
from services.ingest import claims
from services.ingest.app import MIGRATIONS
from services.ingest.tables import polls
from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError
from services.runtime.store import Store
from tests.ingest.builders import a_source

SOURCE = a_source(id="desk-all")


def a_store(folder: Path, **changes: Any) -> sa.Engine:
    """An ingest store with one source, which stands as given."""
    url = f"sqlite:///{folder / 'ingest.sqlite3'}"
    Store.open(url, MIGRATIONS).engine.dispose()
    engine = make_engine(url)
    with engine.begin() as conn:
        claims.register(conn, [SOURCE], time.time() + 3600)
        conn.execute(sa.update(polls).values(last_reason="gone", **changes))
    return engine


def resume(folder: Path, *ids: str) -> Result:
    return CliRunner().invoke(feeds_command, ["resume", *ids, "--data", str(folder)])


def claimed(engine: sa.Engine) -> bool:
    with engine.begin() as conn:
        found = claims.claim(conn, SOURCE.politeness_key, [SOURCE.id], "me", time.time())
    return isinstance(found, claims.Claim)


def test_a_source_that_stopped_is_not_asked_by_itself(tmp_path: Path) -> None:
    assert not claimed(a_store(tmp_path, next_check_at=None))


def test_a_source_that_stopped_is_asked_once_an_operator_has_looked(tmp_path: Path) -> None:
    engine = a_store(tmp_path, next_check_at=None)
    assert resume(tmp_path, SOURCE.id).exit_code == 0
    assert claimed(engine)


def test_a_first_address_that_stopped_is_tried_while_the_fallback_serves(tmp_path: Path) -> None:
    standby = {"standby_url": "https://desk.example/two", "standby_since": 1.0, "standby_reason": "gone"}
    engine = a_store(tmp_path, **standby)
    assert resume(tmp_path, SOURCE.id).exit_code == 0
    with engine.connect() as conn:
        assert conn.execute(sa.select(polls.c.first_at)).scalar_one() <= time.time()


@pytest.mark.parametrize(("source_id", "said"), [("desk-all", "has not stopped"), ("nobody", "was never polled")])
def test_a_source_that_is_polled_or_unknown_is_left_alone(tmp_path: Path, source_id: str, said: str) -> None:
    engine = a_store(tmp_path)
    failed = resume(tmp_path, source_id)
    assert isinstance(failed.exception, OperatorError)
    assert said in str(failed.exception)
    assert not claimed(engine)


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    assert isinstance(resume(tmp_path, SOURCE.id).exception, OperatorError)
    assert list(tmp_path.iterdir()) == []
