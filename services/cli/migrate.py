"""`siaga migrate`: bring the schemas of the stores up to date, as a job before services start."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from services.cli.holdings import NAMES, Holding, holdings
from services.runtime.errors import EXIT_OPERATOR, OperatorError
from services.runtime.schema import Upgrade, pending, shown, upgrade
from services.runtime.store import first_line


@click.command("migrate")
@click.argument("stores", nargs=-1, metavar="[STORE]...")
@click.option("--check", is_flag=True, help="Change nothing; exit status 2 when a store is behind.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of a `siaga run`, instead of the environment.",
)
def migrate_command(stores: tuple[str, ...], check: bool, data: Path | None) -> int:
    """Bring the schemas of the stores up to date: ingest, tagger, notifier, desk, or those named.

    Run once before services that have SIAGA_MIGRATE=never.  Twice at once is safe: the second waits
    and finds it done.  A schema newer than this program is refused and left as it is.

    \b
    Example:
      siaga migrate --check
      SIAGA_TAGGER_STORE=postgresql://tagger@db/tagger SIAGA_STORE_PASSWORDS=/run/secrets siaga migrate tagger
    """
    behind = False
    for holding in holdings(stores, data):
        way = _go(holding, check=check)
        behind = behind or (check and bool(way.applied))
        for line in lines(holding.name, way, check=check):
            click.echo(line)
    return EXIT_OPERATOR if behind else 0


def _go(holding: Holding, *, check: bool) -> Upgrade:
    engine = holding.engine()
    try:
        return pending(engine, holding.migrations) if check else upgrade(engine, holding.migrations)
    except DBAPIError as error:
        raise OperatorError(f"store {shown(engine)}", first_line(error)) from None
    finally:
        engine.dispose()


def lines(name: str, way: Upgrade, *, check: bool = False) -> list[str]:
    """What was done, a line an upgrade."""
    if not way.applied:
        return [f"{name}: at {way.before}, nothing to do"]
    doing = "to do" if check else "upgraded"
    steps = zip((way.before or "nothing", *way.applied), way.applied, strict=False)
    return [f"{name}: {doing} {before} -> {after}" for before, after in steps]


__all__ = ["NAMES", "lines", "migrate_command"]
