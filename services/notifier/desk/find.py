"""Read the desk's tables: incidents, stories, sources; nothing here changes anything."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.notifier.desk.tables import (
    INCIDENT,
    INCIDENT_PLACE,
    INCIDENT_TOPIC,
    LETTER,
    PULSE,
    SOURCE,
    STEP,
    STORY,
    TOLD,
    TOLD_MEMBER,
)
from services.notifier.desk.wanted import Wanted

PAGE = 30
_DAY_S = 86_400.0
#: Around a hit; characters that no cleared text contains, since clearing drops controls.
HIT_START, HIT_END = "\x02", "\x03"
_WORD = re.compile(r"\w")


@dataclass(frozen=True)
class Scope:
    """What somebody may see at all; None or empty: everything."""

    regions: Sequence[str] | None = None
    topics: Sequence[str] = ()


EVERYTHING = Scope()


@dataclass(frozen=True)
class Found:
    """An incident as the list shows it."""

    incident_id: str
    version: int
    standing: str
    others: tuple[str, ...]
    alert: Alert
    first_seen_at: float
    changed_at: float


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


@dataclass(frozen=True)
class Step:
    """One event in an incident's history."""

    version: int
    event: str
    at: float
    severity: int | None
    changed: tuple[str, ...]


def find_incidents(
    conn: sa.Connection,
    wanted: Wanted,
    now: float,
    mine: Sequence[str],
    *,
    limit: int = PAGE,
    scope: Scope = EVERYTHING,
) -> tuple[list[Found], int]:
    """A page of incidents, what changed last first, and how many there are in all."""
    where = [*conditions(conn, wanted, now, mine), *within(scope)]
    count = conn.execute(sa.select(sa.func.count()).select_from(INCIDENT).where(*where)).scalar_one()
    query = (
        sa.select(INCIDENT)
        .where(*where)
        .order_by(INCIDENT.c.changed_at.desc(), INCIDENT.c.incident_id)
        .limit(limit)
        .offset((wanted.page - 1) * limit)
    )
    return [read_found(row) for row in conn.execute(query)], int(count)


def find_incident(conn: sa.Connection, incident_id: str) -> Found | None:
    """One incident; None if there is none, or nothing of it but its end is known."""
    row = conn.execute(sa.select(INCIDENT).where(INCIDENT.c.incident_id == incident_id)).first()
    return read_found(row) if row else None


def stories_of(conn: sa.Connection, incident_id: str) -> list[StoryTagged]:
    """The stories of an incident, the first published first."""
    query = sa.select(STORY.c.tagged).where(STORY.c.incident_id == incident_id).order_by(STORY.c.published_at)
    return [STORY_TAGGED.validate_json(row.tagged) for row in conn.execute(query)]


def steps_of(conn: sa.Connection, incident_id: str) -> list[Step]:
    """The history of an incident, the newest step first."""
    query = sa.select(STEP).where(STEP.c.incident_id == incident_id).order_by(STEP.c.version.desc())
    return [
        Step(row.version, row.event, row.at, row.severity, tuple(json.loads(row.changed)))
        for row in conn.execute(query)
    ]


def told_of(conn: sa.Connection, incident_id: str) -> list[sa.Row[Any]]:
    """Who was told of an incident, alone or in a digest; the newest first."""
    in_digest = sa.select(TOLD_MEMBER.c.delivery_key).where(TOLD_MEMBER.c.incident_id == incident_id)
    query = (
        sa.select(TOLD)
        .where(sa.or_(TOLD.c.incident_id == incident_id, TOLD.c.delivery_key.in_(in_digest)))
        .order_by(TOLD.c.at.desc())
        .limit(200)
    )
    return list(conn.execute(query))


def find_stories(
    conn: sa.Connection, words: str, *, everything: bool, page: int, limit: int = PAGE
) -> tuple[list[Hit], bool]:
    """Stories by full text, the best match first, and whether there are more.

    Args:
        words: all of them must be there; the last may be the beginning of a word.
        everything: also stories that were not recognised.
        page: from 1.
        limit: how many a page holds.
    """
    query = search(conn, words)
    if query is None:
        return [], False
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


