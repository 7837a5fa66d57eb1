"""Invite an official: a link or a code that works once and only for a while, then a second person's approval."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from services.notifier import audit, mail_codes, roster
from services.notifier.mail_codes import Asked, Request
from services.notifier.notices import Kind, NewNotice, put_notice
from services.notifier.roster import NAME, Standing
from services.notifier.spec import OfficialSpec
from services.notifier.tables import AUDIT, INVITATION, OFFICIAL
from services.notifier.vault import Vault

VALID_S = 72 * 3600.0
#: What the audit says of somebody who was let in.
_LET_IN = (f"official {Standing.ACTIVE}", "official added by file", "official changed by file")


@dataclass(frozen=True)
class Guest:
    """Who is invited, and by whom; ``title`` is sealed in the store."""

    spec: OfficialSpec
    title: str
    inviter: str


@dataclass(frozen=True)
class Invitation:
    """The token is shown once; the store keeps only its hash."""

    official_id: str
    token: str
    expires_at: float


class NotApprovedError(Exception):
    """This approval does not count; the text says why."""


class InvitationOverError(NotApprovedError):
    """Suspended before anybody approved: what was proved until then is not taken up again."""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(conn: sa.Connection, vault: Vault, guest: Guest, now: float) -> Invitation:
    """A new official who must follow the link and then be approved by somebody else than who invited."""
    official_id = _add(conn, vault, guest, now)
    invitation = Invitation(official_id, secrets.token_urlsafe(32), now + VALID_S)
    conn.execute(
        sa.insert(INVITATION).values(
            token_hash=_hash(invitation.token), official_id=official_id, expires_at=invitation.expires_at
        )
    )
    return invitation


def invite_by_mail(
    conn: sa.Connection, vault: Vault, guest: Guest, address: str, domains: frozenset[str], *, now: float
) -> tuple[str, Asked]:
    """A new official who is reached by mail alone: the code in the letter comes back, then the approval."""
    official_id = _add(conn, vault, guest, now)
    request = Request(official_id, address, Kind.INVITED, mail_codes.INVITATION_VALID_S)
    return official_id, mail_codes.ask_code(conn, vault, request, domains, now)


def _add(conn: sa.Connection, vault: Vault, guest: Guest, now: float) -> str:
    official_id = roster.add_official(conn, guest.spec, Standing.INVITED, now, invited_by=guest.inviter)
    roster.keep_contacts(conn, vault, official_id, {NAME: guest.title}, now)
    audit.record(conn, now, guest.inviter, "official invited", official_id)
    return official_id


def redeem(
    conn: sa.Connection, vault: Vault, token: str, chat_id: int, now: float, *, needs_mailbox: bool = False
) -> str | None:
    """The official whose invitation this is, now to prove a mailbox or to be approved; None if it is not valid."""
    taken = conn.execute(
        sa.update(INVITATION)
        .where(
            INVITATION.c.token_hash == _hash(token), INVITATION.c.used_at.is_(None), INVITATION.c.expires_at > now
        )
        .values(used_at=now)
    )
    if taken.rowcount != 1:
        return None
    query = sa.select(INVITATION.c.official_id).where(INVITATION.c.token_hash == _hash(token))
    official_id = str(conn.execute(query).scalar_one())
    if standing_of(conn, official_id) is not Standing.INVITED:
        return None  # suspended meanwhile: an old link brings nobody back
    roster.keep_contacts(conn, vault, official_id, {"telegram": str(chat_id)}, now)
    standing = Standing.CONFIRMING if needs_mailbox else Standing.PENDING
    roster.set_standing(conn, official_id, standing, "official", now, why="invitation followed")
    return official_id


def find_guest(conn: sa.Connection, token: str, now: float) -> str | None:
    """Whose invitation this is; None if it is spent or over, or the official is no longer a guest.

    Looking spends nothing: a mail scanner follows links too.
    """
    query = (
        sa.select(INVITATION.c.official_id)
        .join(OFFICIAL, OFFICIAL.c.official_id == INVITATION.c.official_id)
        .where(
            INVITATION.c.token_hash == _hash(token),
            INVITATION.c.used_at.is_(None),
            INVITATION.c.expires_at > now,
            OFFICIAL.c.state == Standing.INVITED,
        )
    )
    return conn.execute(query).scalar()


def spend(conn: sa.Connection, token: str, now: float) -> None:
    """The invitation was followed to its end; nobody follows it again."""
    this = sa.and_(INVITATION.c.token_hash == _hash(token), INVITATION.c.used_at.is_(None))
    conn.execute(sa.update(INVITATION).where(this).values(used_at=now))


def approve(conn: sa.Connection, vault: Vault, official_id: str, actor: str, now: float) -> None:
    """Somebody else than who invited vouches for an official, who is told what will come.

    Raises:
        NotApprovedError: the same person invited, or there is nothing to approve yet or any more.
    """
    row = conn.execute(sa.select(OFFICIAL).where(OFFICIAL.c.official_id == official_id).with_for_update()).one()
    standing = Standing(row.state)
    if standing in {Standing.INVITED, Standing.CONFIRMING}:
        raise NotApprovedError("has not followed the invitation and proved the mailbox yet")
    if standing is Standing.SUSPENDED and not once_active(conn, [official_id]):
        raise InvitationOverError("was suspended before any approval; only a new invitation helps")
    if row.invited_by == actor:
        raise NotApprovedError(f"was invited by {actor}; somebody else must approve")
    if standing is Standing.ACTIVE:
        return
    roster.set_standing(conn, official_id, Standing.ACTIVE, actor, now, why="approved")
    official = roster.find_official(conn, official_id)
    usable = roster.usable_channels(conn, official) if official else []
    if usable:
        put_notice(conn, vault, NewNotice(official_id, usable[0], Kind.WELCOME), now)


def once_active(conn: sa.Connection, official_ids: Collection[str]) -> set[str]:
    """Which of these were let in before, by an approval or by the operator's file."""
    query = sa.select(AUDIT.c.official_id).where(AUDIT.c.official_id.in_(official_ids), AUDIT.c.deed.in_(_LET_IN))
    return {row.official_id for row in conn.execute(query.distinct())}


def standing_of(conn: sa.Connection, official_id: str) -> Standing | None:
    """Where somebody stands; None for somebody unknown."""
    found = conn.execute(sa.select(OFFICIAL.c.state).where(OFFICIAL.c.official_id == official_id)).scalar()
    return Standing(found) if found else None
