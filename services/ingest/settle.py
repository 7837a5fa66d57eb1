"""Close a poll: stories, validators and the next due time in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from services.contracts.source import Health
from services.ingest import claims
from services.ingest.archive import Announced, Reading, touch_sightings, write_readings
from services.ingest.core.outcome import WAITS, Outcome, PollReason
from services.ingest.core.revision import Reason
from services.ingest.core.rules_watch import rules_fail
from services.ingest.core.schedule import RETRY_AFTER_CAP_S, Due, DueReason, Pace, due_with_fallback, next_due
from services.ingest.core.source import Source
from services.ingest.core.standby import Standby, Step, after_first, after_second, step_of
from services.ingest.core.state import SourceState, remember_window
from services.ingest.poll_row import place_values, values_of
from services.ingest.polled import Polled
from services.ingest.sitemap_store import forget_sitemaps, keep_walk
from services.ingest.source_health import change_of_health, health_message, note_fits, note_of
from services.ingest.tables import outbox, polls
from services.runtime.outbox import enqueue

#: The same complaint from two sources of one domain within this time is meant for the domain.
DOMAIN_MEMORY_S = 3600.0


@dataclass(frozen=True)
class Settlement:
    """What a poll came to.  ``rules_recent``: how the site's rules fare; ``standby``: it is read elsewhere."""

    outcome: Outcome
    due: Due
    decisions: tuple[Reason, ...]
    detail: str = ""
    health: Health | None = None
    step: Step = Step.STAYED
    standby: Standby | None = None
    rules_recent: str = ""
    announced: tuple[Announced, ...] = ()


def settle_source(
    conn: sa.Connection,
    source: Source,
    state: SourceState,
    polled: Polled,
    readings: Sequence[Reading],
    *,
    seen: Sequence[str],
    at_first: bool = True,
    now: datetime,
    jitter: float,
    owner: str,
) -> Settlement:
    """Store everything a poll brought, or nothing.

    The validators are written here and nowhere else: with them in the store and the stories not, a
    crash would turn into a 304 and the stories would be lost.

    Args:
        seen: the stories of the body, changed or not.
        at_first: the source's own address was asked, and not its fallback.

    Raises:
        ClaimLostError: the source is another process's now.
    """
    claims.check(conn, source.id, owner)
    written = write_readings(conn, source, readings, now, first_poll=state.first)
    rules_recent = note_fits(conn, source.id, [reading.fits for reading in readings])
    outcome = replace(polled.outcome, new_stories=written.new, window_s=_window(state, polled, now))
    standby = _standby(source, state, outcome, now, at_first=at_first)
    step = step_of(state.standby, standby, at_first=at_first)
    pace = _pace(source, state, polled, step)
    due = next_due(pace, outcome, now, jitter)
    due = due_with_fallback(due, outcome, pace, now, step=step, standby=standby, gap_s=source.min_gap_s)
    values = values_of(state, polled, outcome, due, now, step=step) | place_values(step, standby)
    if polled.walked is not None:
        keep_walk(conn, source.id, polled.walked)
    if step in (Step.LEFT, Step.RETURNED):
        forget_sitemaps(conn, source.id)
    note = note_of(standby, fail := rules_fail(rules_recent))
    change = change_of_health(source, state, polled, outcome, now, step=step, note=note)
    if change is not None:
        values |= {"health": str(change.health), "health_since": now.timestamp(), "health_note": note}
        enqueue(conn, outbox, [health_message(change)])
    touch_sightings(conn, source.id, seen, now)
    values |= {"claimed_by": None, "rules_fail": fail}
    conn.execute(sa.update(polls).where(polls.c.source_id == source.id).values(**values))
    cools = _cools_until(conn, source, outcome, due, now)
    claims.rest(conn, source.politeness_key, now.timestamp() + source.min_gap_s, cools)
    health = change.health if change else state.health
    return Settlement(
        outcome, due, written.reasons, polled.detail, health, step, standby, rules_recent, written.announced
    )


def _standby(
    source: Source, state: SourceState, outcome: Outcome, now: datetime, *, at_first: bool
) -> Standby | None:
    if not at_first:
        return after_second(state.standby, outcome.reason, now)
    url = source.fallback.url if source.fallback else None
    return after_first(state.standby, url, outcome.reason, state.failures + 1, now)


def _window(state: SourceState, polled: Polled, now: datetime) -> float | None:
    if polled.body is None:
        return None
    elapsed = now - state.last_body_at if state.last_body_at else timedelta(0)
    return remember_window(state.window_s, polled.outcome.window_s, elapsed)


def _pace(source: Source, state: SourceState, polled: Polled, step: Step) -> Pace:
    validators = polled.validators if polled.validators is not None else state.validators
    return Pace(
        min_interval_s=source.min_interval_s,
        max_interval_s=source.max_interval_s,
        # A trial of the first address is one look; the failures on record are the second one's.
        failures=0 if step is Step.TRIED else state.failures,
        failing_since=None if step is Step.TRIED else state.failing_since,
        window_s=state.window_s,
        conditional=bool(validators),
    )


def _cools_until(conn: sa.Connection, source: Source, outcome: Outcome, due: Due, now: datetime) -> float:
    """Two sources of a domain told to wait: the whole domain waits.  A 503 that names no time tells nobody."""
    told = outcome.reason is PollReason.RATE_LIMITED or outcome.hints.retry_after_s is not None
    if outcome.reason not in WAITS or not told:
        return 0.0
    others = conn.execute(
        sa.select(sa.func.count()).where(
            polls.c.domain == source.politeness_key,
            polls.c.source_id != source.id,
            sa.or_(polls.c.last_reason == PollReason.RATE_LIMITED, polls.c.due_reason == DueReason.RETRY_AFTER),
            polls.c.last_polled_at > now.timestamp() - DOMAIN_MEMORY_S,
        )
    ).scalar_one()
    return now.timestamp() + min(due.interval_s, RETRY_AFTER_CAP_S) if others else 0.0
