"""Write down who changed what; each entry carries the hash of the one before, so a gap shows."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.notifier.tables import AUDIT

GENESIS = "0" * 64
_CHAIN_LOCK = zlib.crc32(b"siaga-audit")


def record(
    conn: sa.Connection,
    at: float,
    actor: str,
    deed: str,
    official_id: str | None = None,
    *,
    detail: Mapping[str, str] | None = None,
) -> None:
    """Append one entry within the caller's transaction.  ``detail`` never holds a name or an address."""
    if conn.dialect.name == "postgresql":
        # Two writers that read the same last entry would fork the chain; SQLite has one writer anyway.
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    previous = conn.execute(sa.select(AUDIT.c.hash).order_by(AUDIT.c.id.desc()).limit(1)).scalar() or GENESIS
    text = json.dumps(dict(detail or {}), sort_keys=True)
    entry = {"at": at, "actor": actor, "deed": deed, "official_id": official_id, "detail": text}
    conn.execute(sa.insert(AUDIT).values(**entry, previous=previous, hash=_hash(previous, entry)))


def _hash(previous: str, entry: Mapping[str, object]) -> str:
    return hashlib.sha256(f"{previous}\n{json.dumps(dict(entry), sort_keys=True)}".encode()).hexdigest()


def first_broken(conn: sa.Connection) -> int | None:
    """The id of the first entry that does not follow from the one before; None if the chain holds."""
    previous = GENESIS
    for row in conn.execute(sa.select(AUDIT).order_by(AUDIT.c.id)).mappings():
        entry = {key: row[key] for key in ("at", "actor", "deed", "official_id", "detail")}
        if row["previous"] != previous or row["hash"] != _hash(previous, entry):
            return int(row["id"])
        previous = row["hash"]
    return None


def head(conn: sa.Connection) -> tuple[int, str]:
    """How many entries there are and the last one's hash: noted elsewhere, it also shows a cut-off end."""
    count = int(conn.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one())
    last = conn.execute(sa.select(AUDIT.c.hash).order_by(AUDIT.c.id.desc()).limit(1)).scalar()
    return count, str(last or GENESIS)


def entries_of(conn: sa.Connection, official_id: str | None) -> list[dict[str, Any]]:
    """The entries about one official, or all of them, oldest first."""
    query = sa.select(AUDIT).order_by(AUDIT.c.id)
    if official_id is not None:
        query = query.where(AUDIT.c.official_id == official_id)
    return [
        {
            "id": row.id,
            "at": datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds"),
            "actor": row.actor,
            "deed": row.deed,
            "official_id": row.official_id,
            "detail": json.loads(row.detail),
        }
        for row in conn.execute(query)
    ]


def last_reason(conn: sa.Connection, official_id: str, deed: str) -> str:
    """The reason given when this was last done to an official; "" if none was."""
    here = (AUDIT.c.official_id == official_id, AUDIT.c.deed == deed)
    query = sa.select(AUDIT.c.detail).where(*here).order_by(AUDIT.c.id.desc())
    text = conn.execute(query.limit(1)).scalar()
    return str(json.loads(text).get("why", "")) if text else ""
