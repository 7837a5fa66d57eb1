"""Sign officials in by a one-time code, and remember them for a while.

NIST SP 800-63B, 5.1.3: a code of at least six digits, good for ten minutes, few tries, used once.  A session ends
after twelve hours without use and after seven days whatever happens.  Tokens are stored as hashes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from services.notifier.desk.tables import ROLE, SESSION, SIGN_IN

DIGITS = 8
CODE_VALID_S = 600.0
WRONG_AT_MOST = 5
#: Codes really sent to one official.
ASKS_AN_HOUR = 5
#: Codes really sent to anybody: nobody makes a mail cannon of us.
ASKS_AN_HOUR_IN_ALL = 120
#: A browser in which the official signed in before may ask when strangers have used up what strangers may.
KNOWN_BROWSER_TIMES = 2
IDLE_S = 12 * 3600.0
LONGEST_S = 7 * 86_400.0
_HOUR_S = 3600.0
#: Written at most so often, so that looking at pages is no stream of writes.
_TOUCH_EVERY_S = 300.0


class Role(StrEnum):
    """What somebody may do at the desk; each may do what those before it may."""

    VIEWER = "viewer"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, wanted: Role) -> bool:
        """Whether this role may do what ``wanted`` may."""
        order = list(Role)
        return order.index(self) >= order.index(wanted)


class Asked(StrEnum):
    """What became of the wish to sign in; the page says the same to all."""

    CODE_MADE = "code_made"
    UNKNOWN = "unknown"
    TOO_OFTEN = "too_often"


class Proved(StrEnum):
    """What became of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True)
class SignIn:
    """A wish to sign in; ``code`` is None where none may be sent."""

    code: str | None
    asked: Asked


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in."""

    official_id: str
    role: Role
    csrf: str


def _hash(secret: str) -> str:
    # 192 random bits need no slow hash; a code's is bound to its ticket, which only its asker has.
    return hashlib.sha256(secret.encode()).hexdigest()


def new_ticket() -> str:
    """What ties a code to the browser that asked for it; everybody who asks has one."""
    return secrets.token_urlsafe(24)


def ask(
    conn: sa.Connection, official_id: str | None, ticket: str, now: float, *, known_browser: bool = False
) -> SignIn:
    """A code for this ticket where the official is known and not too many were sent.

    Who is unknown leaves nothing behind, so no stranger uses up what officials may ask for.
    """
    if official_id is None:
        return SignIn(None, Asked.UNKNOWN)
    sent = sa.select(sa.func.count()).where(
        SIGN_IN.c.created_at > now - _HOUR_S, SIGN_IN.c.official_id.is_not(None)
    )
    own = conn.execute(sent.where(SIGN_IN.c.official_id == official_id)).scalar_one()
    in_all = conn.execute(sent).scalar_one()
    times = KNOWN_BROWSER_TIMES if known_browser else 1
    if own >= ASKS_AN_HOUR * times or in_all >= ASKS_AN_HOUR_IN_ALL * times:
        return SignIn(None, Asked.TOO_OFTEN)
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    conn.execute(
        sa.insert(SIGN_IN).values(
            ticket_hash=_hash(ticket),
            official_id=official_id,
            code_hash=_hash(f"{ticket}|{code}"),
            created_at=now,
            expires_at=now + CODE_VALID_S,
            wrong=0,
        )
    )
    return SignIn(code, Asked.CODE_MADE)


def prove_any(conn: sa.Connection, tickets: Sequence[str], code: str, now: float) -> tuple[Proved, str | None]:
    """Compare a code with those of all the tickets a browser holds: asking again ends no code sent before."""
    found = Proved.OVER
    for ticket in tickets:
        proved, official_id = prove(conn, ticket, code, now)
        if proved is Proved.RIGHT:
            return proved, official_id
        found = Proved.WRONG if proved is Proved.WRONG else found
    return found, None


def prove(conn: sa.Connection, ticket: str, code: str, now: float) -> tuple[Proved, str | None]:
    """Compare a code with its ticket's; the official if it is right."""
    this = SIGN_IN.c.ticket_hash == _hash(ticket)
    row = conn.execute(sa.select(SIGN_IN).where(this).with_for_update()).first()
    if row is None or row.used_at is not None or row.expires_at <= now or row.wrong >= WRONG_AT_MOST:
        return Proved.OVER, None
    right = secrets.compare_digest(row.code_hash, _hash(f"{ticket}|{code}"))
    if not right or row.official_id is None:
        conn.execute(sa.update(SIGN_IN).where(this).values(wrong=row.wrong + 1))
        return (Proved.WRONG if row.wrong + 1 < WRONG_AT_MOST else Proved.OVER), None
    conn.execute(sa.update(SIGN_IN).where(this).values(used_at=now))
    return Proved.RIGHT, row.official_id


def open_session(conn: sa.Connection, official_id: str, now: float) -> str:
    """A new session's token: for the cookie, and nowhere else."""
    token = secrets.token_urlsafe(24)
    conn.execute(
        sa.insert(SESSION).values(
            token_hash=_hash(token),
            official_id=official_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            used_at=now,
        )
    )
    return token


def read_session(conn: sa.Connection, token: str, now: float) -> tuple[Session, bool] | None:
    """Who a token stands for, and whether its use is to be noted; None when it is over or none of ours."""
    row = conn.execute(
        sa.select(SESSION, ROLE.c.role)
        .join(ROLE, ROLE.c.official_id == SESSION.c.official_id, isouter=True)
        .where(SESSION.c.token_hash == _hash(token))
    ).first()
    if row is None or now - row.used_at > IDLE_S or now - row.created_at > LONGEST_S:
        return None
    role = Role(row.role) if row.role else Role.VIEWER
    return Session(row.official_id, role, row.csrf), now - row.used_at > _TOUCH_EVERY_S


def touch(conn: sa.Connection, token: str, now: float) -> None:
    """Note that a session was used."""
    conn.execute(sa.update(SESSION).where(SESSION.c.token_hash == _hash(token)).values(used_at=now))


def close_session(conn: sa.Connection, token: str) -> None:
    """Sign out."""
    conn.execute(sa.delete(SESSION).where(SESSION.c.token_hash == _hash(token)))


def close_all(conn: sa.Connection, official_id: str) -> None:
    """Sign somebody out everywhere: suspended, forgotten, or given another role."""
    conn.execute(sa.delete(SESSION).where(SESSION.c.official_id == official_id))


def roles(conn: sa.Connection) -> dict[str, str]:
    """Who is more than a viewer."""
    return {row.official_id: row.role for row in conn.execute(sa.select(ROLE))}


def give_role(conn: sa.Connection, official_id: str, role: Role, actor: str, now: float) -> None:
    """Let somebody do more, or less; they sign in anew."""
    conn.execute(sa.delete(ROLE).where(ROLE.c.official_id == official_id))
    if role is not Role.VIEWER:
        conn.execute(sa.insert(ROLE).values(official_id=official_id, role=role, given_by=actor, given_at=now))
    close_all(conn, official_id)


def forget_old(conn: sa.Connection, now: float) -> None:
    """Drop what is over."""
    conn.execute(sa.delete(SIGN_IN).where(SIGN_IN.c.expires_at < now - _HOUR_S))
    conn.execute(
        sa.delete(SESSION).where(sa.or_(SESSION.c.used_at < now - IDLE_S, SESSION.c.created_at < now - LONGEST_S))
    )
