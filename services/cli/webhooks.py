"""`siaga webhooks`: where signed messages go, what became of them, and what is switched off."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from services.cli.at_notifier import actor, carry_out, data_option
from services.notifier.core.outlets.webhook import PREFIX
from services.notifier.outlets import webhook_rows
from services.runtime.errors import OperatorError


@click.group("webhooks")
def webhooks_command() -> None:
    """Where signed messages go, and what became of them; the targets themselves are in SIAGA_WEBHOOKS_FILE.

    \b
    Example:
      siaga webhooks list
      siaga webhooks log fusion-centre | jq -r 'select(.state != "accepted")'
      siaga webhooks enable fusion-centre
    """


@webhooks_command.command("list")
@data_option
def list_targets(data: Path | None) -> None:
    """One JSON line a target: whether it is on, since when it fails, how much waits.

    \b
    Example:
      siaga webhooks list | jq -r 'select(.state == "disabled")'
    """
    for target in carry_out(data, webhook_rows.list_targets):
        line = {
            "name": target.name,
            "state": target.state,
            "reason": target.reason,
            "waiting": target.waiting,
            "failing_since": _instant(target.failing_since),
            "last_success_at": _instant(target.last_success_at),
        }
        click.echo(json.dumps(line))


@webhooks_command.command("log")
@data_option
@click.argument("target", required=False)
@click.option("--last", type=click.IntRange(1, 10_000), default=50, show_default=True)
def show_log(data: Path | None, target: str | None, last: int) -> None:
    """What became of the last messages, newest first, one JSON line each.

    \b
    Example:
      siaga webhooks log fusion-centre --last 10
    """
    for row in carry_out(data, lambda conn: webhook_rows.recent(conn, target, last)):
        times = {name: _instant(value) for name, value in row.items() if name.endswith("_at")}
        click.echo(json.dumps(row | times))


@webhooks_command.command("enable")
@data_option
@click.argument("target")
def enable_target(data: Path | None, target: str) -> None:
    """Switch a target on again; what was held for it goes out now, in order.

    \b
    Example:
      siaga webhooks enable fusion-centre
    """
    held = carry_out(data, lambda conn: webhook_rows.enable(conn, target, actor(), time.time()))
    if held is None:
        raise OperatorError(f"target {target}", "is not switched off; `siaga webhooks list` shows all")
    click.echo(f"{target} is on again; {held} held messages go out", err=True)


@webhooks_command.command("secret")
def make_secret() -> None:
    """Print a fresh secret for a target's secret_file; both sides keep it, nobody else.

    \b
    Example:
      siaga webhooks secret > secrets/fusion-centre.whsec
    """
    click.echo(PREFIX + base64.b64encode(secrets.token_bytes(32)).decode())


def _instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
