"""Find the incidents a story may belong to: by text in common, or by the sort of event, its time and place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import orjson
import sqlalchemy as sa

from services.tagger.clause_cache import ClauseCache
from services.tagger.core.duplicates import Pieces
from services.tagger.core.incident import Candidate, Copied
from services.tagger.core.incident_likeness import MAX_DAYS, families
from services.tagger.core.incident_signature import Signature, unpack
from services.tagger.core.incident_words import TELLING
from services.tagger.tables import incident_keys, stories

_MAX_CANDIDATES = 60
#: A lower figure is shared by half the country and finds nobody.
_FINDING_FIGURE = 11
_NOWHERE = "nowhere"
#: Built once: a statement made for each story costs as much as running it.
_OF_INCIDENT = stories.c.incident_id == sa.bindparam("this")
_MEMBER_IDS = (
    sa.select(stories.c.story_id).where(_OF_INCIDENT).order_by(stories.c.published_at, stories.c.story_id)
)
_SIGNATURES = sa.select(stories.c.story_id, stories.c.incident_id, stories.c.signature).where(
    stories.c.story_id.in_(sa.bindparam("these", expanding=True)),
    stories.c.incident_id.is_not(None),
    stories.c.withdrawn.is_(False),
    stories.c.signature.is_not(None),
)
_LIKELY = (
    sa.select(incident_keys.c.story_id)
    .where(
        incident_keys.c.key.in_(sa.bindparam("keys", expanding=True)),
        incident_keys.c.day.between(sa.bindparam("first_day"), sa.bindparam("last_day")),
    )
    .group_by(incident_keys.c.story_id)
    .order_by(sa.func.count().desc(), sa.func.max(incident_keys.c.day).desc(), incident_keys.c.story_id)
    .limit(_MAX_CANDIDATES)
)
_BEGAN = (
    sa.select(stories.c.incident_id, sa.func.min(stories.c.published_at))
    .where(stories.c.incident_id.in_(sa.bindparam("these", expanding=True)))
    .group_by(stories.c.incident_id)
)


def join_keys(signature: Signature) -> list[str]:
    """Under which a story is kept and looked for: family of topics with place, port or post, figure or thing."""
    where = sorted(signature.around | signature.spots | signature.countries) or [_NOWHERE]
    figures = [f"{figure:g}" for figure in sorted(signature.figures) if figure >= _FINDING_FIGURE]
    things = sorted(signature.things & TELLING)
    return [
        f"{family}|{word}"[:80] for family in sorted(families(signature)) for word in (*where, *figures, *things)
    ]


def find_candidates(
    conn: sa.Connection,
    cache: ClauseCache,
    story_id: str,
    signature: Signature,
    *,
    pieces: Pieces,
    published: float,
) -> list[Candidate]:
    """Incidents that share text, or the sort of event, time and something more, with this story."""
    shared = {one.story_id: one for one in cache.find(conn, story_id, pieces, published)}
    likely = {
        "keys": join_keys(signature),
        "first_day": signature.day - MAX_DAYS,
        "last_day": signature.day + MAX_DAYS,
    }
    wanted = [*shared, *(one for one in conn.execute(_LIKELY, likely).scalars() if one != story_id)]
    found: dict[str, list[Signature]] = defaultdict(list)
    copied: dict[str, list[Copied]] = defaultdict(list)
    for other, incident_id, own in _signatures(conn, dict.fromkeys(wanted)):
        found[incident_id].append(own)
        if other in shared:
            copied[incident_id].append(Copied(own, shared[other].shared, shared[other].sentences))
    rows = conn.execute(_BEGAN, {"these": list(found)}) if found else ()
    began = {one: datetime.fromtimestamp(at, UTC).toordinal() for one, at in rows}
    return [Candidate(one, tuple(found[one]), tuple(copied[one]), began.get(one)) for one in found]


def _signatures(conn: sa.Connection, wanted: Iterable[str]) -> Iterator[tuple[str, str, Signature]]:
    """Story, incident and signature of those that stand in one, in the order asked for."""
    ids = list(wanted)
    rows = {row.story_id: row for row in conn.execute(_SIGNATURES, {"these": ids})}
    for story_id in ids:
        if story_id in rows:
            row = rows[story_id]
            yield story_id, row.incident_id, unpack(orjson.loads(row.signature))


def signatures_of(conn: sa.Connection, incident_id: str) -> dict[str, Signature]:
    """What the standing stories of an incident are recognised by, the earliest first."""
    ids = conn.execute(_MEMBER_IDS, {"this": incident_id}).scalars()
    return {story: own for story, _, own in _signatures(conn, ids)}
