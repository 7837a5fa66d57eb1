"""`siaga desk`: say who may do more at the desk than look, and bring its lost store back."""

from __future__ import annotations

import time
from pathlib import Path

import click
import sqlalchemy as sa

from services.cli.officials_store import DATA, ID, act, known, settings_of
from services.notifier import audit
from services.notifier.desk import rebuild, sessions
from services.notifier.desk.app import MIGRATIONS
from services.notifier.desk.sessions import Role
from services.notifier.vault import Vault
from services.runtime.store import Store


@click.group("desk")
def desk_command() -> None:
    """Roles at the desk, where everybody who is approved may look; and its store, which comes from its topics.

    \b
    Example:
      siaga desk role 3f1c... admin
    """


@desk_command.command("role")
@DATA
@ID
@click.argument("role", type=click.Choice([str(role) for role in Role]))
def give_role(data: Path | None, official_id: str, role: str) -> None:
    """Give an official a role; who is signed in signs in anew.

    \b
    Example:
      siaga desk role 3f1c... approver
    """

    def deed(conn: sa.Connection, _: Vault, actor: str) -> str:
        known(conn, official_id)
        audit.record(conn, time.time(), actor, "desk role given", official_id, detail={"role": role})
        return actor

    actor = act(data, deed)
    settings = settings_of(data)
    store = Store.open(settings.desk_store_url(), MIGRATIONS, migrate=settings.migrates)
    try:
        with store.engine.begin() as conn:
            sessions.give_role(conn, official_id, Role(role), actor, time.time())
    finally:
        store.engine.dispose()
    click.echo(f"{official_id} is {role}", err=True)


@desk_command.command("rebuild")
@DATA
def rebuild_desk(data: Path | None) -> None:
    """Have the notifier read the desk's topics from their beginning; nothing is lost or doubled by it.

    An empty store is read back without being asked: this is for one that was damaged or put back from a backup.

    \b
    Example:
      siaga desk rebuild
    """
    settings = settings_of(data)
    store = Store.open(settings.desk_store_url(), MIGRATIONS, migrate=settings.migrates)
    try:
        with store.engine.begin() as conn:
            rebuild.ask_again(conn)
    finally:
        store.engine.dispose()
    click.echo("the notifier reads the desk's topics again, at once if it runs, else when it starts", err=True)
