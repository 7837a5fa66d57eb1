"""`siaga officials`: who may receive, and what."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.where import DEFAULT_DATA
from services.contracts.codes import Topic
from services.notifier import audit, invitations, roster
from services.notifier.app import MIGRATIONS
from services.notifier.officials_file import read_officials
from services.notifier.roster import NAME, REF, Standing
from services.notifier.settings import NotifierSettings
from services.notifier.spec import OfficialSpec
from services.notifier.tables import CONTACT, OFFICIAL
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError
from services.runtime.settings import load_settings
from services.runtime.store import Store

T = TypeVar("T")
Work = Callable[[sa.Connection, Vault], T]

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)
_ID = click.argument("official_id")


def _carry_out(data: Path | None, work: Work[T]) -> T:
    """Run one transaction on the notifier's store; a running notifier takes the change over by itself."""
    settings = _settings(data)
    try:
        vault = Vault.open(settings.key_file(), create=settings.contact_key_file is None)
    except OSError as error:
        raise OperatorError(f"contact key {settings.key_file()}", f"cannot be opened: {error.strerror}") from None
    store = Store.open(settings.store_url(), MIGRATIONS)
    try:
        with store.engine.begin() as conn:
            roster.check_key(conn, vault)
            return work(conn, vault)
    finally:
        store.engine.dispose()


def _settings(data: Path | None) -> NotifierSettings:
    settings = load_settings(NotifierSettings)
    if data is None and not settings.notifier_store and (DEFAULT_DATA / "notifier.sqlite3").exists():
        data = DEFAULT_DATA
    if data is None:
        return settings
    key = data / "secrets" / "contact-key"
    given = {"data_dir": data} | ({"contact_key_file": key} if key.exists() else {})
    return load_settings(NotifierSettings, **given)


def _actor() -> str:
    return f"operator {getpass.getuser()}"


def _known(conn: sa.Connection, official_id: str) -> Standing:
    standing = invitations.standing_of(conn, official_id)
    if standing is None:
        raise OperatorError(f"official {official_id}", "is not there; `siaga officials list` shows who is")
    return standing


@click.group("officials")
def officials_command() -> None:
    """Who may receive, and what.

    \b
    Example:
      siaga officials import officials.yaml
      siaga officials list
      siaga officials invite --title "PPA unit" --region ID-NT --topic human_trafficking
      siaga officials approve 3f1c...
    """


@officials_command.command("list")
@_DATA
@click.option("--names", is_flag=True, help="Show names too; without it only random ids.")
def list_officials(data: Path | None, names: bool) -> None:
    """One JSON line an official: id, standing, channels and subscriptions.

    \b
    Example:
      siaga officials list --names | jq -r '[.official_id, .state, .title] | @tsv'
    """
    for line in _carry_out(data, lambda conn, vault: _lines(conn, vault, names=names)):
        click.echo(json.dumps(line, ensure_ascii=False))


def _lines(conn: sa.Connection, vault: Vault, *, names: bool) -> list[dict[str, Any]]:
    lines = []
    for row in conn.execute(sa.select(OFFICIAL).order_by(OFFICIAL.c.created_at)).all():
        line: dict[str, Any] = {"official_id": row.official_id, "state": row.state}
        if names:
            known = _contacts(conn, vault, row.official_id)
            line |= {"title": known.get(NAME, ""), "ref": known.get(REF, "")}
        suspended = sa.select(CONTACT.c.channel, CONTACT.c.suspended).where(
            CONTACT.c.official_id == row.official_id, CONTACT.c.suspended.is_not(None)
        )
        spec = json.loads(row.spec)
        line |= {
            "channels": spec["channels"],
            "suspended_channels": {found.channel: found.suspended for found in conn.execute(suspended)},
            "subscriptions": spec["subscriptions"],
            "since": datetime.fromtimestamp(row.created_at, UTC).isoformat(timespec="seconds"),
        }
        lines.append(line)
    return lines


def _contacts(conn: sa.Connection, vault: Vault, official_id: str) -> dict[str, str]:
    query = sa.select(CONTACT.c.channel).where(CONTACT.c.official_id == official_id, CONTACT.c.suspended.is_(None))
    found = {}
    for row in conn.execute(query).all():
        contact = roster.read_contact(conn, vault, official_id, row.channel)
        if contact is not None:
            found[row.channel] = contact.address
    return found


@officials_command.command("import")
@_DATA
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only check the file.")
def import_officials(data: Path | None, path: Path, dry_run: bool) -> None:
    """Take over a YAML file; the same ref changes the same official.  An entry counts as approved by you.

    \b
    Example:
      siaga officials import --dry-run officials.yaml
      siaga officials import officials.yaml
    """
    entries = read_officials(path)
    if dry_run:
        click.echo(f"{path}: {len(entries)} officials, no mistake found", err=True)
        return

    def work(conn: sa.Connection, vault: Vault) -> None:
        for entry in entries:
            roster.import_entry(conn, vault, entry, _actor(), time.time())

    _carry_out(data, work)
    click.echo(f"{len(entries)} officials taken over from {path}", err=True)


