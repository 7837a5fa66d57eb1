"""Play the stored alerts to one subscription in a ledger of its own: what it would have brought, and nothing else.

The same planner, digests, cards and ledger as in the service, on a store in memory, with a clock that jumps from
one event or digest to the next, and channels that take everything at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from services.contracts.alert import Alert, AlertEvent, IncidentMerged, IncidentSplit
from services.contracts.delivery import Action
from services.notifier import roster, rows
from services.notifier.alert_log import Logged
from services.notifier.channels.base import Digest, Outgoing, Receipt
from services.notifier.core.card import Card, View, make_card
from services.notifier.core.ledger import SENDABLE, State
from services.notifier.core.match import Match, match_official
from services.notifier.core.reason import Reason
from services.notifier.core.subscription import Official
from services.notifier.core.telegram_text import render_card, render_digest
from services.notifier.core.wishes import Wishes
from services.notifier.digests import close_windows
from services.notifier.incidents import find_incident
from services.notifier.outcomes import Ended, hold_back, write_outcome
from services.notifier.planner import Planner, Seen
from services.notifier.prepare import Impossible, prepare
from services.notifier.roster import Standing
from services.notifier.rows import Row
from services.notifier.spec import OfficialSpec
from services.notifier.tables import DELIVERY, METADATA
from services.notifier.vault import Vault


@dataclass(frozen=True)
class Happening:
    """One message that would have come; ``incidents`` is how many a digest holds."""

    at: datetime
    action: Action
    channel: str
    reason: str
    subject: str
    incidents: int
    text: str


@dataclass(frozen=True)
class Held:
    """An incident that quiet hours would have held, and the digest that would have told of it."""

    at: datetime
    released_at: datetime
    text: str


@dataclass
class Played:
    """Everything that would have come, how many events concerned the subscription, and each decision's reason."""

    happenings: list[Happening] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    events: int = 0
    concerned: int = 0
    decisions: dict[Reason, int] = field(default_factory=dict)


def play(spec: OfficialSpec, wishes: Wishes, log: Iterable[Logged], until: datetime) -> Played:
    """Play the events in order, then the digests that are due until ``until``."""
    with _ledger() as conn:
        stage = _Stage(conn, spec, wishes)
        for logged in log:
            stage.hear(logged)
        stage.advance(until)
        stage.played.held = stage.held()
        return stage.played


@contextmanager
def _ledger() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    METADATA.create_all(engine)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


class _Stage:
    """One official, alone with the events."""

    def __init__(self, conn: sa.Connection, spec: OfficialSpec, wishes: Wishes) -> None:
        self.played = Played()
        self._conn = conn
        self._vault = Vault(secrets.token_bytes(32))
        self._planner = Planner()
        self._official_id = roster.add_official(conn, spec, Standing.ACTIVE, 0.0)
        addresses = {"telegram": "1", "email": "nobody@example.invalid"}
        roster.keep_contacts(
            conn, self._vault, self._official_id, {name: addresses[name] for name in spec.channels}, 0.0
        )
        roster.keep_wishes(conn, self._official_id, wishes, 0.0)
        found = roster.find_official(conn, self._official_id)
        if found is None:
            raise RuntimeError("an official was just added")
        self._official: Official = found
        self._concerns: set[str] = set()
        self._sent = 0

    def hear(self, logged: Logged) -> None:
        """Let time come up to the event, then decide on it."""
        self.played.events += 1
        if not self._is_concerned(logged.event):
            return
        self.played.concerned += 1
        self.advance(logged.at)
        given = self._planner.plan(self._conn, [Seen(logged.event, logged.replayed)], logged.at)
        for reason, count in given.items():
            self.played.decisions[reason] = self.played.decisions.get(reason, 0) + count
        self._send(logged.at)

    def _is_concerned(self, event: AlertEvent) -> bool:
        """What never met the subscription is passed over: the ledger would not hold a row of it."""
        ids = {event.incident_id, *(event.aliases if isinstance(event, Alert) else ())}
        met = isinstance(event, Alert) and isinstance(match_official(self._official, event), Match)
        if not met and not ids & self._concerns:
            return False
        self._concerns |= ids
        if isinstance(event, IncidentMerged):
            self._concerns.add(event.into)
        elif isinstance(event, IncidentSplit):
            self._concerns |= set(event.parts)
        return True

    def advance(self, to: datetime) -> None:
        """Close the digests and send what falls due on the way."""
        while True:
            query = sa.select(sa.func.min(DELIVERY.c.due_at)).where(
                DELIVERY.c.state.in_([State.PLANNED, *SENDABLE]), DELIVERY.c.due_at <= to.timestamp()
            )
            due = self._conn.execute(query).scalar()
            if due is None:
                return
            at = datetime.fromtimestamp(due, UTC)
            close_windows(self._conn, at)
            self._send(at)

    def held(self) -> list[Held]:
        """What waited because of the official's night, in the order it came."""
        query = sa.select(DELIVERY).where(DELIVERY.c.why == Reason.QUIET_HOURS).order_by(DELIVERY.c.created_at)
        found = []
        for row in self._conn.execute(query):
            incident = find_incident(self._conn, row.incident_id or "")
            if incident is None or incident.alert is None:
                continue
            at = datetime.fromtimestamp(row.created_at, UTC)
            card = make_card(incident.alert, None, View(self._official.language, self._official.zone, at))
            text = f"{card.title} · {card.place}"
            found.append(Held(at, datetime.fromtimestamp(row.due_at, UTC), text))
        return found

    def _send(self, at: datetime) -> None:
        query = (
            sa.select(DELIVERY)
            .where(DELIVERY.c.state.in_([*SENDABLE]), DELIVERY.c.due_at <= at.timestamp())
            .order_by(DELIVERY.c.priority, DELIVERY.c.first_due_at, DELIVERY.c.subject)
        )
        for found in self._conn.execute(query).all():
            row = rows.read_row(self._conn, (found.subject, found.official_id, found.channel, found.action))
            if row is not None:
                self._send_one(row, at)

    def _send_one(self, row: Row, at: datetime) -> None:
        message = prepare(self._conn, self._vault, row, at)
        if isinstance(message, Impossible):
            hold_back(self._conn, row, message, at)
            return
        self._sent += 1
        stamp = at.timestamp()
        moved = rows.move(self._conn, row, State.INTENDED, Reason.INTENDED, stamp, attempts=1)
        moved = rows.move(self._conn, moved, State.SENDING, Reason.INTENDED, stamp)
        write_outcome(self._conn, self._vault, Ended(moved, Receipt(str(self._sent)), None, 0.0), at)
        self.played.happenings.append(_happening(row, message, at))


def _happening(row: Row, message: Outgoing, at: datetime) -> Happening:
    body = message.body
    size = len(body.entries) if isinstance(body, Digest) else 1
    return Happening(at, row.action, row.channel, row.why, row.subject, size, _text(body))


def _text(body: Card | Digest) -> str:
    if isinstance(body, Card):
        return render_card(body).plain
    entries = [(entry.card, entry.remark) for entry in body.entries]
    return render_digest(body.heading, entries, body.footer, body.notes).plain


__all__ = ["Happening", "Held", "Played", "play"]
