"""The whole system as `siaga run` starts it, and what its officials have in hand in the end."""

from __future__ import annotations

import asyncio
import contextlib
import email
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from services.cli.demo import canary
from services.cli.demo.botapi import Chats
from services.cli.run import Stack
from services.cli.stack import SEEDS, Plan, Ports
from services.ingest import tables as ingest_tables
from services.notifier import queries as notifier_queries
from services.notifier import tables as notifier_tables
from services.notifier.core.reason import Reason
from services.runtime.ports import hold_port
from services.tagger import queries as tagger_queries
from services.tagger import tables as tagger_tables
from services.tagger.core.incident import incident_id_of

SCENE_EVERY_S = 8.0
UPDATED_STORY, UPDATED_TITLE = "141402", "21 orang"
#: Parts of the ids of stories that tell of one event.  Which outlet's copy is seen first may differ from run to run.
SAME_EVENT = (
    ("boat off Nunukan", ("512001", "5240118", "1180455")),
    ("workers at Bolok", ("141402", "903317")),
    ("compound in Poipet", ("poipet",)),
)
IN_HAND = {"due", "intended", "sending", "retry_wait", "planned"}
MAY_HAVE_ARRIVED = {"accepted", "unknown", "parked"}
#: Why an official hears of an event for the first time at once.
ANEW = {str(Reason.CRITICAL), str(Reason.HIGH)}


def free_base() -> int:
    """A base whose ports are ours."""
    while True:
        base = random.randrange(20000, 29000, 10)
        with contextlib.suppress(OSError):
            for port in range(base, base + 9):
                hold_port(port)
            return base


def quick_officials(folder: Path) -> Path:
    """The demo's officials with a digest every ten seconds."""
    text = (SEEDS / "officials.demo.yaml").read_text(encoding="utf-8").replace("every: 2m", "every: 10s")
    path = folder / "officials.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def event_of(story_id: str) -> str:
    """The event a seed story tells of; a story that stands alone is its own event."""
    for event, parts in SAME_EVENT:
        if any(part in story_id for part in parts):
            return event
    return story_id


