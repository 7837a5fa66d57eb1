"""Give each source to one process at a time, when it is due and its domain may be asked.

One process leads a domain (``Store.lead``: a lock that ends with the process, so a crash frees it at once).
The claim written into the row is the second line: should a process lose its lead without noticing, what it
read is not stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.contracts.source import Health
from services.ingest.core.conditional import Validators
from services.ingest.core.gap import Gap
from services.ingest.core.outcome import PollReason
from services.ingest.core.redirect import Move
from services.ingest.core.schedule import RETRY_AFTER_CAP_S
from services.ingest.core.source import Source
from services.ingest.core.standby import Standby
from services.ingest.core.state import SourceState
from services.ingest.tables import domains, polls, sitemaps

#: A time further ahead than any we would write: the clock was set back, so it means nothing.
_SANE_AHEAD_S = RETRY_AFTER_CAP_S * 1.2
#: Clocks of replicas differ by less than this.
_SET_BACK_S = 5.0


class ClaimLostError(Exception):
    """Another process took the source over: what we read of it must not be stored."""


#: A source that is asked as if for the first time; what it showed is remembered.
_ANEW: dict[str, Any] = {
    "etag": None, "last_modified": None, "body_hash": None, "failures": 0, "failing_since": None, "move_to": None,
    "move_seen": 0, "move_since": None, "standby_url": None, "standby_since": None, "standby_reason": None,
    "first_at": None,
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A source that is ours to poll."""

    source_id: str
    state: SourceState


def register(conn: sa.Connection, sources: Sequence[Source], now: float) -> None:
    """Make a row for each source; one whose address was changed in the file starts anew."""
    if conn.dialect.name == "postgresql":
        # Replicas start together: one makes the rows, the others find them.
        conn.execute(sa.text("LOCK TABLE polls IN SHARE ROW EXCLUSIVE MODE"))
    known = {row.source_id: row for row in conn.execute(sa.select(polls))}
    there = set(conn.execute(sa.select(domains.c.domain)).scalars())
    for source in sources:
        if source.politeness_key not in there:
            there.add(source.politeness_key)
            conn.execute(sa.insert(domains).values(domain=source.politeness_key, next_allowed_at=0, cools_until=0))
        row = known.get(source.id)
        anew = _ANEW | {"domain": source.politeness_key, "next_check_at": now}
        if row is None or row.configured_url != source.url:
            anew |= {"configured_url": source.url, "url": source.url}
        elif row.standby_url == (source.fallback.url if source.fallback else None) or row.standby_url is None:
            continue
        conn.execute(sa.delete(sitemaps).where(sitemaps.c.source_id == source.id))
        if row is None:
            conn.execute(sa.insert(polls).values(source_id=source.id, **anew))
        else:
            conn.execute(sa.update(polls).where(polls.c.source_id == source.id).values(**anew))


def resume(conn: sa.Connection, source_id: str, now: float) -> bool | None:
    """Ask a source again that said nobody should; False if it is asked anyway, None if there is none such."""
    here = polls.c.source_id == source_id
    row = conn.execute(sa.select(polls).where(here).with_for_update()).one_or_none()
    if row is None:
        return None
    if row.next_check_at is None:
        values = {"next_check_at": now}
    elif row.standby_url is not None and row.first_at is None:
        values = {"next_check_at": now, "first_at": now}
    else:
        return False
    conn.execute(sa.update(polls).where(here).values(**values))
    return True


def claim(conn: sa.Connection, domain: str, source_ids: Sequence[str], owner: str, now: float) -> Claim | float:
    """The next due source of a domain we lead, or how many seconds nothing of it will be due."""
    last = sa.select(sa.func.max(polls.c.last_polled_at)).where(polls.c.source_id.in_(source_ids))
    asked = sa.select(domains, last.scalar_subquery().label("last_polled_at")).where(domains.c.domain == domain)
    place = conn.execute(asked.with_for_update(of=domains)).one()
    # A poll of the future: the clock was set back since.
    if (ahead := (place.last_polled_at or 0.0) - now) > _SET_BACK_S:
        _set_back(conn, domain, source_ids, now, ahead)
        place = conn.execute(asked).one()
    allowed = max(place.next_allowed_at, place.cools_until)
    if now < allowed <= now + _SANE_AHEAD_S:
        return float(allowed - now)
    rows = conn.execute(
        sa.select(polls)
        .where(polls.c.source_id.in_(source_ids), polls.c.next_check_at.is_not(None))
        .order_by(polls.c.next_check_at)
    ).all()
    for row in rows:
        if row.next_check_at <= now or row.next_check_at > now + _SANE_AHEAD_S:
            conn.execute(sa.update(polls).where(polls.c.source_id == row.source_id).values(claimed_by=owner))
            return Claim(row.source_id, state_of(row))
    return float(rows[0].next_check_at - now) if rows else 60.0