@officials_command.command("export")
@_DATA
@_ID
def export_official(data: Path | None, official_id: str) -> None:
    """Everything kept of one official, as JSON: what a person may ask to see.

    \b
    Example:
      siaga officials export 3f1c... > mine.json
    """

    def work(conn: sa.Connection, vault: Vault) -> dict[str, Any]:
        standing = _known(conn, official_id)
        spec = conn.execute(sa.select(OFFICIAL.c.spec).where(OFFICIAL.c.official_id == official_id)).scalar_one()
        return {
            "official_id": official_id,
            "state": standing,
            "contacts": _contacts(conn, vault, official_id),
            "spec": json.loads(spec),
            "audit": audit.entries_of(conn, official_id),
        }

    click.echo(json.dumps(_carry_out(data, work), ensure_ascii=False, indent=2))


@officials_command.command("invite")
@_DATA
@click.option("--title", required=True, help="Office or post; sealed in the store.")
@click.option("--region", "regions", multiple=True, required=True, help="ISO 3166-2, a country, or *.")
@click.option("--topic", "topics", multiple=True, type=click.Choice([t.value for t in Topic]), help="None: all.")
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option("--zone", default="Asia/Jakarta", show_default=True, help="IANA time zone.")
@click.option("--bot", default="", help="The bot's user name, to print a whole link.")
def invite_official(
    data: Path | None,
    title: str,
    regions: tuple[str, ...],
    topics: tuple[str, ...],
    language: str,
    zone: str,
    bot: str,
) -> None:
    """Print an invitation that works once within 72 hours; after that you still have to approve.

    \b
    Example:
      siaga officials invite --title "BP3MI duty desk" --region ID-KU --bot siaga_bot
    """
    given = {
        "channels": ["telegram"],
        "language": language,
        "zone": zone,
        "subscriptions": [{"regions": regions, "topics": topics}],
    }
    try:
        spec = OfficialSpec.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorError(f"--{first['loc'][-1]}", str(first["msg"])) from None
    made = _carry_out(
        data, lambda conn, vault: invitations.invite(conn, vault, spec, title, _actor(), now=time.time())
    )
    click.echo(f"invited {made.official_id}; the link works once, for 72 hours", err=True)
    click.echo(f"https://t.me/{bot}?start={made.token}" if bot else f"/start {made.token}")


@officials_command.command("approve")
@_DATA
@_ID
def approve_official(data: Path | None, official_id: str) -> None:
    """Let somebody who followed an invitation, or was suspended, receive.

    \b
    Example:
      siaga officials approve 3f1c...
    """

    def work(conn: sa.Connection, vault: Vault) -> None:
        if _known(conn, official_id) is Standing.INVITED:
            raise OperatorError(f"official {official_id}", "has not followed the invitation yet")
        invitations.approve(conn, official_id, _actor(), time.time())

    _carry_out(data, work)
    click.echo(f"{official_id} is active", err=True)


@officials_command.command("suspend")
@_DATA
@_ID
@click.option("--why", default="", help="Goes into the audit.")
def suspend_official(data: Path | None, official_id: str, why: str) -> None:
    """Stop everything for one official at once; what waits is suppressed.

    \b
    Example:
      siaga officials suspend 3f1c... --why "moved to another post"
    """

    def work(conn: sa.Connection, vault: Vault) -> None:
        _known(conn, official_id)
        roster.set_standing(conn, official_id, Standing.SUSPENDED, _actor(), time.time(), why=why)

    _carry_out(data, work)
    click.echo(f"{official_id} is suspended", err=True)


@officials_command.command("forget")
@_DATA
@_ID
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_official(data: Path | None, official_id: str, yes: bool) -> None:
    """Destroy name, addresses and their key; the ledger keeps a random number.  Cannot be undone.

    \b
    Example:
      siaga officials forget 3f1c...
    """
    if not yes:
        click.confirm(f"Forget {official_id} for ever?", abort=True, err=True)

    def work(conn: sa.Connection, vault: Vault) -> None:
        _known(conn, official_id)
        roster.forget(conn, official_id, _actor(), time.time())

    _carry_out(data, work)
    click.echo(f"{official_id} is forgotten", err=True)


@officials_command.command("audit")
@_DATA
def show_audit(data: Path | None) -> None:
    """Who changed what, one JSON line each; exit status 1 if an entry was altered or removed.

    \b
    Example:
      siaga officials audit | tail
    """

    def work(conn: sa.Connection, vault: Vault) -> tuple[list[dict[str, Any]], int | None]:
        return audit.entries_of(conn, None), audit.first_broken(conn)

    entries, broken = _carry_out(data, work)
    for entry in entries:
        click.echo(json.dumps(entry, ensure_ascii=False))
    if broken is not None:
        raise click.ClickException(f"the audit does not hold from entry {broken} on")
