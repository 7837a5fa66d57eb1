"""Read and write what the tagger remembers, inside a caller's transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.tagger.core.alerts import Member
from services.tagger.core.incident import MAX_DAYS, Candidate, Signature, sign
from services.tagger.tables import clauses, handled, incident_keys, incidents, stories

#: A copy is looked for among stories published so long before or after.
DUPLICATE_WINDOW_S = 14 * 86400.0
_MAX_CANDIDATES = 40
_MAX_COPIES = 5


@dataclass(frozen=True)
class Known:
    """A story as it stands in the store."""

    story_id: str
    version: int
    raw: bytes
    tagged: StoryTagged
    incident_id: str | None
    backfill: bool


@dataclass(frozen=True)
class KnownIncident:
    """An incident as it stands in the store."""

    incident_id: str
    version: int
    alert: Alert | None
    withdrawn: bool


def sent_before(conn: sa.Connection, story_id: str, version: int) -> bytes | None:
    """The events stored for this version of this story, or None."""
    query = sa.select(handled.c.events).where(handled.c.story_id == story_id, handled.c.version == version)
    return conn.execute(query).scalar()


def remember_sent(conn: sa.Connection, story_id: str, version: int, events: bytes, at: float) -> None:
    """Keep what was decided for this version."""
    conn.execute(sa.delete(handled).where(handled.c.story_id == story_id, handled.c.version == version))
    conn.execute(sa.insert(handled).values(story_id=story_id, version=version, events=events, at=at))


def find_story(conn: sa.Connection, story_id: str) -> Known | None:
    """The story as last decided."""
    row = conn.execute(sa.select(stories).where(stories.c.story_id == story_id)).one_or_none()
    return _known(row) if row else None


def _known(row: sa.Row[tuple[object, ...]]) -> Known:
    values = row._mapping
    return Known(
        values["story_id"],
        values["version"],
        values["raw"],
        STORY_TAGGED.validate_json(values["tagged"]),
        values["incident_id"],
        values["backfill"],
    )


def save_story(
    conn: sa.Connection,
    tagged: StoryTagged,
    raw: bytes,
    *,
    reason: str,
    hashes: Sequence[int],
    backfill: bool,
    at: float,
) -> None:
    """Put the story's new state in place of the old one, with its index entries."""
    story_id = tagged.story_id
    for table in (stories, clauses, incident_keys):
        conn.execute(sa.delete(table).where(table.c.story_id == story_id))
    published = tagged.published_at.timestamp()
    conn.execute(
        sa.insert(stories).values(
            story_id=story_id,
            version=tagged.version,
            raw=raw,
            tagged=tagged.model_dump_json().encode(),
            relevant=tagged.relevant,
            withdrawn=tagged.withdrawn,
            backfill=backfill,
            incident_id=tagged.incident_id,
            reason=reason,
            clauses=len(hashes),
            published_at=published,
            decided_at=at,
        )
    )
    if tagged.incident_id is None or tagged.withdrawn:
        return
    if hashes:
        rows = [{"hash": one, "story_id": story_id, "published_at": published} for one in dict.fromkeys(hashes)]
        conn.execute(sa.insert(clauses), rows)
    signature = sign(tagged)
    conn.execute(
        sa.insert(incident_keys),
        [{"key": key, "story_id": story_id, "day": signature.day} for key in join_keys(signature)],
    )


def join_keys(signature: Signature) -> list[str]:
    """Under which a story is kept: topic and country, "none" without a country, and "any" always."""
    places = (*(sorted(signature.countries) or ["none"]), "any")
    return [f"{topic}|{place}" for topic in signature.topics for place in places]


def lookup_keys(signature: Signature) -> list[str]:
    """Under which a story looks for its like: an unknown country may be any, and any may be unknown."""
    places = (*sorted(signature.countries), "none") if signature.countries else ("any",)
    return [f"{topic}|{place}" for topic in signature.topics for place in places]


