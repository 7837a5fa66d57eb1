"""After stores were put back: have them learn from Kafka what happened since the backup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from aiokafka.errors import KafkaError

from services.cli.holdings import Holding
from services.contracts.story import STORY_EVENT
from services.contracts.topics import STORIES, TOPICS
from services.ingest.restore import complete
from services.notifier.desk.tables import SESSION, SIGN_IN
from services.notifier.people_tables import MAIL_CODE
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings
from services.runtime.whole_topic import read_whole_topic
from services.tagger.rebuild import mark_restored

#: What lets somebody in and may have been taken back since: by a suspension, another role or signing out.
_KEYS = {"notifier": (MAIL_CODE,), "desk": (SESSION, SIGN_IN)}
_BY_HAND = (
    "suspensions, roles, revoked readers and forgotten officials since the backup are to be done again by hand"
)


async def complete_restored(targets: Mapping[str, Holding], settings: ServiceSettings | None) -> list[str]:
    """A line for each thing that was, or will be, completed.

    The notifier completes its ledger by itself at every start, before it sends anything.

    Raises:
        OperatorError: the broker does not answer or refuses.
    """
    lines = []
    for name in targets.keys() & _KEYS.keys():
        _in(targets[name], lambda conn, tables=_KEYS[name]: _empty(conn, tables))  # type: ignore[misc]
    if targets.keys() & _KEYS.keys():
        lines.append(f"people: sessions at the desk and codes under way are ended; {_BY_HAND}")
    if "tagger" in targets:
        _in(targets["tagger"], mark_restored)
        lines.append("tagger: will read back what was told before it decides on the next story")
    if settings is None:
        return [*lines, "no broker was asked: what happened since the backup is not known here"]
    if "ingest" in targets:
        taken = await _stories(targets["ingest"], settings)
        lines.append(f"ingest: {taken} newer versions of stories taken over from the topic")
    return lines


async def _stories(holding: Holding, settings: ServiceSettings) -> int:
    taken = 0
    told = read_whole_topic(settings, STORIES, TOPICS[STORIES].partitions, STORY_EVENT.validate_json)
    try:
        async for records in told:
            events = [(one.value, one.trace) for one in records]
            taken += _in(holding, lambda conn, these=events: complete(conn, these))  # type: ignore[misc]
    except (KafkaError, OSError) as error:
        raise OperatorError(f"SIAGA_KAFKA {settings.kafka}", repr(error)) from None
    return taken


def _empty(conn: sa.Connection, tables: Sequence[sa.Table]) -> None:
    for table in tables:
        conn.execute(sa.delete(table))


def _in(holding: Holding, work: Callable[[sa.Connection], Any]) -> Any:
    engine = holding.engine()
    try:
        with engine.begin() as conn:
            return work(conn)
    finally:
        engine.dispose()
