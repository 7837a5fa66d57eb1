"""The dashboard of the way between feed and official: where time goes."""

from __future__ import annotations

from deploy.grafana.board import RATE, Board, quantiles
from deploy.grafana.panels import Query, Row, alarm, lines


def pipeline() -> Board:
    """Each stage of the way of a story."""
    stages = Row(
        "Stages",
        (
            lines(
                "Stage times, 95 %",
                "Story on Kafka to tagged, alert to intended, intended to accepted by the channel.",
                Query(
                    f"histogram_quantile(0.95, sum by (le, stage) (rate(siaga_stage_seconds_bucket{RATE})))",
                    "{{stage}}",
                ),
                unit="s",
                steps=alarm(60),
                width=12,
            ),
            lines(
                "Read to on Kafka, 95 %",
                "From a record's decision in the store to the broker's acknowledgement; topic stories is the "
                "first stage. Rises when Kafka is slow or away.",
                Query(
                    f"histogram_quantile(0.95, sum by (le, topic) (rate(siaga_outbox_wait_seconds_bucket{RATE})))",
                    "{{topic}}",
                ),
                unit="s",
                steps=alarm(5),
                width=12,
            ),
        ),
    )
    work = Row(
        "Work",
        (
            lines(
                "Polls by result",
                "All sources; not_modified and same_body are the usual answers.",
                Query(
                    f"60 * sum by (reason) (rate(siaga_ingest_polls_total{RATE})) > 0 or vector(0)", "{{reason}}"
                ),
                stacked=True,
            ),
            lines("Time of a poll", "Pages included.", *quantiles("siaga_ingest_poll_seconds", ""), unit="s"),
            lines(
                "What readings became",
                "New, revised, a copy, unchanged.",
                Query(
                    f"60 * sum by (reason) (rate(siaga_ingest_decisions_total{RATE})) > 0 or vector(0)",
                    "{{reason}}",
                ),
                stacked=True,
            ),
            lines(
                "Stories decided",
                "By what became of them in the tagger.",
                Query(
                    f"60 * sum by (reason) (rate(siaga_tagger_stories_total{RATE})) > 0 or vector(0)", "{{reason}}"
                ),
                stacked=True,
            ),
            lines(
                "Time to label a story",
                "Rules and places.",
                *quantiles("siaga_tagger_story_seconds", ""),
                unit="s",
            ),
            lines(
                "Incident events",
                "Raised, updated, withdrawn, merged, split.",
                Query(f"60 * sum by (event) (rate(siaga_tagger_alerts_total{RATE}))", "{{event}}"),
                stacked=True,
            ),
            lines(
                "Decisions on officials",
                "One for each official and alert, by reason.",
                Query(f"60 * sum by (reason) (rate(siaga_decisions_total{RATE})) > 0 or vector(0)", "{{reason}}"),
                stacked=True,
                width=12,
            ),
            lines(
                "Time of a batch, 95 %",
                "From reading to commit.",
                Query(
                    f"histogram_quantile(0.95, sum by (le, group) (rate(siaga_batch_seconds_bucket{RATE})))",
                    "{{group}}",
                ),
                unit="s",
                width=12,
            ),
        ),
    )
    return Board("siaga-pipeline", "Siaga: pipeline", "Where time goes between feed and official.", (stages, work))
