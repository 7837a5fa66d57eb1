"""Send a synthetic alert to a test subscriber of each channel, all the way through Kafka, and read it back.

What "read back" means is what each channel can honestly say.  E-mail: the mail lies in the Maildir of the
test mailbox, with our signature.  Telegram: an edit of the message succeeds, so Telegram holds that message in
that chat; whether a telephone showed it nobody can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from services.contracts.delivery import Action
from services.contracts.topics import ALERTS
from services.notifier import roster
from services.notifier.channels.base import DeliveryError
from services.notifier.channels.telegram import BotApiRefusedError, Calls
from services.notifier.channels.telegram_errors import is_unchanged
from services.notifier.core.canary import RESERVED, made_at, make_canary
from services.notifier.core.ledger import State
from services.notifier.metrics import NotifierMetrics
from services.notifier.roster import NAME, Standing
from services.notifier.spec import OfficialSpec
from services.notifier.tables import (
    ATTEMPT,
    CONTACT,
    DELIVERY,
    INCIDENT,
    META,
    OUTBOX,
    THREAD,
    TOLD,
)
from services.notifier.vault import Vault
from services.runtime.outbox import Message, enqueue
from services.runtime.store import Store

log = structlog.get_logger(__name__)

EVERY_S = 900.0
KEPT = timedelta(days=2)
_SENT, _SEEN, _WHO = "canary_sent", "canary_seen:", "canary_official:"


@dataclass(frozen=True)
class Seen:
    """The last synthetic alert that was read back on a channel: when it was made, and when it was seen."""

    made: float
    at: float


class Canary:
    """One process of a store makes and reads; every process shows what was seen last."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        metrics: NotifierMetrics,
        clock: Callable[[], datetime],
        on_made: Callable[[], None],
        *,
        telegram: Calls | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        self._every_s = every_s
        self._store = store
        self._vault = vault
        self._metrics = metrics
        self._clock = clock
        self._on_made = on_made
        self._telegram = telegram

    async def __call__(self) -> None:
        """Make one if it is time, read back what can be read here, and show what was seen."""
        now = self._clock()
        if await self._store.lead("canary"):
            if await self._store.write(lambda conn: _make(conn, now, self._every_s)):
                self._on_made()
            await self._read_telegram()
        for channel, seen in (await self._store.read(last_seen)).items():
            self._metrics.canary_seen(channel, at=seen.at, took=seen.at - seen.made)

    async def _read_telegram(self) -> None:
        found = await self._store.read(lambda conn: _to_read(conn, self._vault, "telegram"))
        if found is None or self._telegram is None:
            return
        made, chat_id, ref = found
        now = self._clock()
        told = f"Siaga canary · made {made:%H:%M:%S} UTC · read back {now:%H:%M:%S} UTC"
        try:
            result = await self._telegram.call(
                "editMessageText", {"chat_id": int(chat_id), "message_id": int(ref), "text": told}
            )
        except BotApiRefusedError as error:
            if not is_unchanged(error.answer):
                log.warning("canary not read back", channel="telegram", code=error.answer.get("error_code"))
                return
        except DeliveryError as error:
            log.warning("canary not read back", channel="telegram", reason=str(error))
            return
        else:
            if not isinstance(result, Mapping) or result.get("message_id") != int(ref):
                log.warning("canary not read back", channel="telegram", reason="another message answered")
                return
        await self._store.write(lambda conn: note_seen(conn, "telegram", made, now))


def set_up(conn: sa.Connection, vault: Vault, addresses: Mapping[str, str], now: float) -> None:
    """Let the test subscribers be exactly these; a channel without an address has none."""
    for channel in ("telegram", "email"):
        official_id = subscriber(conn, channel)
        address = addresses.get(channel)
        if address is None:
            if official_id is not None:
                roster.forget(conn, official_id, "notifier", now)
                _put(conn, _WHO + channel, None)
                _put(conn, _SEEN + channel, None)
            continue
        if official_id is None:
            spec = OfficialSpec.model_validate({
                "channels": [channel], "language": "en", "zone": "UTC", "subscriptions": [{"regions": [RESERVED]}],
            })  # fmt: skip
            official_id = roster.add_official(conn, spec, Standing.ACTIVE, now)
            _put(conn, _WHO + channel, official_id)
            # Never seen yet: the alarm counts from here.
            _put(conn, _SEEN + channel, f"{now} {now}")
        roster.keep_contacts(conn, vault, official_id, {channel: address, NAME: "canary"}, now)
        # The chat of a test may be an operator's own: who writes there is not the canary.
        conn.execute(
            sa.update(CONTACT)
            .where(CONTACT.c.official_id == official_id, CONTACT.c.channel == channel)
            .values(fingerprint=vault.fingerprint(f"canary {channel}", address), suspended=None)
        )


