"""Tell the others when a source's health changes."""

from __future__ import annotations

from datetime import datetime

from services.contracts.source import Health, SourceHealthChanged
from services.contracts.topics import SOURCES
from services.ingest.core.health import Signs, judge_health
from services.ingest.core.outcome import SUCCESSES, Outcome
from services.ingest.core.source import Source
from services.ingest.core.state import SourceState
from services.ingest.reading import Polled
from services.runtime.outbox import Message


def change_of_health(
    source: Source, state: SourceState, polled: Polled, outcome: Outcome, now: datetime
) -> SourceHealthChanged | None:
    """The event of a new health, or None where it is what it was."""
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
    if verdict.health is state.health or unknown_yet:
        return None
    return SourceHealthChanged(
        occurred_at=now,
        source_id=source.id,
        outlet=source.outlet.key,
        default_region=source.default_region,
        health=verdict.health,
        previous=state.health,
        reason=verdict.reason,
        since=signs.failing_since or now,
        last_new_story_at=last_new,
        expected_interval_s=verdict.expected.total_seconds(),
    )


def health_message(change: SourceHealthChanged) -> Message:
    """The event as a record of the topic of sources, keyed by source: compaction keeps the last."""
    name = f"{type(change).__name__}/{change.schema_version}"
    return Message(SOURCES, change.source_id, change.model_dump_json().encode(), schema=name)