def _set_back(conn: sa.Connection, domain: str, source_ids: Sequence[str], now: float, ahead: float) -> None:
    """Move what was planned by the wrong clock; every wait, that of a Retry-After too, is as long as it was."""
    moved = {"last_polled_at", "last_body_at", "last_success_at", "last_new_story_at", "next_check_at"}
    columns = {name: sa.case((polls.c[name] > now, polls.c[name] - ahead), else_=polls.c[name]) for name in moved}
    conn.execute(sa.update(polls).where(polls.c.source_id.in_(source_ids)).values(**columns))
    rests = {
        name: sa.case((domains.c[name] > now, domains.c[name] - ahead), else_=domains.c[name])
        for name in ("next_allowed_at", "cools_until")
    }
    conn.execute(sa.update(domains).where(domains.c.domain == domain).values(**rests))


def check(conn: sa.Connection, source_id: str, owner: str) -> None:
    """Raise ClaimLostError where the source is no longer ours."""
    held = sa.select(polls.c.claimed_by).where(polls.c.source_id == source_id).with_for_update()
    if conn.execute(held).scalar() != owner:
        raise ClaimLostError(source_id)


def rest(conn: sa.Connection, domain: str, next_allowed_at: float, cools_until: float = 0) -> None:
    """Say from when on a domain may be asked again."""
    values = {"next_allowed_at": next_allowed_at} | ({"cools_until": cools_until} if cools_until else {})
    conn.execute(sa.update(domains).where(domains.c.domain == domain).values(**values))


def note_gap(conn: sa.Connection, source_id: str, owner: str, gap: Gap) -> None:
    """Keep a gap before anything of this poll is stored, for that would hide it.

    Raises:
        ClaimLostError: the source is another process's now.
    """
    check(conn, source_id, owner)
    conn.execute(sa.update(polls).where(polls.c.source_id == source_id).values(**gap_values(gap)))


def gap_values(gap: Gap | None) -> dict[str, Any]:
    """The columns of a gap."""
    return {"gap_since": gap.since.timestamp() if gap else None, "gap_tries": gap.tries if gap else 0}


def state_of(row: sa.Row[Any]) -> SourceState:
    """A row of ``polls`` as the core knows it."""
    values = row._mapping
    move = None
    if values["move_to"] is not None:
        move = Move(values["move_to"], values["move_seen"], _at(values["move_since"]) or datetime.now(UTC))
    return SourceState(
        url=values["url"],
        validators=Validators(values["etag"], values["last_modified"]),
        body_hash=values["body_hash"],
        window_s=values["window_s"],
        median_gap_s=values["median_gap_s"],
        failures=values["failures"],
        failing_since=_at(values["failing_since"]),
        last_body_at=_at(values["last_body_at"]),
        last_success_at=_at(values["last_success_at"]),
        last_new_story_at=_at(values["last_new_story_at"]),
        move=move,
        health=Health(values["health"]) if values["health"] else None,
        health_note=values["health_note"],
        rules_fail=values["rules_fail"],
        standby=_standby_of(values),
        gap=Gap(since, values["gap_tries"]) if (since := _at(values["gap_since"])) is not None else None,
    )


def _standby_of(values: sa.RowMapping) -> Standby | None:
    since = _at(values["standby_since"])
    if values["standby_url"] is None or since is None:
        return None
    return Standby(values["standby_url"], since, PollReason(values["standby_reason"]), _at(values["first_at"]))


def _at(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
