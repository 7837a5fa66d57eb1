"""Everything that is held about one official: what a person may ask to see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.notifier import audit, roster
from services.notifier.people_tables import MAIL_CODE, NOTICE, STRAY_MAIL, WISH
from services.notifier.source_tables import SOURCE_NOTE
from services.notifier.tables import CONTACT, CORRECTION, DELIVERY, INVITATION, MUTE, OFFICIAL, THREAD, TOLD
from services.notifier.vault import Vault

#: Table, and the columns that say nothing a person could read: hashes, and what is shown in the clear elsewhere.
_TABLES: dict[str, tuple[sa.Table, frozenset[str]]] = {
    "own_choices": (WISH, frozenset()),
    "invitations": (INVITATION, frozenset({"token_hash"})),
    "mail_codes": (MAIL_CODE, frozenset({"sealed", "fingerprint", "code_hash"})),
    "notices": (NOTICE, frozenset({"sealed"})),
    "mails_not_acted_upon": (STRAY_MAIL, frozenset()),
    "pauses": (MUTE, frozenset()),
    "corrections": (CORRECTION, frozenset()),
    "told": (TOLD, frozenset()),
    "messages": (THREAD, frozenset()),
    "dark_sources": (SOURCE_NOTE, frozenset()),
    "deliveries": (DELIVERY, frozenset()),
}
_INSTANTS = frozenset(
    {"at", "until", "created_at", "changed_at", "due_at", "first_due_at", "expires_at", "used_at"}
)


def everything_of(conn: sa.Connection, vault: Vault, official_id: str) -> dict[str, Any]:
    """What the store holds of somebody, in the clear."""
    row = conn.execute(sa.select(OFFICIAL).where(OFFICIAL.c.official_id == official_id)).one()
    suspended = sa.select(CONTACT.c.channel, CONTACT.c.suspended).where(
        CONTACT.c.official_id == official_id, CONTACT.c.suspended.is_not(None)
    )
    found: dict[str, Any] = {
        "official_id": official_id,
        "state": row.state,
        "invited_by": row.invited_by,
        "since": _instant(row.created_at),
        "contacts": contacts_of(conn, vault, official_id),
        "suspended_channels": {one.channel: one.suspended for one in conn.execute(suspended)},
        "spec": json.loads(row.spec),
    }
    for name, (table, hidden) in _TABLES.items():
        query = sa.select(table).where(table.c.official_id == official_id)
        found[name] = [_shown(dict(one), hidden) for one in conn.execute(query).mappings()]
    return found | {"audit": audit.entries_of(conn, official_id)}


def contacts_of(conn: sa.Connection, vault: Vault, official_id: str) -> dict[str, str]:
    """Name, reference and addresses, suspended ones too."""
    query = sa.select(CONTACT.c.channel).where(CONTACT.c.official_id == official_id)
    found = {}
    for row in conn.execute(query).all():
        contact = roster.read_contact(conn, vault, official_id, row.channel, even_suspended=True)
        if contact is not None:
            found[row.channel] = contact.address
    return found


def _shown(row: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return {
        name: _instant(value) if name in _INSTANTS and value is not None else value
        for name, value in row.items()
        if name not in hidden and name != "official_id"
    }


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
