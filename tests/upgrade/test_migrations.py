"""A migration leaves the version before at work: it adds, and takes nothing away that a running service may use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.holdings import MIGRATIONS

_TAKES_AWAY = {
    "drop_table",
    "drop_column",
    "drop_constraint",
    "alter_column",
    "rename_table",
    "create_check_constraint",
}
#: The tagger of before waits, or has to be stopped first; nothing like it may come again.
KNOWN = {("tagger", "0002_incidents.py", "drop_table")}


def breaks(source: str) -> Iterator[str]:
    """The calls of a migration that the version before would stumble on."""
    for call in (one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in _TAKES_AWAY:
            yield name
        if name == "add_column" and _must_be_given(call.args[1]):
            yield "add_column without a default"


def _must_be_given(column: ast.expr) -> bool:
    words = {one.arg: one.value for one in column.keywords} if isinstance(column, ast.Call) else {}
    nullable = words.get("nullable")
    return isinstance(nullable, ast.Constant) and nullable.value is False and "server_default" not in words


def test_every_migration_leaves_the_version_before_at_work() -> None:
    files = [(name, file) for name, folder in MIGRATIONS.items() for file in (folder / "versions").glob("*.py")]
    assert len(files) > 10
    assert {(name, file.name, one) for name, file in files for one in breaks(Path(file).read_text())} == KNOWN


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_table("x")',
        'op.drop_column("x", "y")',
        'op.alter_column("x", "y", nullable=False)',
        'op.add_column("x", sa.Column("y", sa.Text, nullable=False))',
    ],
)
def test_what_the_version_before_would_stumble_on_is_seen(line: str) -> None:
    assert list(breaks(line))


@pytest.mark.parametrize(
    "line",
    [
        'op.create_table("x")',
        'op.drop_index("x", "y")',
        'op.add_column("x", sa.Column("y", sa.Text))',
        'op.add_column("x", sa.Column("y", sa.Text, nullable=False, server_default=""))',
    ],
)
def test_what_only_adds_is_let_through(line: str) -> None:
    assert not list(breaks(line))
