"""Prove that a mailbox of an allow-listed domain is somebody's: a code goes there and comes back.

Eight digits, kept as a keyed hash, for minutes, five tries a code, three codes an hour for an official and
for a mailbox: fifteen guesses an hour at one in a hundred million.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from services.notifier import audit, roster
from services.notifier.notices import Kind, NewNotice, put_notice
from services.notifier.people_tables import MAIL_CODE
from services.notifier.roster import Standing
from services.notifier.tables import CONTACT_KEY, OFFICIAL
from services.notifier.vault import Vault

DIGITS = 8
VALID_S = 600.0
INVITATION_VALID_S = 72 * 3600.0
WRONG_AT_MOST = 5
ASKS_AN_HOUR = 3
#: Over all officials and mailboxes: nobody makes a mail cannon of us.
ASKS_AN_HOUR_IN_ALL = 60
_HOUR_S = 3600.0


class Asked(StrEnum):
    """What became of the wish for a code."""

    SENT = "code_sent"
    REFUSED = "address_refused"
    TOO_OFTEN = "asked_too_often"


class Proved(StrEnum):
    """What became of a code."""

    RIGHT = "waiting"
    WRONG = "code_wrong"
    OVER = "code_over"


@dataclass(frozen=True)
class Request:
    """Whose mailbox, and how long the code is good for."""

    official_id: str
    address: str
    kind: Kind = Kind.CODE
    valid_s: float = VALID_S


def domain_of(address: str) -> str:
    """The part after the last ``@``, as compared with the allow-list."""
    return address.rpartition("@")[2].lower()


def ask_code(conn: sa.Connection, vault: Vault, request: Request, domains: frozenset[str], now: float) -> Asked:
    """Make a code and write it to the mailbox; a code made before is over."""
    official_id, address = request.official_id, request.address.lower()
    if domain_of(address) not in domains:
        return Asked.REFUSED
    fingerprint = vault.fingerprint("email", address)
    if not _may_ask(conn, official_id, fingerprint, now):
        return Asked.TOO_OFTEN
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    wrapped = conn.execute(
        sa.select(CONTACT_KEY.c.wrapped).where(CONTACT_KEY.c.official_id == official_id)
    ).scalar_one()
    conn.execute(
        sa.insert(MAIL_CODE).values(
            official_id=official_id,
            fingerprint=fingerprint,
            sealed=vault.seal(wrapped, address),
            code_hash=vault.mark("code", f"{official_id}|{code}"),
            expires_at=now + request.valid_s,
            wrong=0,
            created_at=now,
        )
    )
    said = {"code": code, "m": str(int(request.valid_s // 60))}
    put_notice(conn, vault, NewNotice(official_id, "email", request.kind, address, said), now)
    audit.record(conn, now, "notifier", "mail code sent", official_id)
    return Asked.SENT


def _may_ask(conn: sa.Connection, official_id: str, fingerprint: str, now: float) -> bool:
    recent = sa.select(sa.func.count()).where(MAIL_CODE.c.created_at > now - _HOUR_S)
    own = conn.execute(recent.where(MAIL_CODE.c.official_id == official_id)).scalar_one()
    there = conn.execute(recent.where(MAIL_CODE.c.fingerprint == fingerprint)).scalar_one()
    in_all = conn.execute(recent).scalar_one()
    return max(own, there) < ASKS_AN_HOUR and in_all < ASKS_AN_HOUR_IN_ALL


def prove(conn: sa.Connection, vault: Vault, official_id: str, code: str, now: float) -> Proved:
    """Compare with the newest code; if it is right the mailbox is theirs and they wait for approval."""
    query = (
        sa.select(MAIL_CODE).where(MAIL_CODE.c.official_id == official_id).order_by(MAIL_CODE.c.id.desc()).limit(1)
    )
    row = conn.execute(query.with_for_update()).first()
    standing = conn.execute(sa.select(OFFICIAL.c.state).where(OFFICIAL.c.official_id == official_id)).scalar()
    if row is None or standing not in {Standing.INVITED, Standing.CONFIRMING}:
        return Proved.OVER
    if row.used_at is not None or row.expires_at <= now or row.wrong >= WRONG_AT_MOST:
        return Proved.OVER
    this = MAIL_CODE.c.id == row.id
    if not vault.marked_by_us("code", f"{official_id}|{code}", row.code_hash):
        conn.execute(sa.update(MAIL_CODE).where(this).values(wrong=row.wrong + 1))
        audit.record(conn, now, "official", "mail code wrong", official_id, detail={"times": str(row.wrong + 1)})
        return Proved.WRONG if row.wrong + 1 < WRONG_AT_MOST else Proved.OVER
    conn.execute(sa.update(MAIL_CODE).where(this).values(used_at=now))
    wrapped = conn.execute(
        sa.select(CONTACT_KEY.c.wrapped).where(CONTACT_KEY.c.official_id == official_id)
    ).scalar_one()
    roster.keep_contacts(conn, vault, official_id, {"email": vault.unseal(wrapped, row.sealed)}, now)
    roster.set_standing(conn, official_id, Standing.PENDING, "official", now, why="mailbox proved")
    return Proved.RIGHT