def sources(conn: sa.Connection) -> list[sa.Row[Any]]:
    """Every source and how it is doing."""
    return list(conn.execute(sa.select(SOURCE).order_by(SOURCE.c.region, SOURCE.c.source_id)))


def letters(conn: sa.Connection, limit: int = 100) -> list[sa.Row[Any]]:
    """The newest dead letters."""
    return list(conn.execute(sa.select(LETTER).order_by(LETTER.c.dead_offset.desc()).limit(limit)))


def pulse(conn: sa.Connection) -> str:
    """Changes when an incident or a source did."""
    rows = conn.execute(sa.select(PULSE).order_by(PULSE.c.name))
    return ".".join(str(row.number) for row in rows) or "0"


def read_found(row: sa.Row[Any]) -> Found:
    """An incident's row.

    Raises:
        TypeError: it holds no state of an incident.
    """
    alert = ALERT_EVENT.validate_json(row.alert)
    if not isinstance(alert, Alert):
        raise TypeError(f"incident {row.incident_id} holds a {alert.event}")
    others = tuple(json.loads(row.others))
    return Found(row.incident_id, row.version, row.standing, others, alert, row.first_seen_at, row.changed_at)


def conditions(
    conn: sa.Connection, wanted: Wanted, now: float, mine: Sequence[str]
) -> list[sa.ColumnElement[bool]]:
    """What the rows of a filter have in common."""
    found: list[sa.ColumnElement[bool]] = [
        INCIDENT.c.alert.is_not(None),
        INCIDENT.c.changed_at >= now - wanted.days * _DAY_S,
    ]
    if wanted.severity:
        found.append(INCIDENT.c.severity >= wanted.severity)
    if wanted.kind:
        found.append(INCIDENT.c.kind == wanted.kind)
    if wanted.topic:
        topics = sa.select(INCIDENT_TOPIC.c.incident_id).where(INCIDENT_TOPIC.c.topic == wanted.topic)
        found.append(INCIDENT.c.incident_id.in_(topics))
    if wanted.place or wanted.role:
        found.append(INCIDENT.c.incident_id.in_(_places(wanted, mine)))
    if wanted.words:
        found.append(INCIDENT.c.incident_id.in_(_with_words(conn, wanted.words)))
    return found


def _places(wanted: Wanted, mine: Sequence[str]) -> sa.Select[Any]:
    query = sa.select(INCIDENT_PLACE.c.incident_id)
    if wanted.place:
        query = query.where(_in_regions(mine if wanted.place == "mine" else [wanted.place]))
    if wanted.role:
        query = query.where(INCIDENT_PLACE.c.role == wanted.role)
    return query


def _in_regions(codes: Sequence[str]) -> sa.ColumnElement[bool]:
    """Places in any of these regions or countries; ``*`` is everywhere."""
    if "*" in codes:
        return sa.true()
    regions = [code for code in codes if "-" in code]
    countries = [code for code in codes if "-" not in code]
    return sa.or_(INCIDENT_PLACE.c.region.in_(regions), INCIDENT_PLACE.c.country.in_(countries))


def within(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """The same for what somebody may see at all."""
    found: list[sa.ColumnElement[bool]] = []
    if scope.regions is not None:
        places = sa.select(INCIDENT_PLACE.c.incident_id).where(_in_regions(scope.regions))
        found.append(INCIDENT.c.incident_id.in_(places))
    if scope.topics:
        topics = sa.select(INCIDENT_TOPIC.c.incident_id).where(INCIDENT_TOPIC.c.topic.in_(scope.topics))
        found.append(INCIDENT.c.incident_id.in_(topics))
    return found


def _with_words(conn: sa.Connection, words: str) -> sa.Select[Any]:
    condition = _match_sqlite(words) if conn.dialect.name == "sqlite" else _match_postgresql(words)
    query = sa.select(STORY.c.incident_id).where(STORY.c.relevant)
    return query.where(sa.false() if condition is None else condition)


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
