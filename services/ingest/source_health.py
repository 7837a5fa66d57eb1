"""Tell the others when a source's health changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.contracts.source import Health, SourceHealthChanged
from services.contracts.topics import SOURCES
from services.ingest.core.health import Signs, judge_health
from services.ingest.core.outcome import SUCCESSES, Outcome
from services.ingest.core.rules_watch import remember_fits
from services.ingest.core.source import Source
from services.ingest.core.standby import Standby, Step
from services.ingest.core.state import SourceState
from services.ingest.polled import Polled
from services.ingest.tables import outbox, polls
from services.runtime.outbox import Message, enqueue


def note_fits(conn: sa.Connection, source_id: str, fits: Sequence[bool | None]) -> str:
    """Remember whether a site's rules fitted these pages; returns the last ones, newest last."""
    here = polls.c.source_id == source_id
    before = str(conn.execute(sa.select(polls.c.rules_recent).where(here)).scalar_one())
    recent = remember_fits(before, fits)
    if recent != before:
        conn.execute(sa.update(polls).where(here).values(rules_recent=recent))
    return recent


def note_of(standby: Standby | None, rules_failing: bool) -> str:
    """What an operator should know of a source although it may be fresh; empty where there is nothing."""
    notes = [f"fallback_after_{standby.reason}"] if standby else []
    return "; ".join([*notes, "rules_do_not_fit"] if rules_failing else notes)


def change_of_health(
    source: Source,
    state: SourceState,
    polled: Polled,
    outcome: Outcome,
    now: datetime,
    *,
    step: Step = Step.STAYED,
    note: str = "",
) -> SourceHealthChanged | None:
    """The event of a new health, or of another note on it; None where both are what they were.

    The poll that leaves an address says nothing yet: the next one tells whether its region is dark.
    """
    if step is Step.LEFT or step is Step.TRIED:
        return None
    failed = outcome.reason not in SUCCESSES
    last_new = now if outcome.new_stories else state.last_new_story_at
    signs = Signs(
        reason=outcome.reason,
        failures=state.failures + 1 if failed else 0,
        failing_since=(state.failing_since or now) if failed else None,
        last_new_story_at=last_new,
        median_gap_s=polled.body.median_gap_s if polled.body else state.median_gap_s,
        utc_offset_min=source.outlet.utc_offset_min,
    )
    verdict = judge_health(signs, state.health, now)
    unknown_yet = failed and state.health is None and verdict.health is Health.QUIET
    if unknown_yet or (verdict.health is state.health and note == state.health_note):
        return None
    return SourceHealthChanged(
        occurred_at=now,
        source_id=source.id,
        outlet=source.outlet.key,
        default_region=source.default_region,
        health=verdict.health,
        previous=state.health,
        reason=f"{note}; {verdict.reason}" if note else verdict.reason,
        since=signs.failing_since or now,
        last_new_story_at=last_new,
        expected_interval_s=verdict.expected.total_seconds(),
    )


def retire(conn: sa.Connection, sources: Iterable[Source], now: datetime) -> int:
    """Tell of sources that are on the list no more, each once: else they would stay dark for ever; how many."""
    told = conn.execute(sa.select(polls).where(polls.c.health.is_not(None))).all()
    listed = {source.id for source in sources}
    gone = [row for row in told if row.source_id not in listed]
    enqueue(conn, outbox, [health_message(_retired(row, now)) for row in gone])
    for row in gone:
        # Listed again it is asked, even if it had stopped, and tells the first health it has.
        values = {"health": None, "health_since": None, "health_note": "", "next_check_at": now.timestamp()}
        conn.execute(sa.update(polls).where(polls.c.source_id == row.source_id).values(**values))
    return len(gone)


def _retired(row: sa.Row[Any], now: datetime) -> SourceHealthChanged:
    return SourceHealthChanged(
        occurred_at=now,
        source_id=row.source_id,
        outlet="",  # stood in the list
        health=Health(row.health),
        previous=Health(row.health),
        reason="retired",
        since=now,
        retired=True,
    )


def health_message(change: SourceHealthChanged) -> Message:
    """The event as a record of the topic of sources, keyed by source: compaction keeps the last."""
    name = f"{type(change).__name__}/{change.schema_version}"
    return Message(SOURCES, change.source_id, change.model_dump_json().encode(), schema=name)
