"""A record as a handler sees it, and as the dead-letter topic keeps it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiokafka import ConsumerRecord

from services.runtime.errors import one_line
from services.runtime.outbox import Message
from services.runtime.trace import HEADER

T = TypeVar("T")

DEAD_REASON = "dead-reason"
DEAD_TOPIC = "dead-topic"
DEAD_PARTITION = "dead-partition"
DEAD_OFFSET = "dead-offset"
DEAD_SERVICE = "dead-service"
DEAD_AT = "dead-at"
_OURS = {DEAD_REASON, DEAD_TOPIC, DEAD_PARTITION, DEAD_OFFSET, DEAD_SERVICE, DEAD_AT}
REPLAY = "replay"


@dataclass(frozen=True)
class Received(Generic[T]):
    """One decoded record and where it came from."""

    value: T
    key: bytes
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def trace(self) -> str | None:
        """The traceparent it came with."""
        return self.headers.get(HEADER)

    @property
    def replayed(self) -> bool:
        """Set by ``siaga replay``: may correct, never pushes."""
        return REPLAY in self.headers


def text_headers(record: Any) -> dict[str, str]:
    """Headers as text; a null or a value that is not UTF-8 is kept as far as it can be shown."""
    return {
        str(name)[:200]: (value or b"").decode("utf-8", "backslashreplace")[:2000]
        for name, value in (record.headers or ())
    }


def dead_letter(record: ConsumerRecord, *, to: str, service: str, kind: str, reason: str) -> Message:
    """The original bytes and key, with where they came from and why they could not be handled."""
    headers = {name: value for name, value in text_headers(record).items() if name not in _OURS}
    return Message(
        topic=to,
        key=record.key or b"",
        value=record.value or b"",
        headers=headers
        | {
            DEAD_REASON: f"{kind}: {one_line(reason, 400)}",
            DEAD_TOPIC: record.topic,
            DEAD_PARTITION: str(record.partition),
            DEAD_OFFSET: str(record.offset),
            DEAD_SERVICE: service,
            DEAD_AT: str(int(time.time())),
        },
        trace=headers.get(HEADER),
    )
