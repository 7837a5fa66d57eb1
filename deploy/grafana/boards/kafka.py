"""The dashboard of consumers, outboxes and what the services live on."""

from __future__ import annotations

from deploy.grafana.board import RATE, Board
from deploy.grafana.panels import Query, Row, alarm, lines


def kafka() -> Board:
    """Consumers, outboxes and what the services live on."""
    consuming = Row(
        "Consuming",
        (
            lines(
                "Lag in seconds",
                "Age of the oldest record not committed, by its own timestamp. Ten minutes is an alarm.",
                Query("max by (group, topic) (siaga_consumer_lag_seconds)", "{{group}} {{topic}}"),
                unit="s",
                steps=alarm(600),
            ),
            lines(
                "Lag in records",
                "Log end minus committed.",
                Query("sum by (group, topic) (siaga_consumer_lag_records)", "{{group}} {{topic}}"),
            ),
            lines(
                "Records read",
                "A second.",
                Query(f"sum by (group) (rate(siaga_consumed_records_total{RATE}))", "{{group}}"),
                stacked=True,
            ),
            lines(
                "Records that failed",
                "Retried with success, or put aside.",
                Query(
                    "sum by (group, outcome)"
                    f' (increase(siaga_consumed_records_total{{outcome!="handled"}}{RATE}))',
                    "{{group}} {{outcome}}",
                ),
            ),
            lines(
                "Dead letters",
                "In the last hour.",
                Query(
                    "sum by (service, topic, reason) (increase(siaga_dead_letters_total[1h]))",
                    "{{service}} {{topic}} {{reason}}",
                ),
                steps=alarm(1),
            ),
        ),
    )
    publishing = Row(
        "Publishing",
        (
            lines(
                "Records acknowledged",
                "A second, by topic.",
                Query(f"sum by (topic) (rate(siaga_published_records_total{RATE}))", "{{topic}}"),
                stacked=True,
            ),
            lines(
                "Outbox: oldest record",
                "Decided and not acknowledged by the broker. Two minutes is an alarm.",
                Query("max by (service) (siaga_outbox_oldest_seconds)", "{{service}}"),
                unit="s",
                steps=alarm(120),
            ),
            lines(
                "Outbox: records",
                "Waiting, and set aside because no broker takes them.",
                Query("max by (service) (siaga_outbox_rows)", "{{service}} waiting"),
                Query("max by (service) (siaga_outbox_refused_rows)", "{{service}} refused"),
            ),
        ),
    )
    process = Row(
        "What services live on",
        (
            lines(
                "Memory",
                "Resident.",
                Query('max by (service) (process_resident_memory_bytes{job="siaga"})', "{{service}}"),
                unit="bytes",
            ),
            lines(
                "Processor",
                "Cores used.",
                Query(f'sum by (service) (rate(process_cpu_seconds_total{{job="siaga"}}{RATE}))', "{{service}}"),
            ),
            lines(
                "Open files",
                "Flat over days, or something leaks.",
                Query('max by (service) (process_open_fds{job="siaga"})', "{{service}}"),
            ),
            lines(
                "Stores",
                "Size of each database.",
                Query("max by (store) (siaga_store_size_bytes)", "{{store}}"),
                unit="bytes",
            ),
            lines(
                "Disk free",
                "Of the disk of the data folder.",
                Query("min by (service) (siaga_disk_free_bytes / siaga_disk_size_bytes)", "{{service}}"),
                unit="percentunit",
                at_most=1,
            ),
            lines(
                "Up since",
                "A line that drops is a restart.",
                Query('time() - max by (service) (process_start_time_seconds{job="siaga"})', "{{service}}"),
                unit="s",
            ),
        ),
    )
    return Board(
        "siaga-kafka", "Siaga: Kafka and stores", "Consumers, outboxes, disks.", (consuming, publishing, process)
    )
