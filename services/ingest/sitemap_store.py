"""What is remembered of the sitemaps an index lists; written in the transaction that stores their stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from services.ingest.core.conditional import Validators
from services.ingest.core.sitemap import DEPTH_MAX, Sitemap
from services.ingest.sitemaps import Walked
from services.ingest.tables import sitemaps

#: Of one source; indexes in indexes of 500 each could list a quarter of a million.
ROWS_MAX = 5000


def known_sitemaps(conn: sa.Connection, source_id: str) -> dict[str, Sitemap]:
    """The sitemaps of a source, by address."""
    rows = conn.execute(sa.select(sitemaps).where(sitemaps.c.source_id == source_id))
    return {
        row.url: Sitemap(
            url=row.url,
            parent=row.parent,
            listed_lastmod=row.listed_lastmod,
            lastmod=row.lastmod,
            validators=Validators(row.etag, row.last_modified),
            body_hash=row.body_hash,
            is_index=row.is_index,
            read_at=_at(row.read_at),
            failed_at=_at(row.failed_at),
        )
        for row in rows
    }


def keep_walk(conn: sa.Connection, source_id: str, walked: Walked) -> None:
    """Store what a walk learnt: lists as they are now, and what was read of them."""
    known = known_sitemaps(conn, source_id)
    listed = {
        child.url: (parent, child.lastmod) for parent, children in walked.listed.items() for child in children
    }
    indexes = {one.url for one in walked.read if not one.is_index} | walked.listed.keys()
    for url, one in known.items():
        if one.parent in indexes and url not in listed:
            _forget(conn, source_id, [url])
    room = ROWS_MAX - len(known)
    for url, (parent, lastmod) in listed.items():
        before = known.get(url)
        if before is not None and (before.parent, before.listed_lastmod) == (parent, lastmod):
            continue
        if before is None and (room := room - 1) < 0:
            break
        _put(conn, source_id, url in known, url, {"parent": parent, "listed_lastmod": lastmod})
    for one in walked.read:
        values = {
            "parent": one.parent,
            "listed_lastmod": one.listed_lastmod,
            "lastmod": one.lastmod,
            "etag": one.validators.etag,
            "last_modified": one.validators.last_modified,
            "body_hash": one.body_hash,
            "is_index": one.is_index,
            "read_at": one.read_at.timestamp() if one.read_at else None,
            "failed_at": one.failed_at.timestamp() if one.failed_at else None,
        }
        if one.url in known or one.url in listed:
            _put(conn, source_id, _is_there(conn, source_id, one.url), one.url, values)
    _forget_orphans(conn, source_id, walked.root)


def forget_sitemaps(conn: sa.Connection, source_id: str) -> None:
    """The source has another address: what hung below the old one means nothing."""
    conn.execute(sa.delete(sitemaps).where(sitemaps.c.source_id == source_id))


def _forget_orphans(conn: sa.Connection, source_id: str, root: str) -> None:
    """What hung below an index that is no longer listed."""
    for _ in range(DEPTH_MAX):
        known = known_sitemaps(conn, source_id)
        orphans = [one.url for one in known.values() if one.parent != root and one.parent not in known]
        if not orphans:
            return
        _forget(conn, source_id, orphans)


def _forget(conn: sa.Connection, source_id: str, urls: Sequence[str]) -> None:
    for url in urls:
        conn.execute(sa.delete(sitemaps).where(sitemaps.c.source_id == source_id, sitemaps.c.url == url))


def _is_there(conn: sa.Connection, source_id: str, url: str) -> bool:
    here = (sitemaps.c.source_id == source_id) & (sitemaps.c.url == url)
    return conn.execute(sa.select(sitemaps.c.url).where(here)).scalar() is not None


def _put(conn: sa.Connection, source_id: str, there: bool, url: str, values: Mapping[str, object]) -> None:
    if there:
        here = (sitemaps.c.source_id == source_id) & (sitemaps.c.url == url)
        conn.execute(sa.update(sitemaps).where(here).values(**values))
        return
    unread = {"listed_lastmod": "", "lastmod": "", "is_index": False}
    conn.execute(sa.insert(sitemaps).values(source_id=source_id, url=url, **{**unread, **values}))


def _at(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
