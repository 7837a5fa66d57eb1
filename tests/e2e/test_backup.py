"""A backup, work that goes on, a lost machine, the old backup put back: nothing is sent twice, nothing is missed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

sys.path.insert(0, str(Path(__file__).parent))
from whole import SCENE_EVERY_S, Whole, free_base, quick_officials

from services.cli.backup import backup_command
from services.cli.dumps import exists
from services.cli.holdings import NAMES, holdings
from services.cli.run import Stack
from services.cli.stack import SEEDS, Plan, Ports
from services.contracts.alert import ALERT_EVENT
from services.contracts.delivery import Action, DeliveryRecorded, Outcome
from services.contracts.story import STORY_EVENT
from services.contracts.tagging import STORY_TAGGED
from services.contracts.topics import ALERTS, DELIVERIES, STORIES, STORIES_TAGGED, TOPICS
from services.notifier.core.ledger import State
from services.notifier.tables import OFFICIAL
from services.runtime.apache import ApacheKafka
from tests.conftest import KAFKA_CONFIG, QUICK, ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]


class Host:
    """A machine with the demo on a Kafka that outlives it."""

    def __init__(self, folder: Path, kafka: ApacheKafka) -> None:
        self.folder, self.kafka, self.data = folder, kafka, folder / "data"
        self.data.mkdir()
        self.plan = Plan(
            data=self.data,
            ports=Ports(free_base()),
            feeds="seeds",
            contact_url="",
            feeds_file=SEEDS / "feeds.demo.yaml",
            officials_file=quick_officials(folder),
            scene_every_s=SCENE_EVERY_S / 2,
        )

    async def start(self) -> Whole:
        whole = Whole(Stack(self.plan, self.kafka.bootstrap), self.data)
        await whole.stack.start()
        return whole

    def siaga(self, *arguments: str) -> str:
        """Run it as the operator would."""
        command = [sys.executable, "-m", "services.cli.main", *arguments, "--data", str(self.data)]
        env = {key: value for key, value in os.environ.items() if not key.startswith("SIAGA_")}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lose_stores(self) -> None:
        for name in NAMES:
            for file in self.data.glob(f"{name}.sqlite3*"):
                file.unlink()
        assert not any(exists(one) for one in holdings(data=self.data))


def count_officials(conn: sa.Connection) -> int:
    return int(conn.execute(sa.select(sa.func.count()).select_from(OFFICIAL)).scalar_one())


async def stop(whole: Whole) -> None:
    await whole.stack.stop()
    whole.close()
    if not whole.stack.supervisor.failed.done():
        whole.stack.supervisor.failed.cancel()


async def read_all(bootstrap: str, topic: str) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends, found = await consumer.end_offsets(parts), []
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [record.value for record in records]
        return found
    finally:
        await consumer.stop()


def arrived(whole: Whole) -> Counter[tuple[str, str]]:
    """What stands in chats and mailboxes, each message by its own number."""
    chats = [(str(message.chat_id), str(message.message_id)) for message in whole.messages()]
    return Counter(chats + [(mail["To"], str(mail["Message-ID"])) for mail in whole.mails()])


async def leave_an_intent(kafka: ApacheKafka, whole: Whole) -> DeliveryRecorded:
    """A delivery that was announced just before the machine was lost, and of which nobody knows more."""
    [official, *_] = {row.official_id for row in whole.rows()}
    intent = DeliveryRecorded(
        occurred_at="2026-09-01T00:00:00Z",
        subject="00000000-0000-5000-8000-000000000001.1",
        incident_id="00000000-0000-5000-8000-000000000001",
        official_id=official,
        channel="telegram",
        action=Action.PUSH,
        outcome=Outcome.INTENDED,
        reason="new_incident",
        attempt=1,
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    await producer.send_and_wait(DELIVERIES, intent.model_dump_json().encode(), key=intent.subject.encode())
    await producer.stop()
    return intent


async def check_topics(kafka: ApacheKafka) -> None:
    """No version of a story or an incident was given to two different things."""
    stories = [STORY_EVENT.validate_json(value) for value in await read_all(kafka.bootstrap, STORIES)]
    texts = {(one.story_id, one.version, getattr(one, "text", "")) for one in stories}
    assert len(texts) == len({text[:2] for text in texts})
    tagged = [STORY_TAGGED.validate_json(value) for value in await read_all(kafka.bootstrap, STORIES_TAGGED)]
    assert len({(one.story_id, one.incident_id) for one in tagged}) == len({one.story_id for one in tagged})
    alerts = [ALERT_EVENT.validate_json(value) for value in await read_all(kafka.bootstrap, ALERTS)]
    states = {(one.incident_id, one.version, one.model_dump_json(exclude={"occurred_at"})) for one in alerts}
    assert len(states) == len({state[:2] for state in states})


async def test_an_old_backup_put_back_sends_nothing_twice_and_misses_nothing(
    kafka_libs: Path, tmp_path: Path
) -> None:
    kafka = ApacheKafka(
        tmp_path / "kafka", libs=kafka_libs, log_config=KAFKA_CONFIG / "log4j2.properties", overrides=QUICK
    )
    await kafka.start()
    host = Host(tmp_path, kafka)
    try:
        whole = await host.start()
        async with asyncio.timeout(120):
            while not (whole.versions("ingest") and whole.ask("notifier", count_officials)):
                await asyncio.sleep(0.05)
        at_backup, stories_at_backup = sum(whole.states().values()), whole.versions("ingest")
        # In this process: another Python would take seconds, and the demo is over in ten.
        await asyncio.to_thread(backup_command.callback, tmp_path / "backup", host.data, False)  # type: ignore[misc]
        await whole.until_settled()
        before, heard, told = arrived(whole), whole.heard(), sum(whole.states().values())
        stories = whole.versions("ingest")
        assert told > at_backup, "nothing was sent after the backup: the rehearsal shows nothing"
        print(f"rows {at_backup} -> {told}, stories {len(stories_at_backup)} -> {len(stories)}")  # noqa: T201
        intent = await leave_an_intent(kafka, whole)
        await stop(whole)
        host.lose_stores()

        said = await asyncio.to_thread(host.siaga, "restore", str(tmp_path / "backup"))
        assert "groups: set back to the backup" in said
        whole = await host.start()
        try:
            await whole.until_settled()
            assert whole.heard() >= heard
            fresh = arrived(whole) - before
            assert not fresh, f"sent again: {fresh}"
            assert whole.versions("ingest") == stories
            assert [row.state for row in whole.rows() if row.subject == intent.subject] == [State.UNKNOWN]
        finally:
            await stop(whole)
        await check_topics(kafka)
    finally:
        await kafka.stop()
