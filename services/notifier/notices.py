"""What we write to one person and is no alert: kept until a channel took it, then without its content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import sqlalchemy as sa

from services.notifier import roster
from services.notifier.people_tables import NOTICE
from services.notifier.tables import CONTACT_KEY
from services.notifier.vault import Vault

#: Waits before the next try of a notice that certainly did not leave; then it has failed, and is shown.
WAITS_S = (10.0, 60.0, 300.0, 900.0)


class Kind(StrEnum):
    """What it is about."""

    CODE = "code"
    SIGN_IN = "sign_in"
    INVITED = "invited"
    WELCOME = "welcome"
    STOPPED = "mail_stopped"
    RESUMED = "mail_resumed"
    #: By the link in a mail; said on another channel, since the mails have stopped.
    STOPPED_BY_LINK = "mail_stopped_by_link"
    RESUMED_BY_LINK = "mail_resumed_by_link"


class NoticeState(StrEnum):
    """As with alerts, an outcome nobody could see is never repeated blindly."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Notice:
    """One notice with what it says, in the clear: never logged."""

    id: int
    official_id: str
    channel: str
    kind: Kind
    attempts: int
    address: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class NewNotice:
    """What to write to whom; ``address`` where it is no contact yet."""

    official_id: str
    channel: str
    kind: Kind
    address: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)


def put_notice(conn: sa.Connection, vault: Vault, new: NewNotice, now: float) -> None:
    """Write one down, to be sent within seconds."""
    sealed = vault.seal(
        _key_of(conn, new.official_id), json.dumps({"address": new.address, "values": dict(new.values)})
    )
    conn.execute(
        sa.insert(NOTICE).values(
            official_id=new.official_id,
            channel=new.channel,
            kind=new.kind,
            sealed=sealed,
            state=NoticeState.DUE,
            attempts=0,
            detail="",
            due_at=now,
            created_at=now,
            changed_at=now,
        )
    )


def _key_of(conn: sa.Connection, official_id: str) -> bytes:
    return bytes(
        conn.execute(sa.select(CONTACT_KEY.c.wrapped).where(CONTACT_KEY.c.official_id == official_id)).scalar_one()
    )


def take_due(conn: sa.Connection, vault: Vault, channels: list[str], now: float, at_most: int) -> list[Notice]:
    """Mark what is due as being sent, and return it; what has nowhere to go has failed."""
    query = (
        sa.select(NOTICE)
        .where(NOTICE.c.state == NoticeState.DUE, NOTICE.c.due_at <= now, NOTICE.c.channel.in_(channels))
        .order_by(NOTICE.c.id)
        .limit(at_most)
    )
    found = []
    for row in conn.execute(query.with_for_update()).all():
        notice = _open(conn, vault, row)
        if notice is None:
            settle(conn, row.id, NoticeState.FAILED, now, detail="no address")
            continue
        conn.execute(
            sa.update(NOTICE)
            .where(NOTICE.c.id == row.id)
            .values(state=NoticeState.SENDING, attempts=row.attempts + 1, changed_at=now)
        )
        found.append(notice)
    return found


def _open(conn: sa.Connection, vault: Vault, row: sa.Row[tuple[object, ...]]) -> Notice | None:
    said = json.loads(vault.unseal(_key_of(conn, row.official_id), row.sealed))
    address = said["address"]
    if address is None:
        contact = roster.read_contact(conn, vault, row.official_id, row.channel, even_suspended=True)
        address = contact.address if contact else None
    if address is None:
        return None
    return Notice(row.id, row.official_id, row.channel, Kind(row.kind), row.attempts + 1, address, said["values"])


def settle(conn: sa.Connection, notice_id: int, state: NoticeState, now: float, *, detail: str = "") -> None:
    """It is over, one way or the other: what it said is destroyed."""
    values = {"state": state, "sealed": None, "detail": detail[:200], "changed_at": now}
    conn.execute(sa.update(NOTICE).where(NOTICE.c.id == notice_id).values(**values))


def try_again(conn: sa.Connection, notice: Notice, now: float, *, detail: str) -> None:
    """It certainly did not leave: later again, until the last wait is over."""
    if notice.attempts > len(WAITS_S):
        settle(conn, notice.id, NoticeState.FAILED, now, detail=detail)
        return
    due = now + WAITS_S[notice.attempts - 1]
    values = {"state": NoticeState.DUE, "due_at": due, "detail": detail[:200], "changed_at": now}
    conn.execute(sa.update(NOTICE).where(NOTICE.c.id == notice.id).values(**values))


def leave_behind(conn: sa.Connection, now: float) -> int:
    """What a stopped process was just sending: nobody can tell whether it left."""
    done = conn.execute(
        sa.update(NOTICE)
        .where(NOTICE.c.state == NoticeState.SENDING)
        .values(state=NoticeState.UNKNOWN, sealed=None, changed_at=now)
    )
    return int(done.rowcount)
