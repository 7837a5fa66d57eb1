"""`siaga dead`: what could not be handled, and again when it can.

On Apache Kafka the letters are on the topic `dead`.  The in-memory broker forgets, so there each service
keeps its letters in its outbox, and this reads them from the stores of `siaga run`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.cli.where import DEFAULT_DATA, Word, read_word
from services.contracts.topics import DEAD
from services.runtime.broker import client_options
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
from services.runtime.settings import ServiceSettings, load_settings

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


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


class _OnTopic:
    """Letters on Apache Kafka's topic `dead`; a replayed one is marked by a further record."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._options = client_options(settings)

    async def letters(self) -> list[Letter]:
        found: list[Letter] = []
        replayed: set[str] = set()
        async for record in self._records():
            headers = text_headers(record)
            if REPLAYED in headers:
                replayed.add(headers[REPLAYED])
            else:
                found.append(Letter(str(record.offset), record.key or b"", record.value or b"", headers))
        return [letter for letter in found if letter.id not in replayed]

    async def _records(self) -> AsyncIterator[Any]:
        consumer = AIOKafkaConsumer(DEAD, **self._options, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    for record in records:
                        yield record
        finally:
            await consumer.stop()

    async def replay(self, letter: Letter) -> None:
        await _publish(self._options, letter, mark=True)


class _InStores:
    """Letters in the outboxes of an embedded `siaga run`."""

    def __init__(self, data: Path, word: Word | None) -> None:
        self._data = data
        self._word = word
        self._table = outbox_table(sa.MetaData())

    async def letters(self) -> list[Letter]:
        found: list[Letter] = []
        for service, engine in self._engines():
            with engine.connect() as conn:
                rows = conn.execute(sa.select(self._table).where(self._table.c.topic == DEAD)).all()
            engine.dispose()
            found += [Letter(f"{service}:{row.id}", row.key, row.value, json.loads(row.headers)) for row in rows]
        return sorted(found, key=lambda letter: letter.headers.get(DEAD_AT, ""))

    def _engines(self) -> Iterable[tuple[str, sa.Engine]]:
        for service in ("ingest", "tagger", "notifier"):
            path = self._data / f"{service}.sqlite3"
            if path.exists():
                yield service, sa.create_engine(f"sqlite:///{path}")

    async def replay(self, letter: Letter) -> None:
        if self._word is None:
            raise OperatorError(
                str(self._data), "`siaga run` is not running there, so nothing can be replayed to it"
            )
        await _publish({"bootstrap_servers": self._word.bootstrap}, letter, mark=False)
        service, _, row = letter.id.partition(":")
        for name, engine in self._engines():
            if name == service:
                with engine.begin() as conn:
                    conn.execute(sa.delete(self._table).where(self._table.c.id == int(row)))
            engine.dispose()


async def _publish(options: dict[str, Any], letter: Letter, *, mark: bool) -> None:
    topic = letter.headers.get(DEAD_TOPIC)
    if not topic:
        raise OperatorError(f"dead letter {letter.id}", f"has no header {DEAD_TOPIC}, so its topic is unknown")
    headers = [(name, value.encode()) for name, value in letter.headers.items() if name not in _OWN]
    producer = AIOKafkaProducer(**options, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, letter.value, key=letter.key or None, headers=headers)
        if mark:
            await producer.send_and_wait(
                DEAD, b"", key=letter.key or None, headers=[(REPLAYED, letter.id.encode())]
            )
    finally:
        await producer.stop()


def _letters_of(data: Path | None) -> _OnTopic | _InStores:
    folder = data or DEFAULT_DATA
    word = read_word(folder)
    if data is not None and word is None and not any(folder.glob("*.sqlite3")):
        raise OperatorError(str(folder), "holds no store of `siaga run`")
    if word is not None and word.embedded:
        return _InStores(folder, word)
    settings = load_settings(ServiceSettings, **({"kafka": word.bootstrap} if word else {}))
    return _OnTopic(settings)


async def _found(source: _OnTopic | _InStores, wanted: str) -> Letter:
    for letter in await source.letters():
        if letter.id == wanted:
            return letter
    raise OperatorError(f"dead letter {wanted}", "is not there; `siaga dead list` shows what is")


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except (KafkaError, OSError) as error:
        raise OperatorError("SIAGA_KAFKA", f"the broker cannot be reached: {error}") from None


_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else SIAGA_KAFKA).",
)


@click.group("dead")
def dead_command() -> None:
    """What could not be handled, why, and again when it can.

    \b
    Example:
      siaga dead list
      siaga dead show 17
      siaga dead replay 17
    """


@dead_command.command("list")
@_DATA
def list_letters(data: Path | None) -> None:
    """One JSON line a letter, the oldest first: where it came from and why it is here.

    \b
    Example:
      siaga dead list | jq .reason
    """
    for letter in _run(_letters_of(data).letters()):
        click.echo(json.dumps(letter.line(), ensure_ascii=False))


@dead_command.command("show")
@click.argument("letter_id")
@_DATA
def show_letter(letter_id: str, data: Path | None) -> None:
    """The whole letter.  It holds the raw bytes, which may name victims: keep it to yourself.

    \b
    Example:
      siaga dead show 17
    """
    letter = _run(_found(_letters_of(data), letter_id))
    body = letter.value.decode("utf-8", "backslashreplace")
    click.echo(
        json.dumps(letter.line() | {"headers": letter.headers, "value": body}, ensure_ascii=False, indent=2)
    )


@dead_command.command("replay")
@click.argument("letter_ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter there is.")
@_DATA
def replay_letters(letter_ids: tuple[str, ...], everything: bool, data: Path | None) -> None:
    """Put letters back on the topic they came from, with the bytes and key they came with.

    \b
    Example:
      siaga dead replay 17 18
      siaga dead replay --all
    """
    if bool(letter_ids) == everything:
        raise click.UsageError("name letters, or say --all")
    source = _letters_of(data)

    async def replay() -> list[Letter]:
        known = {letter.id: letter for letter in await source.letters()}
        missing = [wanted for wanted in letter_ids if wanted not in known]
        if missing:
            raise OperatorError(f"dead letter {missing[0]}", "is not there; `siaga dead list` shows what is")
        chosen = list(known.values()) if everything else [known[wanted] for wanted in letter_ids]
        for letter in chosen:
            await source.replay(letter)
        return chosen

    for letter in _run(replay()):
        click.echo(json.dumps({"replayed": letter.id, "to": letter.headers[DEAD_TOPIC]}))
