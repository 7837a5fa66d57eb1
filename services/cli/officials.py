"""`siaga officials`: who may receive, and what."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from services.cli.officials_joining import admin_command, approve_official, confirm_official, invite_official
from services.cli.officials_rekey import rekey_officials
from services.cli.officials_store import DATA, ID, act, known, look
from services.cli.regions import need_regions
from services.notifier import audit, held, roster, taking_over
from services.notifier.core.reason import Reason
from services.notifier.officials_file import read_officials
from services.notifier.people_tables import STRAY_MAIL
from services.notifier.roster import NAME, REF, Standing
from services.notifier.tables import CONTACT, OFFICIAL
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError

#: Why an address is given up without anybody's wish.
_GIVEN_UP = frozenset({Reason.GONE, Reason.BOUNCED})


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
@DATA
@click.option("--names", is_flag=True, help="Show names too; without it only random ids.")
def list_officials(data: Path | None, names: bool) -> None:
    """One JSON line an official: id, standing, channels and subscriptions.

    \b
    Example:
      siaga officials list --names | jq -r '[.official_id, .state, .title] | @tsv'
    """
    for line in look(data, lambda conn, vault: _lines(conn, vault, names=names)):
        click.echo(json.dumps(line, ensure_ascii=False))


def _lines(conn: sa.Connection, vault: Vault, *, names: bool) -> list[dict[str, Any]]:
    lines = []
    for row in conn.execute(sa.select(OFFICIAL).order_by(OFFICIAL.c.created_at)).all():
        line: dict[str, Any] = {"official_id": row.official_id, "state": row.state}
        if names:
            contacts = held.contacts_of(conn, vault, row.official_id)
            line |= {"title": contacts.get(NAME, ""), "ref": contacts.get(REF, "")}
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


@officials_command.command("import")
@DATA
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
    for entry in entries:
        wanted = [region for line in entry.subscriptions for region in line.regions]
        need_regions(wanted, f"{path}: officials {entry.ref}")
    if dry_run:
        click.echo(f"{path}: {len(entries)} officials, no mistake found", err=True)
        return

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        for entry in entries:
            taking_over.import_entry(conn, vault, entry, actor, time.time())

    act(data, deed)
    click.echo(f"{len(entries)} officials taken over from {path}", err=True)


@officials_command.command("export")
@DATA
@ID
def export_official(data: Path | None, official_id: str) -> None:
    """Everything kept of one official, as JSON: what a person may ask to see.

    \b
    Example:
      siaga officials export 3f1c... > mine.json
    """

    def work(conn: sa.Connection, vault: Vault) -> dict[str, Any]:
        known(conn, official_id)
        return held.everything_of(conn, vault, official_id)

    click.echo(json.dumps(look(data, work), ensure_ascii=False, indent=2))


for _command in (invite_official, confirm_official, approve_official, admin_command, rekey_officials):
    officials_command.add_command(_command)


@officials_command.command("suspend")
@DATA
@ID
@click.option("--why", default="", help="Goes into the audit.")
def suspend_official(data: Path | None, official_id: str, why: str) -> None:
    """Stop everything for one official at once; what waits is suppressed.

    \b
    Example:
      siaga officials suspend 3f1c... --why "moved to another post"
    """

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        known(conn, official_id)
        roster.set_standing(conn, official_id, Standing.SUSPENDED, actor, time.time(), why=why)

    act(data, deed)
    click.echo(f"{official_id} is suspended", err=True)


@officials_command.command("reach")
@DATA
@ID
@click.argument("channel", type=click.Choice(["telegram", "email"]))
def reach_official(data: Path | None, official_id: str, channel: str) -> None:
    """Use an address again that was given up because it refused us, or its mails came back.

    A chat that writes to the bot is used again by itself.  Who stopped the mails by own wish starts them alone.

    \b
    Example:
      siaga officials list | jq 'select(.suspended_channels != {})'
      siaga officials reach 3f1c... email
    """

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        known(conn, official_id)
        why = roster.why_suspended(conn, official_id, channel)
        if why not in _GIVEN_UP:
            wish = "was stopped by own wish" if why else "is not given up"
            raise OperatorError(f"{channel} of {official_id}", wish)
        roster.resume_channel(conn, official_id, channel, actor, time.time())

    act(data, deed)
    click.echo(f"{official_id} is reached by {channel} again", err=True)


@officials_command.command("forget")
@DATA
@ID
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_official(data: Path | None, official_id: str, yes: bool) -> None:
    """Destroy name, addresses and their key; the ledger keeps a random number.  Cannot be undone.

    \b
    Example:
      siaga officials forget 3f1c...
    """
    if not yes:
        click.confirm(f"Forget {official_id} for ever?", abort=True, err=True)

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        known(conn, official_id)
        roster.forget(conn, official_id, actor, time.time())

    act(data, deed)
    click.echo(f"{official_id} is forgotten", err=True)


@officials_command.command("audit")
@DATA
@click.option("--verify", is_flag=True, help="Only say whether the chain holds, and the hash it ends in.")
def show_audit(data: Path | None, verify: bool) -> None:
    """Who changed what, one JSON line each; exit status 1 if an entry was altered or removed.

    \b
    Example:
      siaga officials audit | tail
      siaga officials audit --verify
    """

    def work(conn: sa.Connection, vault: Vault) -> tuple[list[dict[str, Any]], int | None, tuple[int, str]]:
        return ([] if verify else audit.entries_of(conn, None)), audit.first_broken(conn), audit.head(conn)

    entries, broken, (count, last) = look(data, work)
    for entry in entries:
        click.echo(json.dumps(entry, ensure_ascii=False))
    if broken is not None:
        raise click.ClickException(f"the audit does not hold from entry {broken} on")
    if verify:
        # Whoever cuts entries off the end leaves a chain that holds: note this hash somewhere else.
        click.echo(f"{count} entries hold; the last is {last}")


@officials_command.command("mail")
@DATA
def show_mail(data: Path | None) -> None:
    """Mails that asked for something and could not prove who sent them: look, then act by hand.

    \b
    Example:
      siaga officials mail | jq -r .file
    """

    def work(conn: sa.Connection, vault: Vault) -> list[dict[str, Any]]:
        return [dict(row) for row in conn.execute(sa.select(STRAY_MAIL).order_by(STRAY_MAIL.c.at)).mappings()]

    for line in look(data, work):
        line["at"] = datetime.fromtimestamp(line["at"], UTC).isoformat(timespec="seconds")
        click.echo(json.dumps(line, ensure_ascii=False))
