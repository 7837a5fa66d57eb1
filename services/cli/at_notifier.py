"""One transaction on the notifier's store: a `siaga run`'s folder, else what the environment says."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import sqlalchemy as sa

from services.cli.where import DEFAULT_DATA
from services.notifier.app import MIGRATIONS
from services.notifier.settings import NotifierSettings
from services.runtime.settings import load_settings
from services.runtime.store import Store

T = TypeVar("T")

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)


def carry_out(data: Path | None, work: Callable[[sa.Connection], T]) -> T:
    """Do ``work``; a running notifier takes the change over by itself within seconds.

    Raises:
        OperatorError: the store is not there or does not answer.
    """
    settings = notifier_settings(data)
    store = Store.open(settings.store_url(), MIGRATIONS, migrate=settings.migrates)
    try:
        with store.engine.begin() as conn:
            return work(conn)
    finally:
        store.engine.dispose()


def notifier_settings(data: Path | None) -> NotifierSettings:
    """The notifier's settings as this command sees them."""
    settings = load_settings(NotifierSettings)
    if data is None and not settings.notifier_store and (DEFAULT_DATA / "notifier.sqlite3").exists():
        data = DEFAULT_DATA
    return settings if data is None else load_settings(NotifierSettings, data_dir=data)


def actor() -> str:
    """Who is at the command line, for the audit."""
    return f"operator {getpass.getuser()}"