def subscriber(conn: sa.Connection, channel: str) -> str | None:
    """The test subscriber of a channel."""
    return conn.execute(sa.select(META.c.value).where(META.c.name == _WHO + channel)).scalar()


def last_seen(conn: sa.Connection) -> dict[str, Seen]:
    """By channel, what was read back last."""
    found = conn.execute(sa.select(META).where(META.c.name.startswith(_SEEN, autoescape=True)))
    return {row.name.removeprefix(_SEEN): Seen(*map(float, row.value.split())) for row in found}


def note_seen(conn: sa.Connection, channel: str, made: datetime, now: datetime) -> bool:
    """A synthetic alert was read back; False for one not newer than the last, such as a mail sent again."""
    before = last_seen(conn).get(channel)
    if before is None or made.timestamp() <= before.made:
        return False
    _put(conn, _SEEN + channel, f"{made.timestamp()} {now.timestamp()}")
    return True


def take_mail(conn: sa.Connection, subject: str, official_id: str, now: datetime) -> bool:
    """A mail of ours lies in the test mailbox; False if it is no synthetic one to its test subscriber."""
    made = made_at(subject)
    if made is None or subscriber(conn, "email") != official_id:
        return False
    note_seen(conn, "email", made, now)
    return True


def _make(conn: sa.Connection, now: datetime, every_s: float) -> bool:
    if not last_seen(conn):
        return False  # nobody to send it to
    sent = conn.execute(sa.select(META.c.value).where(META.c.name == _SENT)).scalar()
    if sent is not None and now.timestamp() - float(sent) < every_s:
        return False
    alert = make_canary(now)
    value = alert.model_dump_json().encode()
    enqueue(conn, OUTBOX, [Message(ALERTS, alert.incident_id, value, "AlertRaised/1")])
    _put(conn, _SENT, str(now.timestamp()))
    _forget_old(conn, now)
    return True


def _forget_old(conn: sa.Connection, now: datetime) -> None:
    """Two days are enough to look at: a year of them would be seventy thousand rows about nothing."""
    before = (now - KEPT).timestamp()
    ours = [one for one in (subscriber(conn, channel) for channel in ("telegram", "email")) if one]
    for table, instant in ((DELIVERY, "changed_at"), (ATTEMPT, "at"), (THREAD, "at"), (TOLD, "changed_at")):
        conn.execute(sa.delete(table).where(table.c.official_id.in_(ours), table.c[instant] < before))
    incident = INCIDENT.c.incident_id
    old = sa.and_(incident.startswith("canary-", autoescape=True), INCIDENT.c.changed_at < before)
    conn.execute(sa.delete(INCIDENT).where(old))


def _to_read(conn: sa.Connection, vault: Vault, channel: str) -> tuple[datetime, str, str] | None:
    """The newest accepted message of a channel that was not read back: when made, where, and its reference."""
    official_id, seen = subscriber(conn, channel), last_seen(conn).get(channel)
    if official_id is None or seen is None:
        return None
    query = (
        sa.select(DELIVERY.c.incident_id, DELIVERY.c.ref)
        .where(
            DELIVERY.c.official_id == official_id,
            DELIVERY.c.action == Action.PUSH,
            DELIVERY.c.state == State.ACCEPTED,
            DELIVERY.c.channel == channel,
            DELIVERY.c.ref.is_not(None),
        )
        .order_by(DELIVERY.c.created_at.desc())
        .limit(1)
    )
    row = conn.execute(query).first()
    made = made_at(row.incident_id or "") if row else None
    contact = roster.read_contact(conn, vault, official_id, channel)
    if row is None or made is None or contact is None or made.timestamp() <= seen.made:
        return None
    return made, contact.address, row.ref


def _put(conn: sa.Connection, name: str, value: str | None) -> None:
    conn.execute(sa.delete(META).where(META.c.name == name))
    if value is not None:
        conn.execute(sa.insert(META).values(name=name, value=value))


def is_canary(conn: sa.Connection, official_id: str) -> bool:
    """Whether this is a test subscriber and no person."""
    query = sa.select(META.c.name).where(
        META.c.name.startswith(_WHO, autoescape=True), META.c.value == official_id
    )
    return conn.execute(query).first() is not None


__all__ = [
    "EVERY_S", "Canary", "Seen", "is_canary", "last_seen", "note_seen", "set_up", "subscriber", "take_mail",
]  # fmt: skip
