"""Bring a lost store of the desk back from its topics, which keep as long as it does.

The groups' offsets stand where the lost store had read to, so their consumers alone would show only what is new.
Beside them everything is read once more, by no group; what is known already, or is older, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from aiokafka.errors import KafkaError

from services.contracts.alert import ALERT_EVENT
from services.contracts.delivery import DELIVERY_RECORDED
from services.contracts.source import SOURCE_HEALTH_CHANGED
from services.contracts.tagging import STORY_TAGGED
from services.contracts.topics import ALERTS, DEAD, DELIVERIES, SOURCES, STORIES_TAGGED, TOPICS
from services.notifier.desk.intake import Intake
from services.notifier.desk.tables import META
from services.runtime.errors import UnavailableError
from services.runtime.records import Received
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store
from services.runtime.whole_topic import read_whole_topic

log = structlog.get_logger(__name__)
#: Between two looks whether the store is to be brought back: `siaga desk rebuild` takes effect so soon.
EVERY_S = 30.0
_COMPLETE = "complete"
Take = Callable[[Sequence[Received[Any]]], Coroutine[Any, Any, None]]
Decode = Callable[[bytes], Any]


class Rebuilder:
    """Reads the topics once in the life of a store, and again when it is asked to."""

    def __init__(self, settings: ServiceSettings, store: Store, intake: Intake, *, reads_dead: bool) -> None:
        self._settings = settings
        self._store = store
        self._topics: dict[str, tuple[Decode, Take]] = {
            STORIES_TAGGED: (STORY_TAGGED.validate_json, intake.take_stories),
            ALERTS: (ALERT_EVENT.validate_json, intake.take_alerts),
            SOURCES: (SOURCE_HEALTH_CHANGED.validate_json, intake.take_sources),
            DELIVERIES: (DELIVERY_RECORDED.validate_json, intake.take_deliveries),
        }
        if reads_dead:
            self._topics[DEAD] = (bytes, intake.take_letters)

    async def __call__(self) -> None:
        """Rebuild a store that never was complete; at once otherwise.

        Raises:
            UnavailableError: the broker does not answer; everything is read again later.
        """
        if await self._store.read(is_complete) or not await self._store.lead("desk rebuild"):
            return
        try:
            counts = {topic: await self._take(topic) for topic in self._topics}
        except KafkaError as error:
            raise UnavailableError(f"broker: {error}") from error
        await self._store.write(set_complete)
        if any(counts.values()):
            log.warning(
                "desk read back from its topics", **{name.replace(".", "_"): n for name, n in counts.items()}
            )

    async def _take(self, topic: str) -> int:
        decode, take = self._topics[topic]
        taken = 0
        async for batch in read_whole_topic(self._settings, topic, TOPICS[topic].partitions, decode):
            await take(batch)
            taken += len(batch)
        return taken


def is_complete(conn: sa.Connection) -> bool:
    """Whether everything that was on the topics when the store was new is in it."""
    return conn.execute(sa.select(META.c.value).where(META.c.name == _COMPLETE)).scalar() is not None


def set_complete(conn: sa.Connection) -> None:
    """Everything is in it."""
    if not is_complete(conn):
        conn.execute(sa.insert(META).values(name=_COMPLETE, value="yes"))


def ask_again(conn: sa.Connection) -> None:
    """Let the topics be read once more."""
    conn.execute(sa.delete(META).where(META.c.name == _COMPLETE))
