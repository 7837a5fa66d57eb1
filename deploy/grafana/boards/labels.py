"""The dashboard of what the tagger says: what the news is about, and where."""

from __future__ import annotations

from deploy.grafana.board import RANGE, Board
from deploy.grafana.panels import Query, Row, alarm, bars, lines, table, world


def labels() -> Board:
    """What the news is about, and where."""
    kinds = Row(
        "What",
        (
            lines(
                "Relevant",
                "Share of the stories that matter, over an hour.",
                Query(
                    'sum(increase(siaga_tagger_labelled_total{relevant="yes"}[1h]))'
                    " / (sum(increase(siaga_tagger_labelled_total[1h])) > 0)",
                    "relevant",
                ),
                unit="percentunit",
                at_most=1,
            ),
            bars(
                "Topics",
                "Of relevant stories; one may have three.",
                Query(f"sum by (topic) (increase(siaga_tagger_topics_total{RANGE}))", "{{topic}}"),
            ),
            bars(
                "Severity",
                "0 background to 4 critical.",
                Query(f"sum by (severity) (increase(siaga_tagger_severities_total{RANGE}))", "{{severity}}"),
            ),
            bars(
                "Kinds",
                "Incident, enforcement, court, policy, advice.",
                Query(f"sum by (kind) (increase(siaga_tagger_kinds_total{RANGE}))", "{{kind}}"),
            ),
            lines(
                "Corrected by officials, 24 h",
                "Not relevant, or the wrong region. More than five a day of a kind is an alarm.",
                Query("sum by (kind) (delta(siaga_corrections[24h]))", "{{kind}}"),
                steps=alarm(5),
            ),
            lines(
                "Corrected, of messages accepted",
                "Corrections for each message of the last 24 hours.",
                Query(
                    "sum(delta(siaga_corrections[24h]))"
                    ' / (sum(increase(siaga_deliveries_total{state="accepted"}[24h])) > 0)',
                    "corrected",
                ),
                unit="percentunit",
            ),
        ),
    )
    by_region = f"sum by (region) (increase(siaga_tagger_regions_total{RANGE})) > 0"
    where = Row(
        "Where",
        (
            world(
                "Relevant stories by region",
                "Event, origin, transit or destination; a story may have several. Further off: the country.",
                Query(by_region, instant=True),
            ),
            table(
                "By region",
                "ISO 3166-2.",
                Query(by_region, instant=True),
                columns=(("region", "Region", {}), ("Value", "Stories", {"decimals": 0})),
                width=8,
                height=16,
                sort_by="Stories",
            ),
        ),
    )
    return Board(
        "siaga-labels", "Siaga: labels", "What the news is about, and where.", (kinds, where), start="now-24h"
    )
