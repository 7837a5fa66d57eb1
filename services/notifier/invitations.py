"""Invite an official: a link that works once and only for a while, then an approval by a person."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from services.notifier import audit, roster
from services.notifier.roster import NAME, Standing
from services.notifier.spec import OfficialSpec
from services.notifier.tables import INVITATION, META, OFFICIAL
from services.notifier.vault import Vault

VALID_S = 72 * 3600.0
_WELCOME = "welcome:"


@dataclass(frozen=True)
class Invitation:
    """The token is shown once; the store keeps only its hash."""

    official_id: str
    token: str
    expires_at: float


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(
    conn: sa.Connection, vault: Vault, spec: OfficialSpec, title: str, actor: str, *, now: float
) -> Invitation:
    """A new official who must follow the link and then be approved."""
    official_id = roster.add_official(conn, spec, Standing.INVITED, now)
    roster.keep_contacts(conn, vault, official_id, {NAME: title}, now)
    invitation = Invitation(official_id, secrets.token_urlsafe(32), now + VALID_S)
    conn.execute(
        sa.insert(INVITATION).values(
            token_hash=_hash(invitation.token), official_id=official_id, expires_at=invitation.expires_at
        )
    )
    audit.record(conn, now, actor, "official invited", official_id)
    return invitation


def redeem(conn: sa.Connection, vault: Vault, token: str, chat_id: int, now: float) -> str | None:
    """The official whose invitation this is, now waiting for approval; None if it is not valid."""
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
    roster.keep_contacts(conn, vault, official_id, {"telegram": str(chat_id)}, now)
    roster.set_standing(conn, official_id, Standing.PENDING, "official", now, why="invitation followed")
    return official_id


def approve(conn: sa.Connection, official_id: str, actor: str, now: float) -> None:
    """Somebody vouches for a waiting official; the bot says welcome."""
    roster.set_standing(conn, official_id, Standing.ACTIVE, actor, now, why="approved")
    conn.execute(sa.delete(META).where(META.c.name == _WELCOME + official_id))
    conn.execute(sa.insert(META).values(name=_WELCOME + official_id, value=""))


def take_welcomes(conn: sa.Connection) -> list[str]:
    """Officials who were approved and not yet greeted; each is named once."""
    query = sa.select(META.c.name).where(META.c.name.startswith(_WELCOME))
    names = [row.name for row in conn.execute(query)]
    conn.execute(sa.delete(META).where(META.c.name.in_(names)))
    return [name.removeprefix(_WELCOME) for name in names]


def standing_of(conn: sa.Connection, official_id: str) -> Standing | None:
    """Where somebody stands; None for somebody unknown."""
    found = conn.execute(sa.select(OFFICIAL.c.state).where(OFFICIAL.c.official_id == official_id)).scalar()
    return Standing(found) if found else None
