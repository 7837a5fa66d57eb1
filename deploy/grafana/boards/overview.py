"""The first dashboard: is everything all right, and if not, where to look."""

from __future__ import annotations

from deploy.grafana.board import RANGE, RATE, Board, quantiles
from deploy.grafana.panels import Query, Row, alarm, lines, number, table, too_low


def overview() -> Board:
    """What the duty officer looks at first."""
    now = Row(
        "Now",
        (
            number(
                "Services at work",
                "Of three: they answer and have what they need. Fewer: runbook, ServiceDown and ServiceNotReady.",
                "count(max by (service) (siaga_ready) == 1) or vector(0)",
                steps=too_low(3, 3),
                link="siaga-kafka",
            ),
            number(
                "Alarms that wake somebody",
                "Firing now; the table below names them.",
                'count(ALERTS{alertstate="firing", severity="page"}) or vector(0)',
                steps=alarm(1),
            ),
            number(
                "Oldest urgent message",
                "How long the oldest critical message or withdrawal has been due. 300 s is an alarm.",
                'max(siaga_oldest_due_seconds{priority=~"critical|withdrawal"})',
                unit="s",
                steps=alarm(120, 300),
                link="siaga-delivery",
            ),
            number(
                "Oldest record not handled",
                "Lag in seconds: the age of the oldest record any group has not committed. Busy is not broken.",
                "max(siaga_consumer_lag_seconds)",
                unit="s",
                steps=alarm(120, 600),
                link="siaga-kafka",
            ),
            number(
                "Canary seen",
                "Since a synthetic alert last came back through a channel. One is sent every 15 minutes.",
                "max(time() - siaga_canary_last_seen_seconds)",
                unit="s",
                steps=alarm(1800, 2700),
                link="siaga-delivery",
            ),
            number(
                "Sources dark",
                "Stale, blocked, broken or gone: their regions are unwatched from there.",
                'sum(siaga_ingest_source_health{health=~"stale|blocked|broken|gone"})',
                steps=alarm(1, 5),
                link="siaga-sources",
            ),
            number(
                "Outcome not seen, 24 h",
                "Messages that may or may not have arrived.",
                "sum(siaga_unseen_deliveries)",
                steps=alarm(1, 10),
                link="siaga-delivery",
            ),
            number(
                "Dead letters, 24 h",
                "Records put aside; `siaga dead list`.",
                "sum(increase(siaga_dead_letters_total[24h]))",
                steps=alarm(1, 10),
                link="siaga-kafka",
                decimals=0,
            ),
            number(
                "Disk free",
                "The fullest disk of the three.",
                "min(siaga_disk_free_bytes / siaga_disk_size_bytes)",
                unit="percentunit",
                steps=too_low(0.05, 0.15),
                link="siaga-kafka",
            ),
            number(
                "Certificate",
                "Time left of the first certificate to expire, where a service was given one.",
                "min(siaga_certificate_expires_timestamp_seconds - time())",
                unit="s",
                steps=too_low(3 * 86400, 21 * 86400),
            ),
            number(
                "Relevant",
                "Share of the stories of this range that matter. A jump is a rule or an outlet gone wrong.",
                f'sum(increase(siaga_tagger_labelled_total{{relevant="yes"}}{RANGE}))'
                f" / sum(increase(siaga_tagger_labelled_total{RANGE}))",
                unit="percentunit",
                link="siaga-labels",
            ),
            number(
                "Messages accepted",
                "Taken by a channel within this range.",
                f'sum(increase(siaga_deliveries_total{{state="accepted"}}{RANGE}))',
                link="siaga-delivery",
                decimals=0,
            ),
        ),
    )
    way = Row(
        "From the outlet to the official",
        (
            lines(
                "Ours: read to accepted",
                "From reading the story to the channel's acceptance, for new messages. This part is ours to mend.",
                *quantiles("siaga_fetched_to_accepted_seconds", "channel"),
                unit="s",
                steps=alarm(60, 300),
            ),
            lines(
                "The outlet's: published to read",
                "From the time its feed gives to our reading. A slow newspaper is no fault of ours.",
                *quantiles("siaga_ingest_published_to_fetched_seconds", ""),
                unit="s",
            ),
            lines(
                "Both: published to accepted",
                "What the official feels.",
                *quantiles("siaga_published_to_accepted_seconds", "channel"),
                unit="s",
            ),
            lines(
                "Stories and alerts",
                "What comes in and what goes out, a minute.",
                Query(f'60 * sum(rate(siaga_published_records_total{{topic="stories"}}{RATE}))', "stories"),
                Query(f'60 * sum(rate(siaga_published_records_total{{topic="alerts"}}{RATE}))', "alerts"),
                Query(f'60 * sum(rate(siaga_deliveries_total{{state="accepted"}}{RATE}))', "messages"),
            ),
            lines(
                "Messages not accepted",
                "Refused, unknown, parked or waiting for another try, a minute.",
                Query(
                    f'60 * sum by (channel, state) (rate(siaga_deliveries_total{{state!="accepted"}}{RATE}))',
                    "{{channel}} {{state}}",
                ),
            ),
            lines(
                "Sources by health",
                "Quiet is normal for the hour, stale is not.",
                Query("sum by (health) (siaga_ingest_source_health)", "{{health}}"),
                stacked=True,
            ),
            table(
                "Alarms",
                "What fires or is about to; each has its section in deploy/RUNBOOK.md.",
                Query('ALERTS or label_replace(vector(0), "alertname", "none", "", "")', instant=True),
                columns=(
                    ("alertname", "Alarm", {}),
                    ("severity", "Severity", {}),
                    ("alertstate", "State", {}),
                    ("service", "Service", {}),
                    ("source", "Source", {}),
                    ("channel", "Channel", {}),
                ),
                height=8,
            ),
        ),
    )
    return Board(
        "siaga-overview", "Siaga: overview", "Is everything all right, and if not, where to look.", (now, way)
    )
