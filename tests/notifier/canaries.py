"""Look for values that must not be there: in logs, metrics, every record on Kafka and the raw bytes of the store."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

_HTTP = re.compile(r'"http": "(http://[^"]+)"')
PAGES = ("/metrics", "/healthz", "/readyz", "/asyncapi.json")


def spellings(value: str) -> list[bytes]:
    """A value as it is, escaped for URLs, and in base64 and hexadecimal as a careless dump would show it."""
    raw = value.encode()
    return [raw, quote(value, safe="").encode(), base64.b64encode(raw).rstrip(b"=")[:-1], raw.hex().encode()]


def leaks(canaries: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Which canary is where; empty if none is anywhere."""
    return [
        f"{name} in {place}"
        for place, content in places.items()
        for name, value in canaries.items()
        if any(spelling in content for spelling in spellings(value))
    ]


async def pages(log: str) -> dict[str, bytes]:
    """What a running service shows of itself over HTTP."""
    address = _HTTP.findall(log)[-1]
    async with httpx.AsyncClient() as client:
        return {page: (await client.get(address + page)).content for page in PAGES}


async def records(bootstrap: str, topics: Iterable[str]) -> dict[str, bytes]:
    """Every record of these topics: key, value and headers."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: dict[str, bytes] = {}
    try:
        parts = []
        for topic in topics:
            numbers = consumer.partitions_for_topic(topic) or await _partitions(consumer, topic)
            parts += [TopicPartition(topic, number) for number in numbers]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for part, batch in (await consumer.getmany(timeout_ms=300)).items():
                for record in batch:
                    headers = b" ".join(key.encode() + b"=" + value for key, value in record.headers)
                    content = b" ".join([record.key or b"", record.value or b"", headers])
                    found[f"{part.topic}/{part.partition}/{record.offset}"] = content
    finally:
        await consumer.stop()
    return found


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    return consumer.partitions_for_topic(topic) or set()


def files(folder: Path, names: str) -> dict[str, bytes]:
    """The raw bytes of files, write-ahead log included."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob(names)) if path.is_file()}
