"""`siaga officials rekey`: seal names and addresses anew after the contact key was changed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import sqlalchemy as sa

from services.cli.officials_store import DATA, Work, act, look
from services.notifier import audit, rekey
from services.notifier.vault import Vault


@click.command("rekey")
@DATA
def rekey_officials(data: Path | None) -> None:
    """Seal every name and address anew with the first line of the contact key's file.

    Put the new secret on the first line, leave the old one on the second, start the notifier again, then run
    this.  It may be stopped at any moment and run again.  Cards and mails that are out still carry the old
    signatures: take the second line away a week later.

    \b
    Example:
      siaga officials rekey
    """
    done = 0
    with click.progressbar(look(data, rekey.waiting), label="officials", file=sys.stderr) as shown:
        for official_id in shown:
            done += look(data, _of(official_id))

    def deed(conn: sa.Connection, vault: Vault, actor: str) -> None:
        audit.record(conn, time.time(), actor, "contact key changed", detail={"officials": str(done)})

    if done:
        act(data, deed)
    click.echo(f"{done} officials are sealed with the first line of the key file", err=True)


def _of(official_id: str) -> Work[bool]:
    return lambda conn, vault: rekey.rekey(conn, vault, official_id)
