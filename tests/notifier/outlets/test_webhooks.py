"""Webhooks: at least once, in order, never to where they must not go, and what failed is seen."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.abc import AbstractResolver, ResolveResult

from services.contracts.codes import Severity
from services.notifier.core.outlets.webhook import WAITS_S, Wanted, read_secret
from services.notifier.outlets import keep, webhook_rows
from services.notifier.outlets.post import Posted, Poster
from services.notifier.outlets.sender import SenderTools, WebhookSender
from services.notifier.outlets.tables import WEBHOOK
from services.notifier.outlets.targets import Target, Targets
from services.notifier.outlets.webhook_rows import State, TargetState
from tests.notifier.builders import a_merge, a_place, a_withdrawal, an_alert, an_update
from tests.notifier.outlets.doors import Doors
from tests.notifier.outlets.subscriber import Subscriber, only
from tests.notifier.outlets.support import JAKARTA
from tests.notifier.outlets.test_signing import OTHER, SECRET

ALL = Wanted(frozenset({"*"}))


def a_target(url: str, **changes: Any) -> Target:
    given: dict[str, Any] = {
        "name": "centre", "url": url, "keys": (read_secret(SECRET),), "wanted": ALL, "language": "en",
        "zone": JAKARTA,
    }  # fmt: skip
    return Target(**(given | changes))


class Sending:
    """A sender on a test's store, with the test's clock, to one subscriber or several."""

    def __init__(self, doors: Doors, targets: Targets, **changes: Any) -> None:
        self.doors = doors
        self.targets = targets
        self.poster = Poster(targets, total_s=1.0)
        given: dict[str, Any] = {
            "store": doors.world.store, "targets": targets, "poster": self.poster, "metrics": doors.metrics,
            "clock": lambda: doors.world.now, "jitter": lambda: 0.5, "disable_after_days": 5.0,
        }  # fmt: skip
        self.sender = WebhookSender(SenderTools(**(given | changes)))

    async def begin(self) -> None:
        await self.doors.world.store.write(
            lambda conn: webhook_rows.sync_targets(conn, self.targets.by_name, self.doors.world.now.timestamp())
        )

    async def hear(self, *events: Any) -> None:
        await self.doors.hear(*events, targets=self.targets)

    async def send_all(self) -> int:
        total = 0
        while made := await self.sender.step():
            total += made
        return total

    async def later(self, seconds: float) -> int:
        self.doors.world.pass_time(seconds=seconds)
        return await self.send_all()

    async def states(self) -> list[str]:
        def work(conn: sa.Connection) -> list[str]:
            return [row.state for row in conn.execute(sa.select(WEBHOOK.c.state).order_by(WEBHOOK.c.seq))]

        return await self.doors.world.store.read(work)

    async def target(self) -> webhook_rows.TargetView:
        [found] = await self.doors.world.store.read(webhook_rows.list_targets)
        return found


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with Subscriber(SECRET).listening() as one:
        yield one


@pytest.fixture
async def sending(doors: Doors, subscriber: Subscriber) -> AsyncIterator[Sending]:
    made = Sending(doors, only(a_target(subscriber.url)))
    await made.begin()
    yield made
    await made.poster.close()


async def test_the_life_of_an_incident_arrives_in_order_and_verifies(
    sending: Sending, subscriber: Subscriber
) -> None:
    await sending.hear(an_alert(), an_update(), a_withdrawal(version=3), an_update(version=4), a_merge(version=5))
    assert sending.doors.woken == 5
    await sending.send_all()
    assert [one.removeprefix("incident.") for one in subscriber.types] == [
        "raised", "updated", "withdrawn", "raised", "merged",
    ]  # fmt: skip
    assert subscriber.forged == 0
    assert set(await sending.states()) == {"accepted"}


async def test_a_repeated_event_is_no_second_message(sending: Sending, subscriber: Subscriber) -> None:
    await sending.hear(an_alert(), an_alert())
    await sending.send_all()
    assert len(subscriber.tries) == 1


async def test_the_topic_read_again_from_its_beginning_sends_nothing_twice(
    sending: Sending, subscriber: Subscriber
) -> None:
    events = (an_alert(), an_update(), a_withdrawal(version=3))
    await sending.hear(*events)
    await sending.send_all()
    later = sending.doors.world.now.timestamp() + 1
    await sending.doors.world.store.write(lambda conn: keep.forget_before(conn, later))
    await sending.hear(*events)
    await sending.send_all()
    assert len(subscriber.tries) == 3


async def test_an_answer_lost_on_the_way_is_repeated_under_the_same_id(
    sending: Sending, subscriber: Subscriber
) -> None:
    subscriber.answers = ["take and drop"]
    await sending.hear(an_alert())
    await sending.send_all()
    assert await sending.states() == ["due"]
    await sending.later(10)
    assert subscriber.repeats == 1
    assert len(subscriber.taken) == 1
    assert await sending.states() == ["accepted"]


@pytest.mark.parametrize(
    ("answer", "posted"),
    [(500, "server_error"), (404, "refused"), (401, "refused"), (302, "redirected"), (429, "busy"), ("drop", "not_connected"), ("hang", "timed_out")],
)  # fmt: skip
async def test_what_was_not_taken_waits_and_shows_why(
    sending: Sending, subscriber: Subscriber, answer: int | str, posted: str
) -> None:
    subscriber.headers = {"location": subscriber.url + "/elsewhere"}
    subscriber.answers = [answer]
    await sending.hear(an_alert())
    assert await sending.send_all() == 1
    [row] = await sending.doors.world.store.read(lambda conn: webhook_rows.recent(conn, "centre", 9))
    assert (row["state"], row["reason"], row["tries"]) == ("due", posted, 1)
    assert await sending.later(1) == 0
    assert await sending.later(10) == 1
    assert await sending.states() == ["accepted"]
    assert len(subscriber.tries) == 2  # a redirect was not followed


async def test_an_endless_answer_is_not_read(sending: Sending, subscriber: Subscriber) -> None:
    subscriber.answers = ["endless"]
    await sending.hear(an_alert())
    await sending.send_all()
    assert await sending.states() == ["accepted"]


async def test_patience_asked_for_is_given(sending: Sending, subscriber: Subscriber) -> None:
    subscriber.answers, subscriber.headers = [429], {"retry-after": "120"}
    await sending.hear(an_alert())
    await sending.send_all()
    assert await sending.later(100) == 0
    assert await sending.later(21) == 1


async def test_a_message_nobody_takes_is_given_up_and_holds_up_no_other_incident(
    sending: Sending, subscriber: Subscriber
) -> None:
    subscriber.answers = [400]
    await sending.hear(an_alert())
    await sending.send_all()
    await sending.hear(an_alert(incident_id="other"), an_update())
    await sending.send_all()
    assert subscriber.types == ["incident.raised"]  # the other one; the update waits for what it updates
    for wait in WAITS_S:
        subscriber.answers = [400]
        await sending.later(wait * 1.2)
    await sending.send_all()
    assert await sending.states() == ["gave_up", "accepted", "accepted"]
    assert subscriber.types == ["incident.raised", "incident.updated"]


async def test_a_target_that_fails_for_days_is_switched_off_and_what_waits_is_kept(
    sending: Sending, subscriber: Subscriber
) -> None:
    await sending.hear(*(an_alert(incident_id=f"i{n}") for n in range(3)))
    for _ in range(8):
        subscriber.answers = [500] * 3
        await sending.later(86_400)
    found = await sending.target()
    assert found.state is TargetState.DISABLED
    assert "5 days" in found.reason
    await sending.hear(an_alert(incident_id="new"))
    assert await sending.later(86_400) == 0
    assert await sending.states() == ["held"] * 4
    now = sending.doors.world.now.timestamp()
    held = await sending.doors.world.store.write(lambda conn: webhook_rows.enable(conn, "centre", "test", now))
    assert held == 4
    subscriber.answers = []
    await sending.send_all()
    assert len(subscriber.taken) == 4
    assert (await sending.target()).failing_since is None


async def test_a_target_that_succeeds_now_and_then_is_not(sending: Sending, subscriber: Subscriber) -> None:
    for day in range(8):
        await sending.hear(an_alert(incident_id=f"i{day}"))
        subscriber.answers = [500]
        await sending.later(60)
        await sending.later(86_400)
    assert (await sending.target()).state is TargetState.ACTIVE


async def test_a_target_that_says_it_is_gone_is_switched_off_at_once(
    sending: Sending, subscriber: Subscriber
) -> None:
    subscriber.answers = [410]
    await sending.hear(an_alert())
    await sending.send_all()
    assert (await sending.target()).state is TargetState.DISABLED
    assert await sending.states() == ["held"]


async def test_a_target_taken_out_of_the_file_gets_nothing_more(sending: Sending, subscriber: Subscriber) -> None:
    await sending.hear(an_alert())
    await sending.doors.world.store.write(lambda conn: webhook_rows.sync_targets(conn, (), 1.0))
    assert await sending.send_all() == 0
    assert await sending.states() == ["dropped"]
    assert (await sending.target()).state is TargetState.REMOVED


async def test_one_dead_target_delays_no_other(doors: Doors, subscriber: Subscriber) -> None:
    dead = a_target("http://127.0.0.1:9/hook", name="dead")
    sending = Sending(doors, only(dead, a_target(subscriber.url)))
    await sending.begin()
    await sending.hear(*(an_alert(incident_id=f"i{n}") for n in range(5)))
    await sending.send_all()
    assert len(subscriber.taken) == 5
    await sending.poster.close()


async def test_a_subscriber_with_another_secret_takes_nothing(doors: Doors) -> None:
    async with Subscriber(OTHER).listening() as stranger:
        sending = Sending(doors, only(a_target(stranger.url)))
        await sending.begin()
        await sending.hear(an_alert())
        await sending.send_all()
        assert stranger.forged == 1
        assert stranger.taken == {}
        await sending.poster.close()


async def test_a_target_hears_of_its_regions_and_of_their_end(doors: Doors, subscriber: Subscriber) -> None:
    wanted = Wanted(frozenset({"ID-NT"}), frozenset(), Severity.HIGH)
    sending = Sending(doors, only(a_target(subscriber.url, wanted=wanted)))
    await sending.begin()
    await sending.hear(
        an_alert(incident_id="kh", places=(a_place("KH-1"),)),
        an_alert(incident_id="low", severity=Severity.LOW),
        an_alert(),
        an_update(severity=Severity.LOW),
        an_update(version=3, places=(a_place("ID-NB"),)),
        an_update(version=4, places=(a_place("ID-NB"),)),
    )
    await sending.send_all()
    assert subscriber.types == ["incident.raised", "incident.updated", "incident.left"]
    await sending.poster.close()


class Lying(AbstractResolver):
    """Answers every name with one address, as a hostile name server does."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        kind = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        return [ResolveResult(hostname=host, host=self._address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "192.168.1.1", "::1", "::ffff:127.0.0.1", "100.64.0.1"]
)
@pytest.mark.parametrize("loopback", [False, True])
async def test_a_name_that_leads_behind_our_walls_is_not_followed(address: str, loopback: bool) -> None:
    poster = Poster(Targets({}, loopback=loopback), resolver=Lying(address), total_s=2.0)
    result = await poster.post(a_target("https://hooks.example/x"), "msg_1", b"{}")
    assert result.posted is Posted.ADDRESS_REFUSED
    await poster.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "localhost"])
