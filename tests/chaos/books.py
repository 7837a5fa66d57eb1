"""Read what the services' stores and the receivers have, past every proxy."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any, TypeVar

import sqlalchemy as sa

from services.ingest import tables as ingest_tables
from services.notifier import roster
from services.notifier import tables as notifier_tables
from services.notifier.core.ledger import State
from services.notifier.vault import Vault
from services.tagger import tables as tagger_tables
from tests.chaos.outlet import number_of
from tests.chaos.world import World

T = TypeVar("T")
MARK = "MUNGKIN SALINAN KEDUA"
#: Every card ends with the short name of its incident; a digest does not.
_CARD = re.compile(r"\b([0-9A-F]{8})$", re.MULTILINE)
#: Not final and not visible to people.
OPEN = {State.PLANNED, State.BUNDLED, State.DUE, State.INTENDED, State.SENDING, State.RETRY_WAIT}


@dataclass(frozen=True)
class Shown:
    """One message as the receiver has it: to whom, on which channel, of which incident if it is a card."""

    official: int
    channel: str
    ref: str
    incident: str | None
    marked: bool


@dataclass
class Books:
    """The stores by service, and the receivers."""

    urls: Mapping[str, str]
    world: World
    chat: int
    _engines: dict[str, sa.Engine] = field(default_factory=dict)

    def ask(self, service: str, question: Callable[[sa.Connection], T], default: T) -> T:
        """Ask a store; ``default`` while it is not there or busy being made."""
        if service not in self._engines:
            self._engines[service] = sa.create_engine(self.urls[service], pool_size=1, pool_pre_ping=True)
        try:
            with self._engines[service].connect() as conn:
                return question(conn)
        except sa.exc.DBAPIError:
            return default

    def close(self) -> None:
        """Give the engines back."""
        for engine in self._engines.values():
            engine.dispose()

    def progress(self) -> tuple[int, int, int]:
        """How many stories ingest and the tagger have, and how many messages the receivers."""
        return (
            self._count("ingest", ingest_tables.stories),
            self._count("tagger", tagger_tables.stories),
            len(self.world.bot.chats.messages) + len(self.world.mail.kept),
        )

    def _count(self, service: str, table: sa.Table) -> int:
        query = sa.select(sa.func.count()).select_from(table)
        return self.ask(service, lambda conn: int(conn.execute(query).scalar_one()), 0)

    def _rows(self, service: str, query: sa.Select[Any]) -> Sequence[Any]:
        nothing: Sequence[Any] = ()
        return self.ask(service, lambda conn: conn.execute(query).all(), nothing)

    def _column(self, service: str, query: sa.Select[Any]) -> list[Any]:
        return [row[0] for row in self._rows(service, query)]

    def tagged(self) -> set[int]:
        """Numbers of the stories that have a label."""
        query = sa.select(tagger_tables.stories.c.story_id)
        found = self._column("tagger", query)
        return {number for number in map(number_of, found) if number is not None}

    def copies(self) -> set[int]:
        """Numbers of the stories that ingest took for a copy of another."""
        query = sa.select(ingest_tables.copies.c.story_id)
        found = self._column("ingest", query)
        return {number for number in map(number_of, found) if number is not None}

    def waiting(self) -> int:
        """Rows that a relay still has to publish."""
        tables = {
            "ingest": ingest_tables.outbox,
            "tagger": tagger_tables.outbox,
            "notifier": notifier_tables.OUTBOX,
        }
        return sum(self._count(service, table) for service, table in tables.items())

    def states(self) -> Counter[str]:
        """How many deliveries stand where."""
        query = sa.select(notifier_tables.DELIVERY.c.state)
        return Counter(self._column("notifier", query))

    def ledger(self) -> Sequence[Any]:
        """Every delivery."""
        return self._rows("notifier", sa.select(notifier_tables.DELIVERY))

    def incidents(self) -> Sequence[Any]:
        """Every incident."""
        return self._rows("tagger", sa.select(tagger_tables.incidents))

    def heard_of(self) -> set[str]:
        """The incidents the notifier knows."""
        query = sa.select(notifier_tables.INCIDENT.c.incident_id)
        return set(self._column("notifier", query))

    def let_waits_pass(self) -> None:
        """What waits for its next attempt is due now: hours of back-off are not what is proven."""
        now, table = time.time(), notifier_tables.DELIVERY
        waits = sa.and_(table.c.state == State.RETRY_WAIT, table.c.due_at > now + 3)

        def work(conn: sa.Connection) -> None:
            conn.execute(sa.update(table).where(waits).values(due_at=now))
            conn.commit()

        self.ask("notifier", work, None)

    def numbers(self, vault: Vault) -> dict[str, int]:
        """The number of each official, by its id."""

        def question(conn: sa.Connection) -> dict[str, int]:
            found = {}
            for official in roster.active_officials(conn):
                contact = roster.read_contact(conn, vault, official.official_id, "telegram")
                assert contact is not None
                found[official.official_id] = int(contact.address) - self.chat
            return found

        return self.ask("notifier", question, {})

    def shown(self) -> list[Shown]:
        """Every message the receivers have."""
        found = [
            Shown(message.chat_id - self.chat, "telegram", str(message.message_id), *_read(message.shown))
            for message in list(self.world.bot.chats.messages.values())
            if message.ours
        ]
        for recipient, content in list(self.world.mail.kept):
            mail = message_from_bytes(content, policy=policy.default)
            body = mail.get_body(("plain",))
            assert body is not None
            official = int(recipient.removeprefix("office").split("@")[0])
            card = next((line for line in body.get_content().splitlines() if _CARD.search(line.strip())), "")
            marked = MARK in body.get_content()
            found.append(Shown(official, "email", str(mail["Message-ID"]), _read(card)[0], marked))
        return found


def _read(text: str) -> tuple[str | None, bool]:
    card = _CARD.search(text.strip())
    return (card[1] if card else None), MARK in text
