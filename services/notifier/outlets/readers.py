"""Keep who may read the feeds: a name, a hashed token, regions, topics and an end."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from services.notifier import audit
from services.notifier.core.outlets.entry import ALL
from services.notifier.core.outlets.passes import hash_token
from services.notifier.outlets.tables import READER
from services.notifier.roster import Standing
from services.notifier.tables import OFFICIAL

#: So that scanners for leaked secrets know one when they see it.
TOKEN_PREFIX = "siaga_reader_"  # noqa: S105 - the beginning of every token, no secret


class TokenScope(StrEnum):
    """What a token is good for; each may do what those before it may."""

    READ = "read"
    #: Choose and correct in the name of the official it is bound to.
    WRITE = "write"
    #: Look into the office, and act there where it is bound to an official who may.
    ADMIN = "admin"

    def covers(self, wanted: TokenScope) -> bool:
        """Whether this scope may do what ``wanted`` may."""
        order = list(TokenScope)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True)
class Reader:
    """A system or an office that reads feeds.  Empty ``topics`` mean all of them.

    Attributes:
        official_id: whom it speaks for; a token ends with its official's approval.
    """

    reader_id: str
    name: str
    regions: tuple[str, ...]
    topics: tuple[str, ...]
    language: str
    zone: ZoneInfo
    expires_at: float
    revoked_at: float | None = None
    last_used_at: float | None = None
    scope: TokenScope = TokenScope.READ
    official_id: str | None = None

    def is_valid(self, now: float) -> bool:
        """Whether the token counts at this moment."""
        return self.revoked_at is None and now < self.expires_at

    def may_read(self, region: str, topic: str) -> bool:
        """A country's reader may read its provinces, but not the other way round."""
        here = ALL in self.regions or region in self.regions or (region != ALL and region[:2] in self.regions)
        return here and (not self.topics or topic in self.topics)


@dataclass(frozen=True)
class NewReader:
    """What a reader is given."""

    name: str
    regions: Sequence[str]
    topics: Sequence[str]
    language: str
    zone: str
    expires_at: float
    scope: TokenScope = TokenScope.READ
    official_id: str | None = None


def add_reader(conn: sa.Connection, new: NewReader, actor: str, now: float) -> tuple[str, str]:
    """The reader's id and its token, which is not kept: whoever loses it gets a new reader."""
    reader_id = uuid.uuid4().hex[:16]
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    conn.execute(
        sa.insert(READER).values(
            reader_id=reader_id,
            name=new.name,
            token_hash=hash_token(token),
            regions=json.dumps(list(new.regions)),
            topics=json.dumps(list(new.topics)),
            language=new.language,
            zone=new.zone,
            created_at=now,
            expires_at=new.expires_at,
            scope=new.scope,
            official_id=new.official_id,
        )
    )
    given = {"regions": " ".join(new.regions), "topics": " ".join(new.topics), "scope": str(new.scope)}
    audit.record(conn, now, actor, "reader added", new.official_id, detail={"reader": reader_id} | given)
    return reader_id, token


def revoke_reader(conn: sa.Connection, reader_id: str, actor: str, now: float) -> bool:
    """End a token at once; False if there is no such reader or it was ended before."""
    where = (READER.c.reader_id == reader_id, READER.c.revoked_at.is_(None))
    if conn.execute(sa.update(READER).where(*where).values(revoked_at=now)).rowcount == 0:
        return False
    audit.record(conn, now, actor, "reader revoked", detail={"reader": reader_id})
    return True


def list_readers(conn: sa.Connection) -> list[Reader]:
    """Every reader, the ended ones too, oldest first."""
    return [_reader(row) for row in conn.execute(sa.select(READER).order_by(READER.c.created_at))]


def readers_by_hash(conn: sa.Connection) -> dict[str, Reader]:
    """Every reader that was not revoked and whose official, if it has one, is active; by the hash of its token."""
    active = sa.select(OFFICIAL.c.official_id).where(OFFICIAL.c.state == Standing.ACTIVE)
    bound_well = sa.or_(READER.c.official_id.is_(None), READER.c.official_id.in_(active))
    query = sa.select(READER).where(READER.c.revoked_at.is_(None), bound_well)
    return {row.token_hash: _reader(row) for row in conn.execute(query)}


def note_use(conn: sa.Connection, reader_ids: Sequence[str], now: float) -> None:
    """Note that these readers were here."""
    conn.execute(sa.update(READER).where(READER.c.reader_id.in_(reader_ids)).values(last_used_at=now))


def _reader(row: sa.Row[tuple[object, ...]]) -> Reader:
    return Reader(
        reader_id=row.reader_id,
        name=row.name,
        regions=tuple(json.loads(row.regions)),
        topics=tuple(json.loads(row.topics)),
        language=row.language,
        zone=ZoneInfo(row.zone),
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        scope=TokenScope(row.scope),
        official_id=row.official_id,
    )