def find_candidates(
    conn: sa.Connection, story_id: str, signature: Signature, hashes: Sequence[int], published: float
) -> list[Candidate]:
    """Incidents that share text, or topic, country and time, with this story."""
    shared = _shared_clauses(conn, story_id, hashes, published)
    query = (
        sa.select(stories.c.incident_id, stories.c.tagged, stories.c.decided_at)
        .join(incident_keys, incident_keys.c.story_id == stories.c.story_id)
        .where(
            incident_keys.c.key.in_(lookup_keys(signature)),
            incident_keys.c.day.between(signature.day - MAX_DAYS, signature.day + MAX_DAYS),
            stories.c.story_id != story_id,
            stories.c.incident_id.is_not(None),
            stories.c.withdrawn.is_(False),
        )
        .distinct()
        .order_by(stories.c.decided_at.desc())
        .limit(_MAX_CANDIDATES)
    )
    signatures: dict[str, list[Signature]] = defaultdict(list)
    for incident_id, tagged, _ in conn.execute(query):
        signatures[incident_id].append(sign(STORY_TAGGED.validate_json(tagged)))
    for incident_id in shared:
        signatures.setdefault(incident_id, [])
    return [
        Candidate(incident_id, tuple(found), tuple(shared.get(incident_id, ())))
        for incident_id, found in signatures.items()
    ]


def _shared_clauses(
    conn: sa.Connection, story_id: str, hashes: Sequence[int], published: float
) -> dict[str, list[tuple[int, int]]]:
    """Incident to (clauses shared, clauses of the other story), the most shared first."""
    if not hashes:
        return {}
    count = sa.func.count()
    query = (
        sa.select(stories.c.incident_id, stories.c.clauses, count)
        .join(clauses, clauses.c.story_id == stories.c.story_id)
        .where(
            clauses.c.hash.in_(list(dict.fromkeys(hashes))),
            clauses.c.story_id != story_id,
            clauses.c.published_at.between(published - DUPLICATE_WINDOW_S, published + DUPLICATE_WINDOW_S),
            stories.c.incident_id.is_not(None),
        )
        .group_by(stories.c.story_id, stories.c.incident_id, stories.c.clauses)
        .order_by(count.desc())
        .limit(_MAX_COPIES)
    )
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for incident_id, total, shared in conn.execute(query):
        found[incident_id].append((shared, total))
    return found


def find_incident(conn: sa.Connection, incident_id: str) -> KnownIncident | None:
    """The incident as last published."""
    row = conn.execute(sa.select(incidents).where(incidents.c.incident_id == incident_id)).one_or_none()
    if row is None:
        return None
    event = ALERT_EVENT.validate_json(row.alert)
    return KnownIncident(row.incident_id, row.version, event if isinstance(event, Alert) else None, row.withdrawn)


def members_of(conn: sa.Connection, incident_id: str) -> list[Member]:
    """The stories of an incident, withdrawn ones among them."""
    query = sa.select(stories.c.tagged, stories.c.backfill).where(stories.c.incident_id == incident_id)
    return [Member(STORY_TAGGED.validate_json(tagged), backfill) for tagged, backfill in conn.execute(query)]


def save_incident(
    conn: sa.Connection,
    incident_id: str,
    version: int,
    state: bytes,
    *,
    withdrawn: bool,
    into: str | None,
    at: float,
) -> None:
    """Put the incident's new state in place of the old one."""
    values = {"version": version, "alert": state, "withdrawn": withdrawn, "merged_into": into, "changed_at": at}
    done = conn.execute(sa.update(incidents).where(incidents.c.incident_id == incident_id).values(**values))
    if not done.rowcount:
        conn.execute(sa.insert(incidents).values(incident_id=incident_id, **values))


def resolve_alias(conn: sa.Connection, incident_id: str) -> str:
    """The incident this one became part of, else itself."""
    seen: set[str] = set()
    while incident_id not in seen:
        seen.add(incident_id)
        into = conn.execute(
            sa.select(incidents.c.merged_into).where(incidents.c.incident_id == incident_id)
        ).scalar()
        incident_id = into or incident_id
    return incident_id


def prune(conn: sa.Connection, *, decided_before: float, indexed_before: float) -> int:
    """Forget old answers and index entries; stories and incidents stay."""
    dropped = 0
    statements: Iterable[sa.Delete] = (
        sa.delete(handled).where(handled.c.at < decided_before),
        sa.delete(clauses).where(clauses.c.published_at < indexed_before),
        sa.delete(incident_keys).where(incident_keys.c.day < int(indexed_before // 86400) + 719163),
    )
    for statement in statements:
        dropped += conn.execute(statement).rowcount
    return dropped
