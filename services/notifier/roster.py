"""Keep the officials: their state, their subscriptions, and how they are reached."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

from services.notifier import audit
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import Wishes, apply_wishes, pack_wishes, unpack_wishes
from services.notifier.people_tables import MAIL_CODE, NOTICE, STRAY_MAIL, WISH
from services.notifier.source_tables import SOURCE_NOTE
from services.notifier.spec import OfficialSpec
from services.notifier.tables import CONTACT, CONTACT_KEY, INVITATION, META, MUTE, OFFICIAL, THREAD, TOLD
from services.notifier.vault import Vault

log = structlog.get_logger(__name__)

_REVISION = "roster_revision"
NAME, REF = "name", "ref"
#: Everything that is about one person; the ledger, the corrections and the audit know a random id only.
_PERSONAL = (CONTACT, CONTACT_KEY, INVITATION, MAIL_CODE, NOTICE, WISH, MUTE, TOLD, THREAD, SOURCE_NOTE, OFFICIAL)


class Standing(StrEnum):
    """Only an active official is told anything."""

    INVITED = "invited"
    #: Followed the invitation; the code sent to the office's mailbox has not come back yet.
    CONFIRMING = "confirming"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Contact:
    """Where an official is reached on one channel, in the clear: never logged."""

    address: str
    fingerprint: str
    is_group: bool


_NOW = sa.select(META.c.value).where(META.c.name == _REVISION)


def revision(conn: sa.Connection) -> int:
    """Grows with every change of the roster."""
    value = conn.execute(_NOW).scalar()
    return int(value or 0)


def note_change(conn: sa.Connection) -> None:
    """Let whoever holds the roster in memory read it anew."""
    # Counted by the store: of two that read the same number, one would change nothing for who waits for a change.
    grown = sa.cast(sa.cast(META.c.value, sa.BigInteger) + 1, sa.Text)
    if conn.execute(sa.update(META).where(META.c.name == _REVISION).values(value=grown)).rowcount == 0:
        conn.execute(sa.insert(META).values(name=_REVISION, value="1"))


def active_officials(conn: sa.Connection) -> list[Official]:
    """Everyone who may be told something."""
    rows = conn.execute(_WITH_WISHES.where(OFFICIAL.c.state == Standing.ACTIVE))
    read = ((_read(row), row) for row in rows)
    return [apply_wishes(official, _wishes(row)) for official, row in read if official is not None]


def find_official(conn: sa.Connection, official_id: str) -> Official | None:
    """One active official, as granted and wished; None too where what is stored cannot be read."""
    row = conn.execute(_ACTIVE_ONE, {"official": official_id}).first()
    official = _read(row) if row else None
    return apply_wishes(official, _wishes(row)) if row and official else None


def granted(conn: sa.Connection, official_id: str) -> tuple[Official, Wishes] | None:
    """An official of any standing as granted, and the own wishes; None for somebody unknown or unreadable."""
    row = conn.execute(_WITH_WISHES.where(OFFICIAL.c.official_id == official_id)).first()
    official = _read(row) if row else None
    return (official, _wishes(row)) if row and official else None


def keep_wishes(conn: sa.Connection, official_id: str, wishes: Wishes, now: float) -> Wishes:
    """Replace what somebody chose; the number grows, so that buttons made before no longer count."""
    kept = replace(wishes, number=wishes.number + 1)
    conn.execute(sa.delete(WISH).where(WISH.c.official_id == official_id))
    conn.execute(
        sa.insert(WISH).values(
            official_id=official_id, number=kept.number, wishes=pack_wishes(kept), changed_at=now
        )
    )
    note_change(conn)
    return kept


def _wishes(row: sa.Row[tuple[object, ...]]) -> Wishes:
    return unpack_wishes(row.wishes, row.number) if row.wishes else Wishes()


_WITH_WISHES = sa.select(OFFICIAL, WISH.c.wishes, WISH.c.number).join(
    WISH, WISH.c.official_id == OFFICIAL.c.official_id, isouter=True
)


_ACTIVE_ONE = _WITH_WISHES.where(
    OFFICIAL.c.official_id == sa.bindparam("official"), OFFICIAL.c.state == Standing.ACTIVE
)


def _read(row: Any) -> Official | None:
    try:
        return _checked(row.spec).official(row.official_id)
    except ValidationError:
        # Written by a newer program, or by hand: one official must not stop the others.
        log.exception("official cannot be read", official_id=row.official_id)
        return None


@lru_cache(maxsize=256)
def _checked(spec: str) -> OfficialSpec:
    """What is granted; it is read before each delivery, and says nothing of who somebody is."""
    return OfficialSpec.model_validate_json(spec, by_alias=True, by_name=True)


_USABLE = sa.select(CONTACT.c.channel).where(
    CONTACT.c.official_id == sa.bindparam("official"), CONTACT.c.suspended.is_(None)
)
_REACHABLE = sa.select(CONTACT.c.official_id, CONTACT.c.channel).where(CONTACT.c.suspended.is_(None))
_CONTACT = (
    sa.select(CONTACT, CONTACT_KEY.c.wrapped)
    .join(CONTACT_KEY, CONTACT_KEY.c.official_id == CONTACT.c.official_id)
    .where(CONTACT.c.official_id == sa.bindparam("official"), CONTACT.c.channel == sa.bindparam("on"))
)
_USABLE_CONTACT = _CONTACT.where(CONTACT.c.suspended.is_(None))


def usable_channels(conn: sa.Connection, official: Official) -> list[str]:
    """The official's channels in order of preference, without those suspended or without an address."""
    reachable = {row.channel for row in conn.execute(_USABLE, {"official": official.official_id})}
    return [channel for channel in official.channels if channel in reachable]


