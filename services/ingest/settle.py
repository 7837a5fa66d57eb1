"""Close a poll: stories, validators and the next due time in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.contracts.source import Health
from services.ingest import claims
from services.ingest.archive import Reading, touch_sightings, write_readings
from services.ingest.core.outcome import SUCCESSES, WAITS, Outcome
from services.ingest.core.redirect import after_permanent, has_moved
from services.ingest.core.revision import Reason
from services.ingest.core.schedule import RETRY_AFTER_CAP_S, Due, Pace, next_due
from services.ingest.core.source import Source
from services.ingest.core.state import SourceState, remember_window
from services.ingest.reading import Polled
from services.ingest.source_health import change_of_health, health_message
from services.ingest.tables import outbox, polls
from services.runtime.outbox import enqueue

#: The same complaint from two sources of one domain within this time is meant for the domain.
DOMAIN_MEMORY_S = 3600.0


@dataclass(frozen=True)
class Settlement:
    """What a poll came to."""

    outcome: Outcome
    due: Due
    decisions: tuple[Reason, ...]
    detail: str = ""
    health: Health | None = None


def settle_source(
    conn: sa.Connection,
    source: Source,
    state: SourceState,
    polled: Polled,
    readings: Sequence[Reading],
    *,
    seen: Sequence[str],
    now: datetime,
    jitter: float,
    owner: str,
) -> Settlement:
    """Store everything a poll brought, or nothing; ``seen`` are the stories of the body, changed or not.

    The validators are written here and nowhere else: with them in the store and the stories not, a
    crash would turn into a 304 and the stories would be lost.

    Raises:
        ClaimLostError: the source is another process's now.
    """
    claims.check(conn, source.id, owner)
    written = write_readings(conn, source, readings, now, first_poll=state.first)
    outcome = replace(polled.outcome, new_stories=written.new, window_s=_window(state, polled, now))
    due = next_due(_pace(source, state, polled), outcome, now, jitter)
    values = _values(state, polled, outcome, due, now) | {"claimed_by": None}
    change = change_of_health(source, state, polled, outcome, now)
    if change is not None:
        values |= {"health": str(change.health), "health_since": now.timestamp()}
        enqueue(conn, outbox, [health_message(change)])
    touch_sightings(conn, source.id, seen, now)
    conn.execute(sa.update(polls).where(polls.c.source_id == source.id).values(**values))
    cools = _cools_until(conn, source, outcome, due, now)
    claims.rest(conn, source.politeness_key, now.timestamp() + source.min_gap_s, cools)
    health = change.health if change else state.health
    return Settlement(outcome, due, written.reasons, polled.detail, health)


def _window(state: SourceState, polled: Polled, now: datetime) -> float | None:
    if polled.body is None:
        return None
    elapsed = now - state.last_body_at if state.last_body_at else timedelta(0)
    return remember_window(state.window_s, polled.outcome.window_s, elapsed)


def _pace(source: Source, state: SourceState, polled: Polled) -> Pace:
    validators = polled.validators if polled.validators is not None else state.validators
    return Pace(
        min_interval_s=source.min_interval_s,
        max_interval_s=source.max_interval_s,
        failures=state.failures,
        failing_since=state.failing_since,
        window_s=state.window_s,
        conditional=bool(validators),
    )


def _values(state: SourceState, polled: Polled, outcome: Outcome, due: Due, now: datetime) -> dict[str, Any]:
    at = now.timestamp()
    values: dict[str, Any] = {
        "last_polled_at": at,
        "last_reason": str(outcome.reason),
        "last_status": outcome.status,
        "last_detail": polled.detail[:500],
        "next_check_at": due.at.timestamp() if due.at else None,
        "due_reason": str(due.reason),
        "interval_s": due.interval_s,
    }
    if outcome.reason not in SUCCESSES:
        since = state.failing_since.timestamp() if state.failing_since else at
        return values | {"failures": state.failures + 1, "failing_since": since}
    values |= {"failures": 0, "failing_since": None, "last_success_at": at}
    if polled.validators is not None:
        values |= {"etag": polled.validators.etag, "last_modified": polled.validators.last_modified}
    if polled.body_hash is not None:
        values["body_hash"] = polled.body_hash
    if outcome.status == 200:
        values["last_body_at"] = at
    if polled.body is not None:
        values |= {"window_s": outcome.window_s, "median_gap_s": polled.body.median_gap_s}
    if outcome.new_stories:
        values["last_new_story_at"] = at
    return values | _move(state, polled, outcome, now)


def _move(state: SourceState, polled: Polled, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """Permanent redirects: remembered, and after three over a day the address becomes the new one."""
    if outcome.status != 200:
        return {}
    move = after_permanent(state.move, polled.moved_to, now)
    if move is not None and has_moved(move, now):
        return {
            "url": move.to, "etag": None, "last_modified": None, "body_hash": None,
            "move_to": None, "move_seen": 0, "move_since": None,
        }  # fmt: skip
    if move is None:
        return {"move_to": None, "move_seen": 0, "move_since": None}
    return {"move_to": move.to, "move_seen": move.seen, "move_since": move.since.timestamp()}


def _cools_until(conn: sa.Connection, source: Source, outcome: Outcome, due: Due, now: datetime) -> float:
    """Two sources of a domain told to wait: the whole domain waits."""
    if outcome.reason not in WAITS:
        return 0.0
    others = conn.execute(
        sa.select(sa.func.count()).where(
            polls.c.domain == source.politeness_key,
            polls.c.source_id != source.id,
            polls.c.last_reason.in_([str(reason) for reason in WAITS]),
            polls.c.last_polled_at > now.timestamp() - DOMAIN_MEMORY_S,
        )
    ).scalar_one()
    return now.timestamp() + min(due.interval_s, RETRY_AFTER_CAP_S) if others else 0.0
