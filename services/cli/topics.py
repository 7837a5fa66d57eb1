"""`siaga topics`: create the topics of the design, or say how the broker's differ."""

from __future__ import annotations

import asyncio

import click

from services.contracts.topics import TOPICS
from services.runtime.broker import admin_client
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.topics_admin import WantedTopic, create_topics


def wanted_topics() -> tuple[WantedTopic, ...]:
    """The fixed topics as the runtime wants to hear of them."""
    return tuple(
        WantedTopic(spec.name, spec.partitions, spec.cleanup, spec.retention_days) for spec in TOPICS.values()
    )


@click.command("topics")
@click.option("--check", is_flag=True, help="Change nothing; exit status 2 when something is missing or differs.")
def topics_command(check: bool) -> None:
    """Create the Kafka topics with their partitions and retention, or check them.

    Partition counts are never changed: a key would move to another partition and order would break.

    \b
    Example:
      SIAGA_KAFKA=kafka:9092 siaga topics
    """
    settings = load_settings(ServiceSettings)

    async def apply() -> list[str]:
        async with admin_client(settings) as admin:
            return await create_topics(
                admin, wanted_topics(), replication_factor=settings.replication_factor, check_only=check
            )

    for line in asyncio.run(apply()):
        click.echo(line)
