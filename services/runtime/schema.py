"""A store's schema: which it has, which the program needs, and the way from one to the other."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from services.runtime.errors import OperatorError

log = structlog.get_logger(__name__)

#: Waits before a migration that did not get its locks is tried again.
LOCKED_WAITS_S = (1.0, 3.0)
#: PostgreSQL: deadlock detected, lock not available.
_LOCKED = frozenset({"40P01", "55P03"})
_MIGRATE_LOCK = zlib.crc32(b"siaga-migrate")


@dataclass(frozen=True)
class Upgrade:
    """One way gone: the revision it began at, None for an empty store, and the revisions that were applied."""

    before: str | None
    applied: tuple[str, ...]


def upgrade(engine: sa.Engine, migrations: Path) -> Upgrade:
    """Bring the schema up to date in one transaction; who comes at the same time waits and finds it done.

    A lock that others keep, or a deadlock with them, is tried again after a while in which they can go on.

    Raises:
        OperatorError: the schema is newer than this program, or the folder is missing.
        OperationalError: a lock was not had at the last try either, or the server does not answer.
    """
    for wait_s in LOCKED_WAITS_S:
        try:
            return _upgrade_once(engine, migrations)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _LOCKED:
                raise
            log.warning("migration waits", store=shown(engine), seconds=wait_s, reason=type(error.orig).__name__)
        time.sleep(wait_s)
    return _upgrade_once(engine, migrations)


def _upgrade_once(engine: sa.Engine, migrations: Path) -> Upgrade:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    script = _script(migrations)
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATE_LOCK})
        before = _known(engine, conn, script)
        environment = EnvironmentContext(config, script, fn=lambda rev, _: script._upgrade_revs("head", rev))
        with environment:
            environment.configure(connection=conn, target_metadata=None, transactional_ddl=False)
            environment.run_migrations()
        return Upgrade(before, _between(script, before))


def pending(engine: sa.Engine, migrations: Path) -> Upgrade:
    """What ``upgrade`` would do; nothing is changed.

    Raises:
        OperatorError: as in ``upgrade``.
    """
    script = _script(migrations)
    with engine.connect().execution_options(siaga_read=True) as conn, conn.begin():
        before = _known(engine, conn, script)
    return Upgrade(before, _between(script, before))


def need_head(engine: sa.Engine, migrations: Path) -> None:
    """Refuse a schema that is not exactly the program's own.

    Raises:
        OperatorError: it is older or newer, or there is none yet.
    """
    ahead = pending(engine, migrations)
    if ahead.applied:
        has = f"has schema {ahead.before}" if ahead.before else "has no schema yet"
        raise OperatorError(
            f"store {shown(engine)}", f"{has}, this program needs {ahead.applied[-1]}: run `siaga migrate` first"
        )


def current(engine: sa.Engine) -> str | None:
    """The revision a store has now, whoever brought it there; None for an empty one."""
    with engine.connect().execution_options(siaga_read=True) as conn, conn.begin():
        return MigrationContext.configure(conn).get_current_revision()


def migration_heads(migrations: Path) -> list[str]:
    """The newest revisions a folder of migrations holds; more than one means a fork."""
    return list(_script(migrations).get_heads())


def knows(migrations: Path, revision: str) -> bool:
    """Whether a revision is one of this program's."""
    return revision in {step.revision for step in _script(migrations).walk_revisions()}


def shown(engine: sa.Engine) -> str:
    """The store's address as it may be printed."""
    return engine.url.render_as_string(hide_password=True)


def _script(migrations: Path) -> ScriptDirectory:
    return ScriptDirectory(str(migrations), version_locations=[str(migrations / "versions")])


def _known(engine: sa.Engine, conn: sa.Connection, script: ScriptDirectory) -> str | None:
    current = MigrationContext.configure(conn).get_current_revision()
    if current is not None and current not in {step.revision for step in script.walk_revisions()}:
        raise OperatorError(f"store {shown(engine)}", f"its schema {current} is newer than this program knows")
    return current


def _between(script: ScriptDirectory, before: str | None) -> tuple[str, ...]:
    steps = [step.revision for step in script.iterate_revisions("head", before or "base")]
    return tuple(reversed(steps))
