"""The dashboard of the feeds: which is silent, refuses us or overruns us."""

from __future__ import annotations

from deploy.grafana.board import RATE, Board, quantiles
from deploy.grafana.panels import Query, Row, alarm, colored, lines, table


def sources() -> Board:
    """The feeds, each against its own rhythm."""
    chosen = '{source=~"$source"}'
    rhythm = (
        f"siaga_ingest_silence_seconds{chosen} / on (source) group_left siaga_ingest_expected_interval_seconds"
    )
    state = Row(
        "Each source against its own rhythm",
        (
            table(
                "Sources",
                "Silence counts waking hours only; 12 times the usual gap, and eight hours, make a source stale.",
                Query(f"max by (source, health) (siaga_ingest_source_health{chosen} == 1)", instant=True),
                Query(f"max by (source) (siaga_ingest_silence_seconds{chosen})", instant=True),
                Query(f"max by (source) (siaga_ingest_expected_interval_seconds{chosen})", instant=True),
                Query(f"max by (source) ({rhythm})", instant=True),
                Query(
                    f"max by (source) (time() - (siaga_ingest_last_success_timestamp_seconds{chosen} > 0))",
                    instant=True,
                ),
                columns=(
                    ("source", "Source", {}),
                    ("health", "Health", {}),
                    ("Value #B", "Silent for", {"unit": "s"}),
                    ("Value #C", "Usual gap", {"unit": "s"}),
                    ("Value #D", "Times its gap", colored("none", alarm(6, 12), decimals=1)),
                    ("Value #E", "Last good poll", colored("s", alarm(1800, 3600))),
                ),
                height=14,
                sort_by="Times its gap",
            ),
        ),
    )
    polls = Row(
        "Polls",
        (
            lines(
                "Polls by result",
                "Of the chosen sources.",
                Query(
                    f"60 * sum by (reason) (rate(siaga_ingest_polls_total{chosen}{RATE})) > 0 or vector(0)",
                    "{{reason}}",
                ),
                stacked=True,
                width=12,
            ),
            lines(
                "Polls that failed",
                "By source; not modified and the same body are no failures.",
                Query(
                    "60 * sum by (source) (rate(siaga_ingest_polls_total"
                    '{source=~"$source", reason!~"new_body|partial_body|not_modified|same_body"}'
                    f"{RATE}))",
                    "{{source}}",
                ),
                width=12,
            ),
            lines(
                "Window overruns",
                "A body in which no story was known: what was published in between was probably missed.",
                Query(f"sum by (source) (increase(siaga_ingest_window_overruns_total{chosen}[1h]))", "{{source}}"),
                steps=alarm(1),
            ),
            lines(
                "Outlet's delay",
                "From the time a feed gives to our reading: the outlet's and the interval's part.",
                *quantiles("siaga_ingest_published_to_fetched_seconds", ""),
                unit="s",
            ),
            lines(
                "Extraction rules fit",
                "Share of a source's last pages; sources without pages are not shown.",
                Query(f"siaga_ingest_rules_fit_ratio{chosen} or vector(1)", "{{source}}"),
                unit="percentunit",
                at_most=1,
            ),
            lines(
                "On the fallback",
                "1 while a source is read at its second address.",
                Query(f"siaga_ingest_on_fallback{chosen}", "{{source}}"),
                stacked=True,
            ),
            lines(
                "Pages read",
                "Article pages, by how their text was won.",
                Query(f"60 * sum by (method) (rate(siaga_ingest_pages_total{RATE})) or vector(0)", "{{method}}"),
            ),
            lines(
                "Links not followed",
                "By reason; another host is the usual one.",
                Query(
                    f"60 * sum by (reason) (rate(siaga_ingest_refused_links_total{chosen}{RATE})) or vector(0)",
                    "{{reason}}",
                ),
            ),
        ),
    )
    return Board(
        "siaga-sources",
        "Siaga: sources",
        "Which feed is silent, refuses us or overruns us.",
        (state, polls),
        variables={"source": "siaga_ingest_expected_interval_seconds"},
        start="now-24h",
    )
