"""Read and write what the tagger remembers, inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert, AlertEvent
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.runtime.recent import Recent
from services.tagger.candidates import join_keys
from services.tagger.clause_cache import write_pieces
from services.tagger.core.alerts import Member
from services.tagger.core.duplicates import Pieces
from services.tagger.core.incident_signature import Signature, pack, sign
from services.tagger.tables import clause_sets, handled, incident_keys, incidents, stories

#: Built once: a statement made for each story costs as much as running it.
_INSERT_STORY = sa.insert(stories)
_INSERT_KEYS = sa.insert(incident_keys)
_INSERT_HANDLED = sa.insert(handled)
_INSERT_INCIDENT = sa.insert(incidents)
_THIS_STORY = stories.c.story_id == sa.bindparam("this")
_THIS_VERSION = (handled.c.story_id == sa.bindparam("this"), handled.c.version == sa.bindparam("of_version"))
_THIS_INCIDENT = incidents.c.incident_id == sa.bindparam("this")
_OF_INCIDENT = stories.c.incident_id == sa.bindparam("this")
_SENT = sa.select(handled.c.events).where(*_THIS_VERSION)
_LAST_HANDLED = sa.select(sa.func.max(handled.c.version)).where(handled.c.story_id == sa.bindparam("this"))
_FORGET_SENT = sa.delete(handled).where(*_THIS_VERSION)
_STORY = sa.select(stories).where(_THIS_STORY)
_MOVE_STORY = sa.update(stories).where(_THIS_STORY)
_FORGET_STORY = tuple(
    sa.delete(table).where(table.c.story_id == sa.bindparam("this")) for table in (stories, incident_keys)
)
_FORGET_TEXT = sa.delete(clause_sets).where(clause_sets.c.story_id == sa.bindparam("this"))
_INCIDENT = sa.select(incidents).where(_THIS_INCIDENT)
_UPDATE_INCIDENT = sa.update(incidents).where(_THIS_INCIDENT)
_BECAME = sa.select(incidents.c.merged_into).where(_THIS_INCIDENT)
_MEMBERS = sa.select(stories.c.tagged, stories.c.backfill).where(_OF_INCIDENT)


#: Stored labels, checked: the stories of a running case are read again with each report on it.  Some 250 of them.
LABELS: Final = Recent[bytes, StoryTagged](STORY_TAGGED.validate_json, 1024 * 1024)
#: States of incidents, checked: one that goes on is read several times for each report on it.
STATES: Final = Recent[bytes, AlertEvent](ALERT_EVENT.validate_json, 512 * 1024)


@dataclass(frozen=True)
class Known:
    """A story as it stands in the store."""

    story_id: str
    version: int
    raw: bytes
    tagged: StoryTagged
    incident_id: str | None
    backfill: bool
    reason: str = ""
    why: str = ""


@dataclass(frozen=True)
class KnownIncident:
    """An incident as it stands in the store."""

    incident_id: str
    version: int
    alert: Alert | None
    withdrawn: bool


def sent_before(conn: sa.Connection, story_id: str, version: int) -> bytes | None:
    """The events stored for this version of this story, or None."""
    return conn.execute(_SENT, {"this": story_id, "of_version": version}).scalar()


def last_handled(conn: sa.Connection, story_id: str) -> int:
    """The highest version of this story that was answered, 0 where none was or it is forgotten."""
    return conn.execute(_LAST_HANDLED, {"this": story_id}).scalar() or 0


def remember_sent(
    conn: sa.Connection, story_id: str, version: int, events: bytes, at: float, *, fresh: bool = False
) -> None:
    """Keep what was decided for this version; ``fresh`` where nothing of the story is in the store."""
    if not fresh:
        conn.execute(_FORGET_SENT, {"this": story_id, "of_version": version})
    conn.execute(_INSERT_HANDLED, {"story_id": story_id, "version": version, "events": events, "at": at})


def remember_all_sent(conn: sa.Connection, sent: Sequence[tuple[str, int, bytes]], at: float) -> None:
    """Keep what was decided for versions of stories that are new."""
    rows = [{"story_id": one, "version": version, "events": events, "at": at} for one, version, events in sent]
    conn.execute(_INSERT_HANDLED, rows)


def which_are_known(conn: sa.Connection, story_ids: Sequence[str]) -> set[str]:
    """Those of which the store holds anything."""
    wanted = list(dict.fromkeys(story_ids))
    found: set[str] = set()
    for column in (stories.c.story_id, handled.c.story_id):
        found.update(conn.execute(sa.select(column).where(column.in_(wanted))).scalars())
    return found


def find_story(conn: sa.Connection, story_id: str) -> Known | None:
    """The story as last decided."""
    row = conn.execute(_STORY, {"this": story_id}).one_or_none()
    return _known(row) if row else None


def _known(row: sa.Row[tuple[object, ...]]) -> Known:
    values = row._mapping
    return Known(
        values["story_id"],
        values["version"],
        values["raw"],
        LABELS(values["tagged"]),
        values["incident_id"],
        values["backfill"],
        values["reason"],
        values["why"],
    )


def save_story(
    conn: sa.Connection,
    tagged: StoryTagged,
    raw: bytes,
    *,
    reason: str,
    pieces: Pieces,
    backfill: bool,
    at: float,
    why: str = "",
    signature: Signature | None = None,
    fresh: bool = False,
) -> None:
    """Put the story's new state in place of the old one, with its index entries.

    Args:
        signature: what it is recognised by, where that is known already.
        fresh: nothing of the story is in the store.
    """
    story_id = tagged.story_id
    had_text = False if fresh else _remove(conn, story_id)
    published = tagged.published_at.timestamp()
    if not tagged.relevant:
        signature = None
    elif signature is None:
        signature = sign(tagged)
    row = _story_row(Plain(tagged, raw, tagged.model_dump_json().encode(), backfill), reason, at)
    row |= {
        "clauses": len(pieces),
        "signature": orjson.dumps(pack(signature)) if signature else None,
        "why": why[:500],
    }
    conn.execute(_INSERT_STORY, row)
    stands = tagged.incident_id is not None and not tagged.withdrawn
    if had_text or (stands and pieces):
        # An empty row tells the caches that the story's text is gone.
        write_pieces(conn, story_id, pieces if stands else (), published)
    if not stands or signature is None:
        return
    conn.execute(
        _INSERT_KEYS,
        [{"key": key, "story_id": story_id, "day": signature.day} for key in join_keys(signature)],
    )


@dataclass(frozen=True)
class Plain:
    """A story without an incident: its label, what came in, and the label as it goes out."""

    tagged: StoryTagged
    raw: bytes
    label: bytes
    backfill: bool


def save_plain_stories(conn: sa.Connection, told: Sequence[Plain], *, reason: str, at: float) -> None:
    """Put in stories that are new and of no concern."""
    conn.execute(_INSERT_STORY, [_story_row(one, reason, at) for one in told])


def _story_row(one: Plain, reason: str, at: float) -> dict[str, object]:
    tagged = one.tagged
    return {
        "story_id": tagged.story_id,
        "version": tagged.version,
        "raw": one.raw,
        "tagged": one.label,
        "relevant": tagged.relevant,
        "withdrawn": tagged.withdrawn,
        "backfill": one.backfill,
        "incident_id": tagged.incident_id,
        "reason": reason,
        "clauses": 0,
        "published_at": tagged.published_at.timestamp(),
        "decided_at": at,
        "signature": None,
        "why": "",
    }


def _remove(conn: sa.Connection, story_id: str) -> bool:
    """Take the story out; whether its text was in the index."""
    for forget in _FORGET_STORY:
        conn.execute(forget, {"this": story_id})
    return conn.execute(_FORGET_TEXT, {"this": story_id}).rowcount > 0


def move_story(conn: sa.Connection, story_id: str, incident_id: str, reason: str, why: str) -> StoryTagged | None:
    """Put a story into another incident; its event with the new link, None where it is not known."""
    known = find_story(conn, story_id)
    if known is None:
        return None
    tagged = known.tagged.model_copy(update={"incident_id": incident_id})
    label = tagged.model_dump_json().encode()
    values = {"incident_id": incident_id, "tagged": label, "reason": reason, "why": why[:500]}
    conn.execute(_MOVE_STORY, values | {"this": story_id})
    return tagged


def find_incident(conn: sa.Connection, incident_id: str) -> KnownIncident | None:
    """The incident as last published."""
    row = conn.execute(_INCIDENT, {"this": incident_id}).one_or_none()
    if row is None:
        return None
    event = STATES(row.alert)
    return KnownIncident(row.incident_id, row.version, event if isinstance(event, Alert) else None, row.withdrawn)


def members_of(conn: sa.Connection, incident_id: str) -> list[Member]:
    """The stories of an incident, withdrawn ones among them."""
    found = conn.execute(_MEMBERS, {"this": incident_id})
    return [Member(LABELS(tagged), backfill) for tagged, backfill in found]


def versions_of(conn: sa.Connection, story_ids: Sequence[str]) -> dict[str, int]:
    """The version of each story that is known."""
    query = sa.select(stories.c.story_id, stories.c.version).where(stories.c.story_id.in_(story_ids))
    return {row.story_id: row.version for row in conn.execute(query)}


def mark_backfill(conn: sa.Connection, incident_id: str) -> None:
    """The incident's stories were all old when they were first seen."""
    conn.execute(sa.update(stories).where(stories.c.incident_id == incident_id).values(backfill=True))


