"""Where dead letters lie: on the topic `dead`, or, with the in-memory broker, in the services' outboxes."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
)

from services.cli.stores import Stores
from services.contracts.topics import DEAD
from services.runtime.broker import MAX_REQUEST_BYTES, client_options
from services.runtime.errors import OperatorError
from services.runtime.outbox import outbox_table
from services.runtime.records import (
    DEAD_AT,
    DEAD_OFFSET,
    DEAD_PARTITION,
    DEAD_REASON,
    DEAD_SERVICE,
    DEAD_TOPIC,
    text_headers,
)
from services.runtime.settings import ServiceSettings

REPLAYED = "dead-replayed"
_OWN = {DEAD_AT, DEAD_OFFSET, DEAD_PARTITION, DEAD_REASON, DEAD_SERVICE, DEAD_TOPIC, REPLAYED}


@dataclass(frozen=True)
class Letter:
    """One dead letter; ``id`` is its offset on the topic, or its service and row in a store."""

    id: str
    key: bytes
    value: bytes
    headers: dict[str, str]

    def line(self) -> dict[str, Any]:
        """What `list` prints: everything but the bytes."""
        at = self.headers.get(DEAD_AT, "")
        return {
            "id": self.id,
            "at": datetime.fromtimestamp(int(at), UTC).isoformat() if at.isdigit() else None,
            "service": self.headers.get(DEAD_SERVICE),
            "topic": self.headers.get(DEAD_TOPIC),
            "partition": _number(self.headers.get(DEAD_PARTITION)),
            "offset": _number(self.headers.get(DEAD_OFFSET)),
            "reason": self.headers.get(DEAD_REASON),
            "key": self.key.decode("utf-8", "backslashreplace"),
            "bytes": len(self.value),
        }

    @property
    def came_from(self) -> str:
        """The topic it was read from.

        Raises:
            OperatorError: it does not say.
        """
        topic = self.headers.get(DEAD_TOPIC)
        if not topic:
            raise OperatorError(f"dead letter {self.id}", f"has no header {DEAD_TOPIC}, so its topic is unknown")
        return topic

    @property
    def first_headers(self) -> dict[str, str]:
        """The headers it came with before it was put aside."""
        return {name: value for name, value in self.headers.items() if name not in _OWN}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


class OnTopic:
    """Letters on Apache Kafka's topic `dead`; a replayed one is marked by a further record."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._where = f"SIAGA_KAFKA {settings.kafka}"
        self._options = client_options(settings)

    async def letters(self) -> list[Letter]:
        """Those not replayed yet, the oldest first."""
        found: list[Letter] = []
        replayed: set[str] = set()
        with self._told():
            async for record in self._records():
                headers = text_headers(record)
                if REPLAYED in headers:
                    replayed.add(headers[REPLAYED])
                else:
                    found.append(Letter(str(record.offset), record.key or b"", record.value or b"", headers))
        return [letter for letter in found if letter.id not in replayed]

    async def _records(self) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(DEAD, **self._options, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await consumer.start()
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    for record in records:
                        yield record
        finally:
            await consumer.stop()

    async def replay(self, letters: Sequence[Letter], done: Callable[[Letter], None]) -> None:
        """Publish each where it came from, then its mark; cut off between the two it can be replayed again."""
        producer = AIOKafkaProducer(
            **self._options, acks="all", enable_idempotence=True, max_request_size=MAX_REQUEST_BYTES
        )
        try:
            with self._told():
                await producer.start()
            for letter in letters:
                with self._told(letter):
                    await _publish(producer, letter)
                done(letter)
        finally:
            await producer.stop()

    @contextlib.contextmanager
    def _told(self, letter: Letter | None = None) -> Iterator[None]:
        """What the broker says, as the operator's line."""
        where = f"dead letter {letter.id}" if letter else self._where
        try:
            yield
        except MessageSizeTooLargeError:
            raise OperatorError(where, "is larger than the broker takes; it stays where it is") from None
        except UnknownTopicOrPartitionError:
            raise OperatorError(where, "its topic is not on this broker; `siaga topics` creates them") from None
        except (KafkaConnectionError, KafkaTimeoutError, OSError) as error:
            raise OperatorError(self._where, f"the broker cannot be reached: {error}") from None
        except KafkaError as error:
            raise OperatorError(where, f"the broker refuses: {error}") from None


async def _publish(producer: AIOKafkaProducer, letter: Letter) -> None:
    key = letter.key or None
    headers = [(name, value.encode()) for name, value in letter.first_headers.items()]
    await producer.send_and_wait(letter.came_from, letter.value, key=key, headers=headers)
    await producer.send_and_wait(DEAD, b"", key=key, headers=[(REPLAYED, letter.id.encode())])


class InStores:
    """Letters in the outboxes of an embedded `siaga run`, where the services' relays take them up again."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._table = outbox_table(sa.MetaData())

    async def letters(self) -> list[Letter]:
        """All of them, the oldest first."""
        query = sa.select(self._table).where(self._table.c.topic == DEAD).order_by(self._table.c.id)
        found: list[Letter] = []
        for service in self._stores.present():
            rows = self._stores.ask(service, lambda conn: conn.execute(query).all())
            found += [Letter(f"{service}:{row.id}", row.key, row.value, json.loads(row.headers)) for row in rows]
        return sorted(found, key=lambda letter: letter.headers.get(DEAD_AT, ""))

    async def replay(self, letters: Sequence[Letter], done: Callable[[Letter], None]) -> None:
        """Turn each letter into a row that waits to be published; the relay keeps it until it was read.

        Publishing it from here would leave it to the broker's memory alone.
        """
        for letter in letters:
            service, _, row = letter.id.partition(":")
            if self._stores.change(service, functools.partial(self._put_back, letter, int(row))):
                done(letter)

    def _put_back(self, letter: Letter, row: int, conn: sa.Connection) -> bool:
        """Whether it was still there: of two replays at once only one puts it back.

        A row of its own: the relay may just be noting where the old one landed on `dead`, and would
        take the new one for published.
        """
        old = sa.delete(self._table).where(self._table.c.id == row, self._table.c.topic == DEAD)
        if conn.execute(old).rowcount != 1:
            return False
        fresh = {
            "topic": letter.came_from,
            "key": letter.key,
            "value": letter.value,
            "headers": json.dumps(letter.first_headers),
            "created_at": time.time(),
        }
        conn.execute(sa.insert(self._table), fresh)
        return True
