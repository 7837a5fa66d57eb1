"""Open the notifier's store for `siaga officials`, and know who is working."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import sqlalchemy as sa

from services.cli.where import DEFAULT_DATA
from services.notifier import admins, invitations, roster
from services.notifier.app import MIGRATIONS
from services.notifier.roster import Standing
from services.notifier.settings import NotifierSettings
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError
from services.runtime.settings import load_settings
from services.runtime.store import Store

T = TypeVar("T")
Work = Callable[[sa.Connection, Vault], T]
Deed = Callable[[sa.Connection, Vault, str], T]

DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)
ID = click.argument("official_id")


def look(data: Path | None, work: Work[T]) -> T:
    """Run one transaction on the notifier's store; a running notifier takes a change over by itself."""
    settings = settings_of(data)
    try:
        vault = Vault.open(settings.key_file(), create=settings.contact_key_file is None)
    except OSError as error:
        raise OperatorError(f"contact key {settings.key_file()}", f"cannot be opened: {error.strerror}") from None
    store = Store.open(settings.store_url(), MIGRATIONS, migrate=settings.migrates)
    try:
        with store.engine.begin() as conn:
            roster.check_key(conn, vault)
            return work(conn, vault)
    finally:
        store.engine.dispose()


def act(data: Path | None, deed: Deed[T]) -> T:
    """The same for somebody who must say who they are: the audit names them."""
    admin_file = settings_of(data).admin_file
    return look(data, lambda conn, vault: deed(conn, vault, admins.actor_of(conn, admin_file)))


def settings_of(data: Path | None) -> NotifierSettings:
    """The notifier's settings, with the store and key of a `siaga run` where one is meant."""
    settings = load_settings(NotifierSettings)
    if data is None and not settings.notifier_store and (DEFAULT_DATA / "notifier.sqlite3").exists():
        data = DEFAULT_DATA
    if data is None:
        return settings
    key = data / "secrets" / "contact-key"
    given = {"data_dir": data} | ({"contact_key_file": key} if key.exists() else {})
    return load_settings(NotifierSettings, **given)


def known(conn: sa.Connection, official_id: str) -> Standing:
    """Where an official stands.

    Raises:
        OperatorError: nobody has this id.
    """
    standing = invitations.standing_of(conn, official_id)
    if standing is None:
        raise OperatorError(f"official {official_id}", "is not there; `siaga officials list` shows who is")
    return standing