def age_of(conn: sa.Connection, incident_id: str) -> tuple[float, float]:
    """When the incident was first told of and when its first story was published; a new one is the youngest."""
    known = find_incident(conn, incident_id)
    if known is None or known.alert is None:
        return float("inf"), float("inf")
    return known.alert.first_seen_at.timestamp(), known.alert.published_at.timestamp()


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
    if not conn.execute(_UPDATE_INCIDENT, values | {"this": incident_id}).rowcount:
        conn.execute(_INSERT_INCIDENT, values | {"incident_id": incident_id})


def resolve_alias(conn: sa.Connection, incident_id: str) -> str:
    """The incident this one became part of, else itself."""
    seen: set[str] = set()
    while incident_id not in seen:
        seen.add(incident_id)
        into = conn.execute(_BECAME, {"this": incident_id}).scalar()
        incident_id = into or incident_id
    return incident_id


def prune(conn: sa.Connection, *, decided_before: float, indexed_before: float) -> int:
    """Forget old answers and index entries; stories and incidents stay."""
    dropped = 0
    statements: Iterable[sa.Delete] = (
        sa.delete(handled).where(handled.c.at < decided_before),
        sa.delete(clause_sets).where(clause_sets.c.published_at < indexed_before),
        sa.delete(incident_keys).where(incident_keys.c.day < int(indexed_before // 86400) + 719163),
    )
    for statement in statements:
        dropped += conn.execute(statement).rowcount
    return dropped


_WITH_TEXT = sa.and_(stories.c.decided_at < sa.bindparam("before"), sa.func.length(stories.c.raw) > 0)
_OLD_TEXTS = sa.select(stories.c.story_id).where(_WITH_TEXT).limit(sa.bindparam("at_most", type_=sa.Integer))
_FORGET_RAW = sa.update(stories).where(stories.c.story_id.in_(sa.bindparam("these", expanding=True)), _WITH_TEXT)


def old_texts(conn: sa.Connection, decided_before: float, at_most: int) -> list[str]:
    """Stories decided before then whose uncleared text is still kept."""
    asked = {"before": decided_before, "at_most": at_most}
    return list(conn.execute(_OLD_TEXTS, asked).scalars())


def forget_texts(conn: sa.Connection, story_ids: Sequence[str], decided_before: float) -> int:
    """Drop the text as it came, with all names in it; what was told of it stays."""
    asked = {"these": [*story_ids], "before": decided_before}
    return conn.execute(_FORGET_RAW.values(raw=b""), asked).rowcount
