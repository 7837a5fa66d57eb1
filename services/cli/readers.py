"""`siaga readers`: which systems may read the feeds, and how far."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa

from services.cli.at_notifier import actor, carry_out, data_option, notifier_settings
from services.cli.regions import need_regions
from services.contracts.codes import Topic
from services.notifier.core.outlets.entry import ALL
from services.notifier.core.outlets.feed import EVERY
from services.notifier.invitations import standing_of
from services.notifier.outlets import readers
from services.notifier.outlets.readers import NewReader, Reader, TokenScope
from services.notifier.roster import Standing
from services.runtime.errors import OperatorError

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,80}")
_DAY_S = 86_400


@click.group("readers")
def readers_command() -> None:
    """Which systems may read the feeds, and how far.

    \b
    Example:
      siaga readers add "Polda NTT operations room" --region ID-NT --days 180
      siaga readers list
      siaga readers revoke 4be1...
    """


@readers_command.command("add")
@data_option
@click.argument("name")
@click.option("--region", "regions", multiple=True, required=True, help="ISO 3166-2, a country, or *.")
@click.option("--topic", "topics", multiple=True, type=click.Choice([t.value for t in Topic]), help="None: all.")
@click.option("--language", type=click.Choice(["id", "en"]), default="id", show_default=True)
@click.option("--zone", default="Asia/Jakarta", show_default=True, help="IANA time zone of the times in entries.")
@click.option(
    "--scope",
    type=click.Choice(list(TokenScope)),
    default=TokenScope.READ,
    show_default=True,
    help="What the API takes it for; admin needs --region '*'.",
)
@click.option("--official", "official_id", help="The official in whose name it writes; write needs one.")
@click.option("--days", type=click.IntRange(1, 730), default=180, show_default=True, help="How long it is valid.")
def add_reader(
    data: Path | None,
    name: str,
    regions: tuple[str, ...],
    topics: tuple[str, ...],
    language: str,
    zone: str,
    scope: TokenScope,
    official_id: str | None,
    days: int,
) -> None:
    """Let a system read; NAME is the office or the system, not a person.  The token is shown this once.

    A country covers its provinces.  Give the token in the header "Authorization: Bearer ..."; a feed reader
    that knows no headers takes the address with ?token=, which then is a secret itself.

    \b
    Example:
      siaga readers add "Polda NTT operations room" --region ID-NT --topic human_trafficking
      siaga readers add "Case file of the NTT unit" --region ID-NT --scope write --official 3f1c...
    """
    ends = time.time() + days * _DAY_S
    new = NewReader(name, _regions(regions), topics, language, _zone(zone), ends, TokenScope(scope), official_id)
    if not _NAME.fullmatch(name) or not name.strip():
        raise OperatorError("NAME", "is not 1 to 80 characters of one line")
    _check_scope(new)
    reader_id, token = carry_out(data, lambda conn: _add(conn, new))
    base = notifier_settings(data).public_url or "http(s)://<the public address>"
    region, topic = new.regions[0].lower().replace(ALL, EVERY), (topics or (EVERY,))[0]
    click.echo(f"reader {reader_id} is valid for {days} days; the token is not shown again", err=True)
    click.echo(f"e.g. {base}/feeds/{region}/{topic}.atom  (or .json)", err=True)
    click.echo(token)


@readers_command.command("list")
@data_option
def list_readers(data: Path | None) -> None:
    """One JSON line a reader, the ended ones too; tokens are not kept.

    \b
    Example:
      siaga readers list | jq -r 'select(.state == "valid") | [.reader_id, .name] | @tsv'
    """
    now = time.time()
    for reader in carry_out(data, readers.list_readers):
        click.echo(json.dumps(_line(reader, now), ensure_ascii=False))


@readers_command.command("revoke")
@data_option
@click.argument("reader_id")
def revoke_reader(data: Path | None, reader_id: str) -> None:
    """End a reader's token; a running notifier refuses it within two seconds.

    \b
    Example:
      siaga readers revoke 4be1...
    """
    if not carry_out(data, lambda conn: readers.revoke_reader(conn, reader_id, actor(), time.time())):
        raise OperatorError(f"reader {reader_id}", "is not there or was revoked; `siaga readers list` shows all")
    click.echo(f"{reader_id} is revoked", err=True)


def _check_scope(new: NewReader) -> None:
    if new.scope is TokenScope.WRITE and new.official_id is None:
        raise OperatorError("--official", "is needed with --scope write: somebody must answer for what is written")
    if new.scope is TokenScope.ADMIN and (ALL not in new.regions or new.topics):
        raise OperatorError("--scope", "admin needs --region '*' and no --topic: the office has no regions")


def _add(conn: sa.Connection, new: NewReader) -> tuple[str, str]:
    if new.official_id is not None and standing_of(conn, new.official_id) is not Standing.ACTIVE:
        raise OperatorError("--official", "is not an active official; `siaga officials list` shows all")
    return readers.add_reader(conn, new, actor(), time.time())


def _regions(given: tuple[str, ...]) -> tuple[str, ...]:
    need_regions(given)
    return tuple(dict.fromkeys(given))


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError):
        raise OperatorError("--zone", f"{name!r} is not an IANA time zone such as Asia/Makassar") from None


def _line(reader: Reader, now: float) -> dict[str, Any]:
    state = "revoked" if reader.revoked_at is not None else "valid" if reader.is_valid(now) else "expired"
    return {
        "reader_id": reader.reader_id,
        "name": reader.name,
        "state": state,
        "regions": list(reader.regions),
        "topics": list(reader.topics),
        "scope": reader.scope,
        "official_id": reader.official_id,
        "language": reader.language,
        "expires_at": _instant(reader.expires_at),
        "last_used_at": _instant(reader.last_used_at) if reader.last_used_at else None,
    }


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
