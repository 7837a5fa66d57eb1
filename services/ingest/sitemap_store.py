"""What is remembered of the sitemaps an index lists; written in the transaction that stores their stories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from services.ingest.core.conditional import Validators
from services.ingest.core.sitemap import Sitemap
from services.ingest.sitemaps import Walked
from services.ingest.tables import sitemaps


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
            conn.execute(sa.delete(sitemaps).where(sitemaps.c.source_id == source_id, sitemaps.c.url == url))
    for url, (parent, lastmod) in listed.items():
        before = known.get(url)
        if before is not None and (before.parent, before.listed_lastmod) == (parent, lastmod):
            continue
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
        _put(conn, source_id, one.url in known or one.url in listed, one.url, values)


def forget_sitemaps(conn: sa.Connection, source_id: str) -> None:
    """The source has another address: what hung below the old one means nothing."""
    conn.execute(sa.delete(sitemaps).where(sitemaps.c.source_id == source_id))


def _put(conn: sa.Connection, source_id: str, there: bool, url: str, values: Mapping[str, object]) -> None:
    if there:
        here = (sitemaps.c.source_id == source_id) & (sitemaps.c.url == url)
        conn.execute(sa.update(sitemaps).where(here).values(**values))
        return
    unread = {"listed_lastmod": "", "lastmod": "", "is_index": False}
    conn.execute(sa.insert(sitemaps).values(source_id=source_id, url=url, **{**unread, **values}))


def _at(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