async def test_this_machine_written_otherwise_is_not_reached_either(subscriber: Subscriber, host: str) -> None:
    poster = Poster(Targets({}), total_s=2.0)
    result = await poster.post(a_target(subscriber.url.replace("127.0.0.1", host)), "msg_1", b"{}")
    assert result.posted in {Posted.ADDRESS_REFUSED, Posted.NOT_CONNECTED}
    assert subscriber.tries == []
    await poster.close()


async def test_a_network_the_operator_named_may_be_reached(subscriber: Subscriber) -> None:
    from ipaddress import ip_network

    poster = Poster(Targets({}, networks=(ip_network("127.0.0.0/8"),)), resolver=Lying("127.0.0.1"), total_s=2.0)
    url = subscriber.url.replace("127.0.0.1", "hooks.example")
    assert (await poster.post(a_target(url), "msg_1", b"{}")).status == 204
    await poster.close()


async def test_a_certificate_of_nobody_we_know_is_refused() -> None:
    import ssl
    import subprocess
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        key, cert = Path(folder) / "key", Path(folder) / "cert"
        made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        subprocess.run([*made, "-keyout", key, "-out", cert], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        poster = Poster(Targets({}, loopback=True), total_s=5.0)
        result = await poster.post(a_target(f"https://127.0.0.1:{port}/x"), "msg_1", b"{}")
        assert result.posted is Posted.BAD_CERTIFICATE
        await poster.close()
        server.close()


async def test_the_loop_sends_by_itself_and_ends_when_told(sending: Sending, subscriber: Subscriber) -> None:
    stopping = asyncio.Event()
    loop = asyncio.create_task(sending.sender.run_until(stopping))
    await sending.hear(an_alert())
    sending.sender.wake()
    while not subscriber.taken:
        await asyncio.sleep(0.02)
    stopping.set()
    await asyncio.wait_for(loop, 5)
    assert await sending.states() == [State.ACCEPTED]
