"""The dashboard of the channels: do messages leave, and do they arrive."""

from __future__ import annotations

from deploy.grafana.board import RANGE, RATE, Board, quantiles
from deploy.grafana.panels import Query, Row, alarm, bars, lines


def delivery() -> Board:
    """The channels, and what waits for them."""
    waits = Row(
        "What waits",
        (
            lines(
                "Oldest due message",
                "By priority. The alarm is on its age, not on how many wait: busy is not broken.",
                Query("max by (priority) (siaga_oldest_due_seconds)", "{{priority}}"),
                unit="s",
                steps=alarm(300),
            ),
            lines(
                "Ledger rows not finished",
                "Planned ones wait for their digest.",
                Query("sum by (state) (siaga_delivery_rows)", "{{state}}"),
                stacked=True,
            ),
            lines(
                "Outcome not seen, 24 h",
                "Unknown: nobody could see. Parked: and listed again in a digest.",
                Query("max by (state) (siaga_unseen_deliveries)", "{{state}}"),
                steps=alarm(1),
            ),
        ),
    )
    channels = Row(
        "Channels",
        (
            lines(
                "Requests by outcome",
                "A minute.",
                Query(
                    f"60 * sum by (channel, outcome) (rate(siaga_delivery_attempts_total{RATE}))",
                    "{{channel}} {{outcome}}",
                ),
                stacked=True,
            ),
            lines(
                "Share of requests that fail",
                "5 % of more than ten requests in a quarter of an hour is an alarm.",
                Query(
                    f'sum by (channel) (rate(siaga_delivery_attempts_total{{outcome!="accepted"}}{RATE}))'
                    f" / (sum by (channel) (rate(siaga_delivery_attempts_total{RATE})) > 0) or vector(0)",
                    "{{channel}}",
                ),
                unit="percentunit",
                steps=alarm(0.05),
                at_most=1,
            ),
            lines("Time of a request", "To the channel.", *quantiles("siaga_send_seconds", "channel"), unit="s"),
            lines(
                "Due to accepted, 95 %",
                "By priority: the channel's pace, its pauses and its own time.",
                Query(
                    "histogram_quantile(0.95, sum by (le, priority)"
                    f" (rate(siaga_due_to_accepted_seconds_bucket{RATE})))",
                    "{{priority}}",
                ),
                unit="s",
            ),
            lines(
                "Deliveries by state",
                "After an attempt, a minute.",
                Query(f"60 * sum by (state) (rate(siaga_deliveries_total{RATE}))", "{{state}}"),
                stacked=True,
            ),
            bars(
                "Reasons",
                "Of where deliveries stand after an attempt, in this range.",
                Query(
                    f"sum by (channel, reason) (increase(siaga_delivery_reasons_total{RANGE}))",
                    "{{channel}} {{reason}}",
                ),
            ),
            lines(
                "Channel stopped for",
                "Seconds until the breaker lets requests through again; 0 is open for business.",
                Query("clamp_min(max by (channel) (siaga_channel_stopped_until) - time(), 0)", "{{channel}}"),
                unit="s",
                steps=alarm(1),
            ),
            lines(
                "Paused by the channel",
                "Share of the time we were told to wait.",
                Query(f"sum by (channel) (rate(siaga_channel_paused_seconds_total{RATE}))", "{{channel}}"),
                unit="percentunit",
            ),
            lines(
                "Canary",
                "Since it was last seen, and how long its last round took.",
                Query("time() - max by (channel) (siaga_canary_last_seen_seconds)", "{{channel}} seen"),
                Query("max by (channel) (siaga_canary_round_trip_seconds)", "{{channel}} round trip"),
                unit="s",
                steps=alarm(2700),
            ),
        ),
    )
    outlets = Row(
        "Feeds and webhooks for programs",
        (
            lines(
                "Requests from outside",
                "By outlet and class of answer.",
                Query(
                    f"60 * sum by (outlet, status) (rate(siaga_outlet_requests_total{RATE}))",
                    "{{outlet}} {{status}}",
                ),
            ),
            lines(
                "Webhook posts",
                "By outcome.",
                Query(f"60 * sum by (outcome) (rate(siaga_webhook_posts_total{RATE}))", "{{outcome}}"),
            ),
            lines(
                "Oldest webhook due",
                "One hour is an alarm.",
                Query("max(siaga_webhook_oldest_due_seconds)", "oldest"),
                unit="s",
                steps=alarm(3600),
            ),
            lines(
                "Webhook targets and rows",
                "A target that took nothing for days is disabled.",
                Query("sum by (state) (siaga_webhook_targets)", "targets {{state}}"),
                Query("sum by (state) (siaga_webhook_rows)", "rows {{state}}"),
            ),
            lines(
                "Stops asked for by mail",
                "Requests with a genuine ticket.",
                Query(f"sum by (deed) (increase(siaga_mail_stop_requests_total{RATE}))", "{{deed}}"),
            ),
        ),
    )
    return Board(
        "siaga-delivery", "Siaga: delivery", "Do messages leave, and do they arrive.", (waits, channels, outlets)
    )
