"""A store with nothing but an outbox, as every service has one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime.outbox import outbox_table
from services.runtime.store import Store

MIGRATION = """
from alembic import op
import sqlalchemy as sa
from services.runtime.outbox import create_outbox

revision = "0001"
down_revision = None


def upgrade():
    create_outbox()
    op.create_table("note", sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(100), unique=True))
"""


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "0001_first.py").write_text(MIGRATION)
    return folder


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'test.sqlite3'}"


@pytest.fixture
async def store(migrations: Path, store_url: str) -> AsyncIterator[Store]:
    store = Store.open(store_url, migrations)
    yield store
    await store.close()


@pytest.fixture
def outbox() -> sa.Table:
    return outbox_table(sa.MetaData())


@pytest.fixture
def note() -> sa.Table:
    return sa.Table(
        "note", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.String(100))
    )
