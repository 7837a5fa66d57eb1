"""`siaga officials invite`, `confirm`, `approve` and `admin`: two people let a third one in."""

from __future__ import annotations

import time
from pathlib import Path

import click
import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.officials_store import DATA, ID, act, known, look, settings_of
from services.cli.regions import need_regions
from services.contracts.codes import Topic
from services.notifier import admins, invitations, mail_codes
from services.notifier.invitations import Guest, NotApprovedError
from services.notifier.mail_codes import Asked, Proved
from services.notifier.spec import LANGUAGES, OfficialSpec, refuse_reserved
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError


@click.command("invite")
@DATA
@click.option("--title", required=True, help="Office or post; sealed in the store.")
@click.option("--region", "regions", multiple=True, required=True, help="ISO 3166-2, a country, or *.")
@click.option("--topic", "topics", multiple=True, type=click.Choice([t.value for t in Topic]), help="None: all.")
@click.option("--language", type=click.Choice(LANGUAGES), default="id", show_default=True)
@click.option("--zone", default="Asia/Jakarta", show_default=True, help="IANA time zone.")
@click.option("--email", default="", help="Invite by mail, for somebody without Telegram; SIAGA_MAIL_DOMAINS.")
@click.option("--bot", default="", help="The bot's user name, to print a whole link.")
@click.option("--desk", is_flag=True, help="A link to join in the browser, with a code to the office's mailbox.")
def invite_official(
    data: Path | None,
    title: str,
    regions: tuple[str, ...],
    topics: tuple[str, ...],
    language: str,
    zone: str,
    email: str,
    bot: str,
    desk: bool,
) -> None:
    """Invite somebody for 72 hours; after that somebody else than you has to approve.

    Prints a link that works once, or with --email sends a code that comes back by mail.

    \b
    Example:
      siaga officials invite --title "BP3MI duty desk" --region ID-KU --bot siaga_bot
      siaga officials invite --title "Consular desk" --region KH --email desk@kbri.example
      siaga officials invite --title "Polres Belu" --region ID-NT --desk
    """
    if desk and (email or bot):
        raise OperatorError("--desk", "is a way of its own: leave --email and --bot out")
    need_regions(regions)
    given = {
        "channels": ["email"] if email else ["telegram", "email"] if desk else ["telegram"],
        "language": language,
        "zone": zone,
        "subscriptions": [{"regions": regions, "topics": topics}],
    }
    try:
        spec = refuse_reserved(OfficialSpec.model_validate(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorError(f"--{first['loc'][-1]}", first["msg"].removeprefix("Value error, ")) from None
    except ValueError as error:
        raise OperatorError("--region", str(error)) from None
    if email:
        _invite_by_mail(data, spec, title, email)
        return
    base = _desk_base(data) if desk else ""
    made = act(
        data, lambda conn, vault, actor: invitations.invite(conn, vault, Guest(spec, title, actor), time.time())
    )
    if desk:
        click.echo(
            f"invited {made.official_id}; the link works once, for 72 hours: give it to nobody else", err=True
        )
        click.echo(f"{base}/desk/join/{made.token}")
        return
    click.echo(f"invited {made.official_id}; the link works once, for 72 hours", err=True)
    click.echo(f"https://t.me/{bot}?start={made.token}" if bot else f"/start {made.token}")


def _desk_base(data: Path | None) -> str:
    settings = settings_of(data)
    if not settings.allowed_domains():
        raise OperatorError("environment SIAGA_MAIL_DOMAINS", "is not set: at the desk one proves a mailbox")
    return settings.public_url or "http(s)://<the public address>"


def _invite_by_mail(data: Path | None, spec: OfficialSpec, title: str, address: str) -> None:
    domains = settings_of(data).allowed_domains()

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> str:
        guest = Guest(spec, title, actor)
        official_id, asked = invitations.invite_by_mail(conn, vault, guest, address, domains, now=time.time())
        if asked is Asked.REFUSED:
            raise OperatorError("--email", "is not at a domain of SIAGA_MAIL_DOMAINS")
        if asked is Asked.TOO_OFTEN:
            raise OperatorError("--email", "was sent too many codes within an hour")
        return official_id

    official_id = act(data, deed)
    click.echo(f"invited {official_id}; the notifier sends the code, which is good for 72 hours", err=True)


@click.command("confirm")
@DATA
@ID
@click.argument("code")
def confirm_official(data: Path | None, official_id: str, code: str) -> None:
    """Take the code that somebody invited by mail told you; after that somebody has to approve.

    \b
    Example:
      siaga officials confirm 3f1c... 12345678
    """

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> Proved:
        known(conn, official_id)
        return mail_codes.prove(conn, vault, official_id, code, time.time())

    proved = act(data, deed)
    if proved is not Proved.RIGHT:
        why = "is not the code" if proved is Proved.WRONG else "is not valid any more; invite again"
        raise click.ClickException(f"code {why}")
    click.echo(f"{official_id} proved the mailbox and waits for approval", err=True)


@click.command("approve")
@DATA
@ID
def approve_official(data: Path | None, official_id: str) -> None:
    """Let somebody who followed an invitation, or was suspended, receive; not your own invitation.

    \b
    Example:
      siaga officials approve 3f1c...
    """

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        known(conn, official_id)
        try:
            invitations.approve(conn, vault, official_id, actor, time.time())
        except NotApprovedError as error:
            raise OperatorError(f"official {official_id}", str(error)) from None

    act(data, deed)
    click.echo(f"{official_id} is active", err=True)


@click.group("admin")
def admin_command() -> None:
    """Who may invite and approve, each with a secret of their own.

    Without any admin the user of this machine counts, which is enough where everybody has an own account.

    \b
    Example:
      siaga officials admin add sari > sari.secret
      SIAGA_ADMIN_FILE=sari.secret siaga officials approve 3f1c...
    """


@admin_command.command("add")
@DATA
@click.argument("name")
def add_admin(data: Path | None, name: str) -> None:
    """Print the secret of a new admin, once.

    \b
    Example:
      siaga officials admin add sari > sari.secret
    """
    click.echo(act(data, lambda conn, vault, actor: admins.add_admin(conn, name, actor, time.time())))


@admin_command.command("renew")
@DATA
@click.argument("name")
@click.option("--lost", is_flag=True, help="No admin is left with a secret: you operate the host itself.")
def renew_admin(data: Path | None, name: str, lost: bool) -> None:
    """Print another secret for an admin, once; the one before counts no more.

    Done by an admin, with SIAGA_ADMIN_FILE.  Where nobody has a secret any more, --lost lets whoever can open the
    notifier's store and has the key of the contacts do it; the audit says that it was done so, and by which user.

    \b
    Example:
      siaga officials admin renew sari > sari.secret
      siaga officials admin renew sari --lost > sari.secret
    """
    if not lost:
        click.echo(act(data, lambda conn, vault, actor: admins.renew_secret(conn, name, actor, time.time())))
        return
    operator = admins.operator_at_the_host()
    click.echo(look(data, lambda conn, vault: admins.renew_secret(conn, name, operator, time.time())))
    click.echo(f"written to the audit as done by {operator}", err=True)


@admin_command.command("remove")
@DATA
@click.argument("name")
def remove_admin(data: Path | None, name: str) -> None:
    """Take an admin's secret back.

    \b
    Example:
      siaga officials admin remove sari
    """
    act(data, lambda conn, vault, actor: admins.remove_admin(conn, name, actor, time.time()))


@admin_command.command("list")
@DATA
def list_admins(data: Path | None) -> None:
    """Everybody who is an admin, one line each.

    \b
    Example:
      siaga officials admin list
    """
    for name in look(data, lambda conn, vault: admins.list_admins(conn)):
        click.echo(name)
