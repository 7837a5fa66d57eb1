"""Seal everything anew after the contact key was changed: an official at a time, so that it may end any time."""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.people_tables import MAIL_CODE, NOTICE
from services.notifier.tables import CONTACT, CONTACT_KEY
from services.notifier.vault import Vault

_LOCK = "LOCK TABLE contact_key IN ACCESS EXCLUSIVE MODE"


def waiting(conn: sa.Connection, vault: Vault) -> list[str]:
    """Officials whose key is still wrapped by an older secret."""
    rows = conn.execute(sa.select(CONTACT_KEY).order_by(CONTACT_KEY.c.official_id))
    return [row.official_id for row in rows if not vault.made_with_this(row.wrapped)]


def rekey(conn: sa.Connection, vault: Vault, official_id: str) -> bool:
    """Give one official a fresh key, within the caller's transaction; False if there is nothing to do any more.

    Raises:
        OperatorError: the key is wrapped by a secret that is not in the key file.
    """
    if conn.dialect.name == "postgresql":
        # Who has read the old key and not yet written with it is waited for; SQLite has one writer anyway.
        conn.execute(sa.text(_LOCK))
    here = CONTACT_KEY.c.official_id == official_id
    old = conn.execute(sa.select(CONTACT_KEY.c.wrapped).where(here)).scalar()
    if old is None or vault.made_with_this(old):
        return False
    new = vault.new_key()
    conn.execute(sa.update(CONTACT_KEY).where(here).values(wrapped=new))
    for contact in conn.execute(sa.select(CONTACT).where(CONTACT.c.official_id == official_id)).all():
        address = vault.unseal(old, contact.sealed)
        values = {
            "sealed": vault.seal(new, address),
            "fingerprint": _fingerprint(vault, contact.channel, address, contact.fingerprint),
        }
        where = (CONTACT.c.official_id == official_id, CONTACT.c.channel == contact.channel)
        conn.execute(sa.update(CONTACT).where(*where).values(**values))
    _reseal(conn, vault, (old, new), official_id)
    return True


def _fingerprint(vault: Vault, channel: str, address: str, known: str) -> str:
    """A test subscriber's chat has a fingerprint of its own, so that who writes there is not the test."""
    for purpose in (channel, f"canary {channel}"):
        if known in vault.fingerprints(purpose, address):
            return vault.fingerprint(purpose, address)
    return vault.fingerprint(channel, address)


def _reseal(conn: sa.Connection, vault: Vault, keys: tuple[bytes, bytes], official_id: str) -> None:
    """What is under way to them: codes for a mailbox, and notices."""
    old, new = keys
    for row in conn.execute(sa.select(MAIL_CODE).where(MAIL_CODE.c.official_id == official_id)).all():
        address = vault.unseal(old, row.sealed)
        values = {"sealed": vault.seal(new, address), "fingerprint": vault.fingerprint("email", address)}
        conn.execute(sa.update(MAIL_CODE).where(MAIL_CODE.c.id == row.id).values(**values))
    notices = sa.select(NOTICE).where(NOTICE.c.official_id == official_id, NOTICE.c.sealed.is_not(None))
    for row in conn.execute(notices).all():
        sealed = vault.seal(new, vault.unseal(old, row.sealed))
        conn.execute(sa.update(NOTICE).where(NOTICE.c.id == row.id).values(sealed=sealed))
