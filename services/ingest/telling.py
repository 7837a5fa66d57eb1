"""Tell what a poll came to: metrics, log lines, and the first spans of the stories it brought."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from services.contracts.source import Health
from services.ingest.archive import Announced
from services.ingest.core.outcome import SUCCESSES, PollReason
from services.ingest.core.rules_watch import fit_share, rules_fail
from services.ingest.core.source import Source
from services.ingest.core.standby import Step
from services.ingest.core.state import SourceState
from services.ingest.metrics import IngestMetrics
from services.ingest.polled import Polled
from services.ingest.settle import Settlement
from services.runtime.spans import Spans

log = structlog.get_logger(__name__)


class Teller:
    """Who watches hears it from here; nothing is decided."""

    def __init__(self, metrics: IngestMetrics, spans: Spans, now: Callable[[], datetime]) -> None:
        self._metrics = metrics
        self._spans = spans
        self._now = now

    def tell(self, source: Source, state: SourceState, settlement: Settlement) -> None:
        """What one look at a source came to."""
        self._tell_place(source, settlement)
        self._tell_rules(source, state, settlement)
        outcome = settlement.outcome
        self._metrics.polls.labels(source.id, str(outcome.reason)).inc()
        for reason in settlement.decisions:
            self._metrics.decisions.labels(source.outlet.key, str(reason)).inc()
        if outcome.reason in SUCCESSES:
            self._metrics.last_success.labels(source.id).set(self._now().timestamp())
        for health in Health:
            self._metrics.health.labels(source.id, str(health)).set(health is settlement.health)
        if outcome.overrun:
            self._metrics.overruns.labels(source.id).inc()
        quiet = outcome.reason in (PollReason.NOT_MODIFIED, PollReason.SAME_BODY)
        (log.debug if quiet else log.info)(
            "polled",
            source=source.id,
            reason=str(outcome.reason),
            status=outcome.status,
            new=outcome.new_stories,
            overrun=outcome.overrun,
            due=str(settlement.due.reason),
            in_s=round(settlement.due.interval_s, 1),
            detail=settlement.detail,
        )

    def tell_stories(self, source: Source, polled: Polled, announced: Sequence[Announced], began: float) -> None:
        """How old each story's news was, and its trace: the poll is the first span of every story it brought."""
        ended = time.time()
        for one in announced:
            if one.age_s is not None:
                self._metrics.outlet_part.observe(one.age_s)
            named = {"source": source.id, "outlet": source.outlet.key, "story_id": one.story_id}
            self._spans.tell(
                "poll", one.trace, parent=None, began=began, ended=ended, reason=str(one.reason), **named
            )
            if polled.parsed is not None:
                below, (start, end) = self._spans.below(one.trace), polled.parsed
                self._spans.tell("parse", below, parent=one.trace, began=start, ended=end, **named)

    def _tell_place(self, source: Source, settlement: Settlement) -> None:
        self._metrics.on_fallback.labels(source.id).set(settlement.standby is not None)
        if settlement.step is Step.LEFT and settlement.standby is not None:
            reason = str(settlement.standby.reason)
            log.warning("source is read at its fallback", source=source.id, reason=reason)
        elif settlement.step is Step.RETURNED:
            log.info("source is read at its own address again", source=source.id)

    def _tell_rules(self, source: Source, state: SourceState, settlement: Settlement) -> None:
        share = fit_share(settlement.rules_recent)
        if share is None:
            return
        fail = rules_fail(settlement.rules_recent)
        self._metrics.rules_fit.labels(source.id).set(share)
        self._metrics.rules_fail.labels(source.id).set(fail)
        if fail is not state.rules_fail:
            pages = len(settlement.rules_recent)
            say, told = (log.warning, "rules do not fit") if fail else (log.info, "rules fit again")
            say(told, source=source.id, outlet=source.outlet.key, share=round(share, 2), pages=pages)
