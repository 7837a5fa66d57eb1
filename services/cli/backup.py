"""`siaga backup` and `siaga restore`: the stores in one folder, and back into empty places."""

from __future__ import annotations

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from services.cli import dumps, manifest
from services.cli.completing import complete_restored
from services.cli.holdings import NAMES, Holding, holdings
from services.cli.rewind import Offsets, committed, everywhere, need_idle, rewind
from services.cli.where import DEFAULT_DATA, is_running, read_word
from services.notifier.backups import note_backup
from services.runtime.errors import OperatorError
from services.runtime.schema import pending, shown, upgrade
from services.runtime.service import VERSION
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.store import first_line

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)
_WITHOUT = click.option(
    "--without-broker", is_flag=True, help="Ask no Kafka; what was sent since the backup may then be sent again."
)
_FOLDER = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))


@click.command("backup")
@_FOLDER
@_DATA
@_WITHOUT
def backup_command(folder: Path, data: Path | None, without_broker: bool) -> None:
    """Copy every store into FOLDER, while the services run: each as of one moment, with its checksum.

    Where the groups stand on their topics is noted first, so that `siaga restore` can have them read
    again what the copies do not hold.  The key that seals contacts is not in it: keep that elsewhere.

    \b
    Example:
      siaga backup /srv/backup/$(date +%F-%H%M)
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OperatorError(str(folder), "is not an empty folder: a backup never overwrites")
    present = [one for one in holdings(data=_folder(data)) if dumps.exists(one)]
    if not present:
        raise OperatorError(str(_folder(data) or "environment"), "names no store that is there")
    settings = None if without_broker else _kafka(data)
    offsets = asyncio.run(committed(settings)) if settings else None
    partial = folder.with_name(folder.name + ".partial")
    as_of = datetime.now(UTC).timestamp()
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        _fill(partial, present, offsets)
        if folder.exists():
            folder.rmdir()
        partial.replace(folder)
    except OSError as error:
        raise OperatorError(str(folder), f"cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _note(present, as_of)


def _note(present: list[Holding], as_of: float) -> None:
    """Let the notifier show how old the backup is; one that cannot be told of is a backup all the same."""
    for holding in (one for one in present if one.name == "notifier"):
        engine = holding.engine()
        try:
            with engine.begin() as conn:
                note_backup(conn, as_of)
        except DBAPIError as error:
            said = f"the backup is whole, but could not be noted: {first_line(error)}"
            click.echo(f"store {shown(engine)}: {said}", err=True)
        finally:
            engine.dispose()


def _fill(folder: Path, present: list[Holding], offsets: Offsets | None) -> None:
    entries = {}
    for holding in present:
        engine = holding.engine()
        try:
            schema = pending(engine, holding.migrations).before
        except DBAPIError as error:
            raise OperatorError(f"store {shown(engine)}", first_line(error)) from None
        finally:
            engine.dispose()
        path = folder / dumps.file_name(holding)
        dumps.dump(holding, path)
        with path.open("rb") as written:
            os.fsync(written.fileno())
        size = path.stat().st_size
        entries[holding.name] = manifest.Entry(file=path.name, schema=schema, sha256=dumps.digest(path), size=size)
        click.echo(f"{holding.name}: schema {schema}, {size} bytes")
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest.write(
        folder, manifest.Manifest(format=1, made_at=made_at, program=VERSION, stores=entries, offsets=offsets)
    )


@click.command("restore")
@_FOLDER
@_DATA
@_WITHOUT
def restore_command(folder: Path, data: Path | None, without_broker: bool) -> None:
    """Put the stores of a backup back into empty places, while no service runs.

    What happened since is then completed from Kafka: stories and incidents at once or with the first
    story, the ledger before anything is sent.  A delivery begun and never heard of again is shown as
    unknown and not repeated.

    \b
    Example:
      siaga restore /srv/backup/2026-11-22-0600
    """
    found = manifest.read(folder)
    targets = [one for one in holdings(data=_folder(data)) if one.name in found.stores]
    for holding in targets:
        if dumps.file_name(holding) != found.stores[holding.name].file:
            raise OperatorError(
                str(folder / found.stores[holding.name].file),
                f"does not fit the store that is set up, {'SQLite' if holding.is_sqlite else 'PostgreSQL'}",
            )
        dumps.need_empty(holding)
    settings = None if without_broker else _kafka(data)
    if settings:
        asyncio.run(need_idle(settings))
        if found.offsets is not None:
            # Before anything is loaded: this can be done again; stores behind groups that stand later lose alerts.
            again = asyncio.run(rewind(settings, everywhere(found.offsets)))
            click.echo(f"groups: set back to the backup, {again} records are read again")
    for holding in targets:
        dumps.load(holding, folder / found.stores[holding.name].file)
        click.echo(f"{holding.name}: {_brought_up_to_date(holding)}")
    by_name = {holding.name: holding for holding in targets}
    try:
        for line in asyncio.run(complete_restored(by_name, settings)):
            click.echo(line)
    except OperatorError as error:
        unfinished = (
            "the restore is not finished: take these stores away and restore again before a service is started"
        )
        raise OperatorError(error.where, f"{error.reason}; {unfinished}") from None


def _brought_up_to_date(holding: Holding) -> str:
    engine = holding.engine()
    try:
        way = upgrade(engine, holding.migrations)
    finally:
        engine.dispose()
    return f"restored at {way.before}" + (f", upgraded to {way.applied[-1]}" if way.applied else "")


def _folder(data: Path | None) -> Path | None:
    """The folder of a `siaga run`, None where the environment says where the stores are."""
    if data is not None:
        return data
    named = any(
        name in os.environ for name in ("SIAGA_DATA_DIR", *(f"SIAGA_{name.upper()}_STORE" for name in NAMES))
    )
    return None if named or not DEFAULT_DATA.is_dir() else DEFAULT_DATA


def _kafka(data: Path | None) -> ServiceSettings | None:
    """The broker to ask; None for the in-memory one, which forgets everything when it ends.

    Raises:
        OperatorError: no broker is known.
    """
    folder = _folder(data)
    word = read_word(folder) if folder and "SIAGA_KAFKA" not in os.environ else None
    if word is None:
        return load_settings(ServiceSettings)
    if word.embedded:
        if is_running(word):
            raise OperatorError(
                str(folder), "belongs to a `siaga run` with the in-memory broker: --without-broker"
            )
        return None
    return load_settings(ServiceSettings, kafka=word.bootstrap)
