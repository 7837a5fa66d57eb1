"""What a poll leaves in the row of its source."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.ingest.claims import gap_values
from services.ingest.core.outcome import SUCCESSES, Outcome
from services.ingest.core.redirect import after_permanent, has_moved
from services.ingest.core.schedule import Due
from services.ingest.core.standby import Standby, Step
from services.ingest.core.state import SourceState
from services.ingest.polled import Polled

_FORGET_BODY: dict[str, Any] = {"etag": None, "last_modified": None, "body_hash": None}


def values_of(
    state: SourceState, polled: Polled, outcome: Outcome, due: Due, now: datetime, *, step: Step
) -> dict[str, Any]:
    """The columns that a poll changes."""
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
    if step is Step.TRIED:
        return values  # all else is what the second address left
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
        values |= gap_values(polled.gap)
    if outcome.new_stories:
        values["last_new_story_at"] = at
    return values if step is Step.SERVED else values | _move(state, polled, outcome, now)


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


def standby_values(standby: Standby | None) -> dict[str, Any]:
    """The columns that say where the source is read."""
    return {
        "standby_url": standby.url if standby else None,
        "standby_since": standby.since.timestamp() if standby else None,
        "standby_reason": str(standby.reason) if standby else None,
        "first_at": standby.first_at.timestamp() if standby and standby.first_at else None,
    }


def place_values(step: Step, standby: Standby | None) -> dict[str, Any]:
    """What a change of place leaves; a source that goes over takes nothing of the first address with it."""
    if step is Step.STAYED:
        return {}
    if step is Step.LEFT:
        return {"failures": 0, "failing_since": None} | _FORGET_BODY | standby_values(standby)
    return standby_values(standby)