def reachable_channels(conn: sa.Connection) -> dict[str, frozenset[str]]:
    """By official, the channels that have an address and are not suspended."""
    found: dict[str, set[str]] = {}
    for row in conn.execute(_REACHABLE):
        found.setdefault(row.official_id, set()).add(row.channel)
    return {official_id: frozenset(channels) for official_id, channels in found.items()}


def read_contact(
    conn: sa.Connection, vault: Vault, official_id: str, channel: str, *, even_suspended: bool = False
) -> Contact | None:
    """The address of one channel, unless it is suspended or forgotten."""
    query = _CONTACT if even_suspended else _USABLE_CONTACT
    row = conn.execute(query, {"official": official_id, "on": channel}).first()
    if row is None:
        return None
    return Contact(vault.unseal(row.wrapped, row.sealed), row.fingerprint, row.is_group)


def find_by_address(conn: sa.Connection, vault: Vault, channel: str, address: str) -> list[str]:
    """The officials reached at this address."""
    query = sa.select(CONTACT.c.official_id).where(
        CONTACT.c.channel == channel, CONTACT.c.fingerprint.in_(vault.fingerprints(channel, address))
    )
    return [row.official_id for row in conn.execute(query)]


def add_official(
    conn: sa.Connection, spec: OfficialSpec, standing: Standing, now: float, *, invited_by: str | None = None
) -> str:
    """A new official under a random id."""
    official_id = uuid.uuid4().hex
    conn.execute(
        sa.insert(OFFICIAL).values(
            official_id=official_id,
            state=standing,
            spec=spec.model_dump_json(by_alias=True),
            created_at=now,
            changed_at=now,
            invited_by=invited_by,
        )
    )
    note_change(conn)
    return official_id


def keep_contacts(
    conn: sa.Connection, vault: Vault, official_id: str, addresses: Mapping[str, str], now: float
) -> None:
    """Replace what is known of how somebody is reached; name and reference are kept the same way."""
    wrapped = conn.execute(
        sa.select(CONTACT_KEY.c.wrapped).where(CONTACT_KEY.c.official_id == official_id)
    ).scalar()
    if wrapped is None:
        wrapped = vault.new_key()
        conn.execute(sa.insert(CONTACT_KEY).values(official_id=official_id, wrapped=wrapped))
    for channel, address in addresses.items():
        marks = vault.fingerprints(channel, address)
        where = (CONTACT.c.official_id == official_id, CONTACT.c.channel == channel)
        known = conn.execute(sa.select(CONTACT.c.fingerprint).where(*where)).scalar()
        if known in marks:
            continue
        conn.execute(sa.delete(CONTACT).where(*where))
        conn.execute(
            sa.insert(CONTACT).values(
                official_id=official_id,
                channel=channel,
                sealed=vault.seal(wrapped, address),
                fingerprint=marks[0],
                is_group=channel == "telegram" and address.startswith("-"),
                changed_at=now,
            )
        )


def set_standing(
    conn: sa.Connection, official_id: str, standing: Standing, actor: str, now: float, *, why: str = ""
) -> None:
    """Approve, suspend or take back; the dispatcher suppresses what waits for a suspended official."""
    conn.execute(
        sa.update(OFFICIAL).where(OFFICIAL.c.official_id == official_id).values(state=standing, changed_at=now)
    )
    note_change(conn)
    audit.record(conn, now, actor, f"official {standing}", official_id, detail={"why": why} if why else None)


def suspend_channel(
    conn: sa.Connection, official_id: str, channel: str, why: str, now: float, *, actor: str = "notifier"
) -> None:
    """An address that does not exist any more is not tried again until somebody puts it right."""
    conn.execute(
        sa.update(CONTACT)
        .where(CONTACT.c.official_id == official_id, CONTACT.c.channel == channel)
        .values(suspended=why, changed_at=now)
    )
    audit.record(conn, now, actor, "channel suspended", official_id, detail={"channel": channel, "why": why})


def why_suspended(conn: sa.Connection, official_id: str, channel: str) -> str | None:
    """Why an address is not used; None where it is, or there is none."""
    here = (CONTACT.c.official_id == official_id, CONTACT.c.channel == channel)
    return conn.execute(sa.select(CONTACT.c.suspended).where(*here)).scalar()


def resume_channel(conn: sa.Connection, official_id: str, channel: str, actor: str, now: float) -> None:
    """Use an address again."""
    conn.execute(
        sa.update(CONTACT)
        .where(CONTACT.c.official_id == official_id, CONTACT.c.channel == channel)
        .values(suspended=None, changed_at=now)
    )
    audit.record(conn, now, actor, "channel resumed", official_id, detail={"channel": channel})


def forget(conn: sa.Connection, official_id: str, actor: str, now: float) -> None:
    """Destroy everything that says who this was, and the key; the ledger keeps the random id."""
    for table in _PERSONAL:
        conn.execute(sa.delete(table).where(table.c.official_id == official_id))
    conn.execute(sa.update(STRAY_MAIL).where(STRAY_MAIL.c.official_id == official_id).values(official_id=None))
    note_change(conn)
    audit.record(conn, now, actor, "official forgotten", official_id)


def check_key(conn: sa.Connection, vault: Vault) -> None:
    """Fail at start rather than at the first delivery.

    Raises:
        OperatorError: the key file is not the one the contacts were sealed with.
    """
    wrapped = conn.execute(sa.select(CONTACT_KEY.c.wrapped).limit(1)).scalar()
    if wrapped is not None:
        vault.seal(wrapped, "")
