"""Take officials over from a file: who is in it counts as approved."""

from __future__ import annotations

import zlib

import sqlalchemy as sa

from services.notifier import audit, roster
from services.notifier.roster import NAME, REF, Standing
from services.notifier.spec import OfficialEntry, OfficialSpec
from services.notifier.tables import CONTACT, CONTACT_KEY, OFFICIAL
from services.notifier.vault import Vault

_IMPORT_LOCK = zlib.crc32(b"siaga-roster")


def wait_turn(conn: sa.Connection) -> None:
    """Replicas start together: one takes the file over, the others find it done."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _IMPORT_LOCK})


def import_entry(conn: sa.Connection, vault: Vault, entry: OfficialEntry, actor: str, now: float) -> str:
    """Add or change the official an entry of a file stands for; the file counts as the approval."""
    found = roster.find_by_address(conn, vault, REF, entry.ref)
    spec = entry.spec()
    if found:
        official_id = found[0]
        _fold_mailbox(conn, vault, official_id, entry)
        if not _differs(conn, vault, official_id, entry, spec):
            return official_id
        values = {"spec": spec.model_dump_json(by_alias=True), "state": Standing.ACTIVE, "changed_at": now}
        conn.execute(sa.update(OFFICIAL).where(OFFICIAL.c.official_id == official_id).values(**values))
        gone = sa.delete(CONTACT).where(
            CONTACT.c.official_id == official_id,
            CONTACT.c.channel.not_in([*entry.contacts.addresses(), NAME, REF]),
        )
        conn.execute(gone)
        roster.note_change(conn)
    else:
        official_id = roster.add_official(conn, spec, Standing.ACTIVE, now)
    addresses = entry.contacts.addresses() | {NAME: entry.title, REF: entry.ref}
    roster.keep_contacts(conn, vault, official_id, addresses, now)
    deed = "official changed by file" if found else "official added by file"
    audit.record(
        conn, now, actor, deed, official_id, detail={"approved_by": "operator, through the officials file"}
    )
    return official_id


def _fold_mailbox(conn: sa.Connection, vault: Vault, official_id: str, entry: OfficialEntry) -> None:
    """Keep a mailbox that was taken over with capitals as it is looked up; it is no other one."""
    wanted = entry.contacts.addresses().get("email", "")
    known = roster.read_contact(conn, vault, official_id, "email", even_suspended=True)
    if known is None or known.address == wanted or known.address.lower() != wanted:
        return
    here = (CONTACT.c.official_id == official_id, CONTACT.c.channel == "email")
    key = sa.select(CONTACT_KEY.c.wrapped).where(CONTACT_KEY.c.official_id == official_id)
    sealed = vault.seal(conn.execute(key).scalar_one(), wanted)
    folded = {"sealed": sealed, "fingerprint": vault.fingerprint("email", wanted)}
    conn.execute(sa.update(CONTACT).where(*here).values(**folded))


def _differs(
    conn: sa.Connection, vault: Vault, official_id: str, entry: OfficialEntry, spec: OfficialSpec
) -> bool:
    row = conn.execute(sa.select(OFFICIAL.c.spec).where(OFFICIAL.c.official_id == official_id)).one()
    wanted = entry.contacts.addresses() | {NAME: entry.title, REF: entry.ref}
    rows = conn.execute(
        sa.select(CONTACT.c.channel, CONTACT.c.fingerprint).where(CONTACT.c.official_id == official_id)
    )
    known = {contact.channel: contact.fingerprint for contact in rows}
    same = known.keys() == wanted.keys() and all(
        known[channel] in vault.fingerprints(channel, address) for channel, address in wanted.items()
    )
    return bool(row.spec != spec.model_dump_json(by_alias=True) or not same)