@dataclass
class Whole:
    """A running stack on a folder of its own."""

    stack: Stack
    data: Path
    engines: dict[str, sa.Engine] = field(default_factory=dict)

    def ask(self, service: str, question: Any) -> Any:
        """Ask a store; None while it is not there or busy being made."""
        path = self.data / f"{service}.sqlite3"
        if not path.exists():
            return None
        if service not in self.engines:
            url = f"sqlite:///file:{path}?mode=ro&uri=true"
            self.engines[service] = sa.create_engine(url, poolclass=sa.NullPool)
        try:
            with self.engines[service].connect() as conn:
                return question(conn)
        except sa.exc.OperationalError:
            return None

    def close(self) -> None:
        for engine in self.engines.values():
            engine.dispose()

    def kill(self, name: str) -> None:
        """kill -9 of a service or the broker."""
        if name == "broker":
            if self.stack._apache:
                self.stack._apache.kill()
            elif self.stack._embedded:
                with contextlib.suppress(ProcessLookupError):
                    self.stack._embedded.process.kill()
        elif name in self.stack.supervisor.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.stack.supervisor.running[name].pid, signal.SIGKILL)

    def versions(self, service: str) -> dict[str, int]:
        table = ingest_tables.stories if service == "ingest" else tagger_tables.stories
        rows = self.ask(service, lambda conn: conn.execute(sa.select(table.c.story_id, table.c.version)).all())
        return {row.story_id: row.version for row in rows or ()}

    def states(self) -> Counter[str]:
        return Counter(row.state for row in self.rows())

    def all_told(self) -> bool:
        """The notifier has handled the last version of every incident."""
        table = tagger_tables.incidents
        lives = sa.select(table.c.incident_id, table.c.version).where(
            ~table.c.withdrawn, table.c.merged_into.is_(None)
        )
        decided = self.ask("tagger", lambda conn: conn.execute(lives).all())
        heard = self.ask("notifier", lambda conn: conn.execute(sa.select(notifier_tables.INCIDENT)).all())
        if decided is None or heard is None:
            return False
        versions = {row.incident_id: row.version for row in heard}
        return all(versions.get(row.incident_id, 0) >= row.version for row in decided)

    def settled(self) -> bool:
        """Every story ingest has is tagged in its last version, the update is among them, nothing is in hand."""
        seen, tagged = self.versions("ingest"), self.versions("tagger")
        fates = self.ask("tagger", lambda conn: tagger_queries.recent_stories(conn, 200)) or ()
        updated = any(UPDATED_STORY in one.story_id and UPDATED_TITLE in one.tagged.title for one in fates)
        states = self.states()
        known = all(tagged.get(story) == version for story, version in seen.items())
        return bool(updated and known and self.all_told() and states and not IN_HAND & states.keys())

    async def until_at_work(self) -> None:
        """Wait until every service has something in its store."""
        async with asyncio.timeout(90):
            while not (self.versions("ingest") and self.versions("tagger") and self.states()):
                await asyncio.sleep(0.1)

    async def until_settled(self, seconds: float = 150) -> None:
        """Wait until it stays settled for three seconds."""
        since: float | None = None
        deadline = time.monotonic() + seconds
        while since is None or time.monotonic() - since < 3.0:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not settled: {self.states()}, {self.versions('ingest')} {self.versions('tagger')}"
                )
            if self.stack.supervisor.failed.done():
                raise self.stack.supervisor.failed.result()
            since = (since or time.monotonic()) if self.settled() else None
            await asyncio.sleep(0.25)

    def heard(self) -> set[tuple[str, str]]:
        """Pairs of an official, told by its subscriptions, and an event it was told of."""
        found: set[tuple[str, str]] = set()
        specs = dict(
            self.ask(
                "notifier",
                lambda conn: [
                    (row.official_id, row.spec) for row in conn.execute(sa.select(notifier_tables.OFFICIAL))
                ],
            )
        )
        for incident in self.ask("tagger", tagger_queries.recent_incidents):
            stories = self.ask("tagger", lambda conn, i=incident: tagger_queries.stories_of(conn, i.incident_id))
            for one in self.ask(
                "notifier", lambda conn, i=incident: notifier_queries.deliveries_of_incident(conn, i.incident_id)
            ):
                if one.state in MAY_HAVE_ARRIVED:
                    found |= {(specs[one.official_id], event_of(story)) for story in stories}
        return found

    def rows(self) -> list[Any]:
        """The ledger, without the canary: it goes to nobody, and as often as a run lasts long."""
        rows = self.ask("notifier", lambda conn: conn.execute(sa.select(notifier_tables.DELIVERY)).all())
        return [row for row in rows or () if not str(row.incident_id).startswith("canary-")]

    def messages(self) -> list[Any]:
        """What stands in the chats of officials."""
        chats = Chats(self.data / "demo" / "telegram")
        chats.close()
        return [message for message in chats.messages.values() if message.ours and message.chat_id != canary.CHAT]

    def mails(self) -> list[Any]:
        """What lies in the mailboxes of officials."""
        folder = self.data / "demo" / "mail" / "new"
        mails = [email.message_from_bytes(path.read_bytes()) for path in folder.glob("*")]
        return [mail for mail in mails if mail["To"] != canary.MAIL]

    def first_pushes(self) -> Counter[tuple[str, str]]:
        """How often an official was told anew of an event; a pushed update or a second copy is not that."""
        events = {incident_id_of(story): event_of(story) for story in self.versions("tagger")}
        return Counter(
            (row.official_id, events.get(row.incident_id, row.incident_id))
            for row in self.rows()
            if row.action == "push" and row.state == "accepted" and row.why in ANEW and not row.second_copy
        )

    def check_none_twice(self) -> None:
        """Every accepted row is one message of its own; what else arrived is covered by a visible unknown."""
        assert not {told: times for told, times in self.first_pushes().items() if times > 1}
        rows = [row for row in self.rows() if row.action in {"push", "digest", "withdraw"}]
        accepted = [row.ref for row in rows if row.channel == "telegram" and row.state == "accepted" and row.ref]
        unknown = [row for row in rows if row.channel == "telegram" and row.state in {"unknown", "parked"}]
        arrived = {str(message.message_id) for message in self.messages()}
        assert len(accepted) == len(set(accepted))
        assert set(accepted) <= arrived
        assert len(arrived - set(accepted)) <= len(unknown)
        mails = [mail["Message-ID"] for mail in self.mails()]
        accepted = [row.ref for row in rows if row.channel == "email" and row.state == "accepted" and row.ref]
        unknown = [row for row in rows if row.channel == "email" and row.state in {"unknown", "parked"}]
        assert len(mails) == len(set(mails)), mails
        assert set(accepted) <= set(mails)
        assert len(set(mails) - set(accepted)) <= len(unknown)


@contextlib.asynccontextmanager
async def running(
    folder: Path, broker: str, *, scene_every_s: float = SCENE_EVERY_S, ports: Ports | None = None
) -> AsyncIterator[Whole]:
    """The stack on this folder; started again on the same folder it goes on where it was."""
    folder.mkdir(exist_ok=True)
    data = folder / "data"
    data.mkdir(exist_ok=True)
    plan = Plan(
        data=data,
        ports=ports or Ports(free_base()),
        feeds="seeds",
        contact_url="",
        feeds_file=SEEDS / "feeds.demo.yaml",
        officials_file=quick_officials(folder),
        scene_every_s=scene_every_s,
    )
    whole = Whole(Stack(plan, broker), data)
    try:
        await whole.stack.start()
        yield whole
    finally:
        await whole.stack.stop()
        whole.close()
        if not whole.stack.supervisor.failed.done():
            whole.stack.supervisor.failed.cancel()
