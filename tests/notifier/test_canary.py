"""The synthetic alert: it goes the whole way, it is read back, and nobody real ever gets it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.demo.botapi_faults import Fault
from services.contracts.alert import ALERT_EVENT
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.topics import ALERTS
from services.notifier import canary, roster
from services.notifier.canary import Canary
from services.notifier.channels.email import Email, MailServer
from services.notifier.channels.telegram import BotApi
from services.notifier.core.canary import RESERVED, is_synthetic, made_at, make_canary
from services.notifier.core.mail_text import compose
from services.notifier.core.match import Match, SubscriptionIndex, match_official
from services.notifier.core.subscription import EVERYWHERE, Subscription
from services.notifier.inbox import Inbox
from services.notifier.mail_answers import Letterbox
from services.notifier.outlets.handler import OutletHandler
from services.notifier.outlets.tables import ENTRY
from services.notifier.outlets.targets import Targets
from services.notifier.settings import NotifierSettings
from services.notifier.tables import DELIVERY, META, OUTBOX
from services.runtime.errors import OperatorError
from services.runtime.records import Received
from services.runtime.settings import load_settings
from tests.notifier.builders import NOON, a_place, an_alert, an_entry, an_official
from tests.notifier.talk import CHAT, Talk
from tests.notifier.test_joining import Office
from tests.notifier.world import World

TEST_CHAT = 900000077
TEST_MAIL = "canary@example.org"
REGIONS = ("ID-NT", "ID-KU", "ID", "KH", "KH-1", "TL", EVERYWHERE, RESERVED, f"{RESERVED}-1")


def drawn_subscription(rng: random.Random) -> Subscription:
    return Subscription(
        regions=frozenset(rng.sample(REGIONS, rng.randint(1, len(REGIONS)))),
        topics=frozenset(rng.sample(list(Topic), rng.randint(0, 4))),
        kinds=frozenset(rng.sample(list(Kind), rng.randint(0, 3))),
        min_severity=rng.choice(list(Severity)),
        roles=frozenset(rng.sample(list(Role), rng.randint(1, len(Role)))),
        counterparts=rng.random() < 0.5,
    )


def drawn_synthetic(rng: random.Random) -> object:
    """As our own canary is, or made by somebody who mixes a place that is nowhere with real ones."""
    if rng.random() < 0.3:
        return make_canary(NOON).model_copy(update={"severity": rng.choice(list(Severity))})
    places = [
        a_place(
            rng.choice(["ID-NT", "KH-1", None]), rng.choice(list(Role)), counterpart=rng.choice([None, "TL-BO"])
        )
        for _ in range(rng.randint(0, 3))
    ]
    nowhere = a_place(None, rng.choice(list(Role)), country=RESERVED, counterpart=rng.choice([None, "ID-NT"]))
    places.insert(rng.randint(0, len(places)), nowhere)
    return an_alert(places=tuple(places), severity=rng.choice(list(Severity)), topics=(rng.choice(list(Topic)),))


def test_no_official_who_subscribes_to_anything_real_ever_gets_a_synthetic_alert(seed: int) -> None:
    rng = random.Random(seed)
    test_subscriber = an_official("canary", Subscription(frozenset({RESERVED})))
    for _ in range(500):
        people = [
            an_official(f"official-{n}", *[drawn_subscription(rng) for _ in range(rng.randint(1, 3))])
            for n in range(4)
        ]
        real = [o for o in people if all(line.regions != frozenset({RESERVED}) for line in o.subscriptions)]
        hears = SubscriptionIndex([*real, test_subscriber]).who_hears(drawn_synthetic(rng))  # type: ignore[arg-type]
        assert set(hears) <= {"canary"}


def test_the_test_subscriber_gets_no_real_alert(seed: int) -> None:
    rng = random.Random(seed)
    subscriber = an_official("canary", Subscription(frozenset({RESERVED})))
    for _ in range(200):
        alert = an_alert(places=(a_place(rng.choice(["ID-NT", "KH-1"])),), severity=rng.choice(list(Severity)))
        assert not isinstance(match_official(subscriber, alert), Match)
    assert isinstance(match_official(subscriber, make_canary(NOON)), Match)


@pytest.mark.parametrize(
    "name", ["canary-", "canary-x", "canary-٣", "canary-1e5", "incident-1", "canary-" + "9" * 12]
)
def test_these_are_no_names_of_ours(name: str) -> None:
    assert made_at(name) is None


def test_a_name_says_when_it_was_made() -> None:
    alert = make_canary(NOON)
    assert made_at(alert.incident_id) == made_at(alert.alert_id) == NOON
    assert is_synthetic(alert)
    assert not is_synthetic(an_alert())


@pytest.mark.parametrize("region", [RESERVED, f"{RESERVED}-1"])
def test_nobody_can_be_entered_for_the_reserved_region(region: str) -> None:
    with pytest.raises(ValidationError, match="reserved"):
        an_entry(subscriptions=[{"regions": ["ID-NT", region]}])


def test_a_mailbox_that_is_not_read_back_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="SIAGA_BOUNCE_MAILDIR"):
        load_settings(NotifierSettings, canary_email=TEST_MAIL).canary_addresses()
    given = load_settings(NotifierSettings, canary_email=TEST_MAIL, bounce_maildir=tmp_path)
    assert given.canary_addresses() == {"email": TEST_MAIL}


class Round:
    """A world with both test subscribers: what the relay would publish is handled at once."""

    def __init__(self, talk: Talk, office: Office, folder: Path, api: BotApi) -> None:
        self.talk, self.office, self.world = talk, office, talk.world
        self.made = 0
        self.canary = Canary(
            self.world.store,
            self.world.vault,
            self.world.metrics,
            lambda: self.world.now,
            self._made,
            telegram=api,
        )
        self.maildir = folder / "maildir"
        for name in ("new", "cur", "tmp"):
            (self.maildir / name).mkdir(parents=True)

    def _made(self) -> None:
        self.made += 1

    async def go(self) -> None:
        """Make, publish, hear, send, deliver the mail into the mailbox, read back."""
        await self.canary()

        def take(conn: sa.Connection) -> list[bytes]:
            mine = OUTBOX.c.topic == ALERTS
            found = [row.value for row in conn.execute(sa.select(OUTBOX).where(mine))]
            conn.execute(sa.delete(OUTBOX).where(mine))
            return found

        for value in await self.world.store.write(take):
            await self.world.hear(ALERT_EVENT.validate_json(value))
        await self.world.send()
        while self.office.letters:
            self.deliver(compose(self.office.letters.pop(0)))
        await self.read_mail()
        await self.canary()

    def deliver(self, data: bytes) -> None:
        count = len(list(self.maildir.glob("*/*")))
        (self.maildir / "new" / f"{count}").write_bytes(data)

    async def read_mail(self) -> None:
        box = Letterbox("example.org")
        await Inbox(self.maildir, self.world.store, self.world.vault, box, lambda: self.world.now)()

    async def seen(self) -> dict[str, float]:
        """By channel, how long ago what was read back last was read back."""
        found = await self.world.store.read(canary.last_seen)
        return {channel: self.world.now.timestamp() - seen.at for channel, seen in found.items()}


@pytest.fixture
async def around(talk: Talk, tmp_path: Path) -> AsyncIterator[Round]:
    talk.double.add_chat(TEST_CHAT)
    api = BotApi("1:token", talk.double.url)
    office = Office()
    email = Email(MailServer("localhost", 25, "siaga@example.org"), talk.world.vault.mark)
    email.hand_in = office.hand_in  # type: ignore[method-assign] - letters as they leave
    talk.world.channels["email"] = email
    talk.world.dispatcher = talk.world.a_dispatcher()
    addresses = {"telegram": str(TEST_CHAT), "email": TEST_MAIL}
    now = talk.world.now.timestamp()
    await talk.world.store.write(lambda conn: canary.set_up(conn, talk.world.vault, addresses, now))
    yield Round(talk, office, tmp_path, api)
    await api.close()


async def test_a_synthetic_alert_goes_the_whole_way_and_is_read_back_on_each_channel(around: Round) -> None:
    await around.world.add(an_entry(subscriptions=[{"regions": ["*"]}]))
    around.world.pass_time(minutes=20)
    await around.go()
    assert await around.seen() == {"telegram": 0, "email": 0}
    shown = around.talk.on_screen(TEST_CHAT)
    assert "read back" in shown[-1]
    assert around.talk.on_screen(CHAT) == [], "who subscribed to everywhere gets nothing"
    assert list(around.maildir.glob("*/*")) == []
    sample = around.world.metrics.canary_last_seen.labels("email")._value.get()
    assert sample == around.world.now.timestamp()


async def test_one_is_made_every_fifteen_minutes_and_not_more_often_over_a_restart(around: Round) -> None:
    await around.go()
    assert around.made == 1
    around.world.pass_time(minutes=14)
    await around.go()
    assert around.made == 1
    around.world.pass_time(minutes=1)
    await around.go()
    assert around.made == 2
    assert [*(await around.seen()).values()] == [0, 0]


async def test_a_channel_that_does_not_work_is_not_seen_and_the_other_is(around: Round) -> None:
    around.world.pass_time(minutes=20)
    around.talk.double.fail_next(Fault.UNAUTHORIZED, times=5)
    await around.go()
    assert await around.seen() == {"telegram": 20 * 60, "email": 0}


async def test_a_message_that_telegram_no_longer_has_is_not_read_back(around: Round) -> None:
    around.world.pass_time(minutes=20)
    before = around.canary._telegram
    around.canary._telegram = None
    await around.go()
    around.canary._telegram = before
    for message in around.talk.double.chats.of(TEST_CHAT):
        around.talk.double.chats.record({"what": "delete", "message_id": message.message_id})
    await around.canary()
    assert (await around.seen())["telegram"] == 20 * 60


async def test_a_mail_that_comes_twice_or_is_forged_does_not_count(around: Round) -> None:
    around.world.pass_time(minutes=20)
    await around.canary()
    made = around.world.now
    await around.go()
    around.world.pass_time(minutes=10)
    official_id = await around.world.store.read(lambda conn: canary.subscriber(conn, "email"))
    assert official_id is not None
    name = f"canary-{int(made.timestamp()) + 60}.1.{official_id}.push.email"
    forged = [f"<{name}@example.org>", f"<{name}.0000000000000000@example.org>", f"<{name}.x@evil.example>"]
    signed_again = f"canary-{int(made.timestamp())}.1.{official_id}.push.email"
    signature = around.world.vault.mark("mail", signed_again)[:16]
    for message_id in [*forged, f"<{signed_again}.{signature}@example.org>"]:
        around.deliver(f"From: x@example.org\nMessage-ID: {message_id}\nSubject: x\n\nx\n".encode())
    await around.read_mail()
    assert (await around.seen())["email"] == 600


async def test_without_a_test_subscriber_nothing_is_made(world: World) -> None:
    made: list[int] = []
    await Canary(world.store, world.vault, world.metrics, lambda: world.now, lambda: made.append(1))()
    assert made == []
    assert await world.store.read(lambda conn: conn.execute(sa.select(OUTBOX)).all()) == []


async def test_a_channel_whose_address_was_taken_out_has_no_subscriber_any_more(around: Round) -> None:
    now, vault = around.world.now.timestamp(), around.world.vault
    old = await around.world.store.read(lambda conn: canary.subscriber(conn, "telegram"))
    await around.world.store.write(lambda conn: canary.set_up(conn, vault, {"email": TEST_MAIL}, now))
    assert list(await around.seen()) == ["email"]
    assert await around.world.store.read(lambda conn: roster.find_official(conn, old or "")) is None


async def test_who_writes_in_the_test_chat_is_not_taken_for_the_canary(around: Round) -> None:
    assert "diundang" in await around.talk.say("/status", TEST_CHAT)


async def test_two_days_of_them_are_kept_and_no_more(around: Round) -> None:
    await around.go()
    around.world.pass_time(hours=49)
    await around.go()
    kept = await around.world.store.read(
        lambda conn: {made_at(row.subject) for row in conn.execute(sa.select(DELIVERY.c.subject))}
    )
    assert kept == {around.world.now.replace(microsecond=0)}


async def test_neither_feeds_nor_webhooks_get_one(world: World) -> None:
    handler = OutletHandler(world.store, Targets({}), lambda: world.now, lambda: None)

    def a_record(event: object) -> Received[object]:
        return Received(event, b"k", ALERTS, 0, 0, 0)

    await handler([a_record(make_canary(NOON)), a_record(an_alert())])  # type: ignore[list-item]
    kept = await world.store.read(lambda conn: [row.incident_id for row in conn.execute(sa.select(ENTRY))])
    assert kept == ["incident-1"]


async def test_only_the_store_says_who_the_test_subscribers_are(around: Round) -> None:
    ids = await around.world.store.read(
        lambda conn: [
            row.value for row in conn.execute(sa.select(META).where(META.c.name.startswith("canary_official")))
        ]
    )
    assert len(ids) == 2
    for official_id in ids:
        assert await around.world.store.read(lambda conn, o=official_id: canary.is_canary(conn, o))
    [person] = await around.world.add(an_entry())
    assert not await around.world.store.read(lambda conn: canary.is_canary(conn, person))


def test_the_hour_of_the_name_is_utc() -> None:
    assert make_canary(datetime(2026, 1, 1, tzinfo=UTC)).incident_id == "canary-1767225600"
