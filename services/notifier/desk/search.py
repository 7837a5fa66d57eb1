"""Find stories by their words, with the full-text index of SQLite or PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.notifier.desk.tables import STORY
from services.notifier.desk.wanted import PAGE

#: Around a hit; characters that no cleared text contains, since clearing drops controls.
HIT_START, HIT_END = "\x02", "\x03"
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Hit:
    """A story a search found; the snippet has ``HIT_START`` and ``HIT_END`` around what matched."""

    story_id: str
    incident_id: str | None
    outlet: str
    title: str
    snippet: str
    relevant: bool
    published_at: float


def find_stories(
    conn: sa.Connection, words: str, *, everything: bool, page: int, limit: int = PAGE
) -> tuple[list[Hit], bool]:
    """Stories by full text, the best match first, and whether there are more; none that its outlet took back.

    Args:
        words: all of them must be there; the last may be the beginning of a word.
        everything: also stories that were not recognised.
        page: from 1.
        limit: how many a page holds.
    """
    query = search(conn, words)
    if query is None:
        return [], False
    query = query.where(STORY.c.withdrawn.is_(False))
    if not everything:
        query = query.where(STORY.c.relevant)
    rows = conn.execute(query.limit(limit + 1).offset((page - 1) * limit)).all()
    hits = [
        Hit(r.story_id, r.incident_id, r.outlet, r.title, r.snippet, r.relevant, r.published_at)
        for r in rows[:limit]
    ]
    return hits, len(rows) > limit


def search(conn: sa.Connection, words: str) -> sa.Select[Any] | None:
    """The query for a full text search, the best match first; None where no word is in it."""
    return _search_sqlite(words) if conn.dialect.name == "sqlite" else _search_postgresql(words)


def matching(conn: sa.Connection, words: str) -> sa.ColumnElement[bool] | None:
    """The stories that hold every word; None where no word is given."""
    return _match_sqlite(words) if conn.dialect.name == "sqlite" else _match_postgresql(words)


def _words(text: str) -> list[str]:
    return [word for word in text.replace('"', " ").split() if _WORD.search(word)]


def _match_text(words: str) -> str:
    """FTS5's own language is not offered: every word is quoted, the last one may go on."""
    given = _words(words)
    return " ".join(f'"{word}"' for word in given) + "*" if given else ""


def _match_sqlite(words: str) -> sa.ColumnElement[bool] | None:
    text = _match_text(words)
    if not text:
        return None
    matching = sa.text("SELECT rowid FROM story_text WHERE story_text MATCH :match").bindparams(match=text)
    return STORY.c.number.in_(matching.columns(sa.column("rowid")).scalar_subquery())


def _match_postgresql(words: str) -> sa.ColumnElement[bool] | None:
    query = _tsquery(words)
    return None if query is None else sa.literal_column("story.words").op("@@")(query)


def _tsquery(words: str) -> Any:
    given = _words(words)
    if not given:
        return None
    parts: list[Any] = [sa.func.phraseto_tsquery("simple", word) for word in given]
    if given[-1].isalnum():
        parts[-1] = sa.func.to_tsquery("simple", f"{given[-1]}:*")
    query = parts[0]
    for part in parts[1:]:
        query = query.op("&&")(part)
    return query


def _search_sqlite(words: str) -> sa.Select[Any] | None:
    text = _match_text(words)
    if not text:
        return None
    matched = (
        sa.text(
            "SELECT rowid AS number, snippet(story_text, -1, :start, :end, ' … ', 24) AS snippet, "
            "bm25(story_text, 4.0, 1.0) AS rank FROM story_text WHERE story_text MATCH :match"
        )
        .bindparams(match=text, start=HIT_START, end=HIT_END)
        .columns(sa.column("number"), sa.column("snippet"), sa.column("rank"))
        .subquery("matched")
    )
    joined = STORY.join(matched, matched.c.number == STORY.c.number)
    return story_columns(matched.c.snippet).select_from(joined).order_by(matched.c.rank, STORY.c.number)


def _search_postgresql(words: str) -> sa.Select[Any] | None:
    query = _tsquery(words)
    if query is None:
        return None
    options = f"StartSel={HIT_START}, StopSel={HIT_END}, MaxWords=28, MinWords=12"
    snippet = sa.func.ts_headline("simple", STORY.c.title + sa.literal("\n") + STORY.c.body, query, options)
    indexed: Any = sa.literal_column("story.words")
    rank = sa.func.ts_rank(indexed, query)
    return (
        story_columns(snippet.label("snippet"))
        .where(indexed.op("@@")(query))
        .order_by(rank.desc(), STORY.c.number)
    )


def story_columns(snippet: Any) -> sa.Select[Any]:
    return sa.select(
        STORY.c.story_id,
        STORY.c.incident_id,
        STORY.c.outlet,
        STORY.c.title,
        STORY.c.relevant,
        STORY.c.published_at,
        snippet,
    )
