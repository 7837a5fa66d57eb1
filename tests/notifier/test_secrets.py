"""No token, no chat id, no address and no name leaves the notifier except to the one it belongs to."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from services.cli.demo.botapi_faults import Fault
from services.contracts.codes import Severity
from services.contracts.delivery import Outcome
from services.contracts.topics import ALERTS, DEAD, DELIVERIES
from services.notifier.tables import CONTACT
from services.runtime.embedded import EmbeddedProcess
from tests.notifier.builders import a_place, an_alert, an_entry
from tests.notifier.canaries import files, leaks, pages, records
from tests.notifier.pace_world import OPEN
from tests.notifier.process import ROOT, TOKEN, notifying
from tests.notifier.world import SECRET, World

DEMO = ROOT / "seeds" / "officials.demo.yaml"
CANARIES = {
    "the token": TOKEN,
    "the token's secret": TOKEN.partition(":")[2],
    "a chat id": "900000011",
    "the chat id of somebody not told": "900000017",
    "an address": "attache.phnompenh@example.org",
    "an address nobody was written to": "ppa-ppo.ntt@example.org",
    "a name": "Unit PPA-PPO Polda NTT",
}


async def test_a_process_that_delivers_shows_no_token_no_address_and_no_name(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, DEMO) as one:
        one.bot.fail_next(Fault.RESET, chat_id=900000011)
        one.start(SIAGA_LOG_LEVEL="DEBUG")
        await one.publish([
            an_alert(incident_id="ntt-1"),
            an_alert(incident_id="ntt-2"),
            an_alert(incident_id="kh-1", places=(a_place("KH-1", name="Poipet"),), severity=Severity.CRITICAL),
        ])  # fmt: skip
        await one.until(
            lambda: (
                len({row["incident_id"] for row in one.ledger()} - {None}) == 3
                and not any(one.states()[state] for state in OPEN)
            )
        )
        kafka = await records(embedded.bootstrap, [ALERTS, DELIVERIES, DEAD])
        shown = await pages(one.log)
        assert await one.stop() == 0
        told = {"log": one.log.encode(), **shown, **kafka, **files(tmp_path, "notifier.sqlite3*")}
        assert leaks(CANARIES, told) == []
        # What was looked through is what it should be.
        assert any(mail["To"] == CANARIES["an address"] for mail in one.mail.mails())
        assert one.bot.chats.of(900000011)
        assert one.states()["unknown"] + one.states()["parked"] == 1, "an error was told as well"
        assert {e.outcome for e in await one.announced()} >= {Outcome.INTENDED, Outcome.ACCEPTED}
        assert b"siaga_delivery_attempts_total" in shown["/metrics"]
        assert any(place.startswith(f"{DELIVERIES}/") for place in kafka)
        assert "notifier.sqlite3" in told


def test_a_leak_is_found_however_it_is_written() -> None:
    for spelled in (b"x 900000011 y", b"OTAwMDAwMDEx", b"393030303030303131"):
        assert leaks({"a chat id": "900000011"}, {"log": spelled}) == ["a chat id in log"]
    assert leaks({"an address": "a@example.org"}, {"trace": b"to=a%40example.org"}) == ["an address in trace"]
    assert leaks({"a chat id": "900000011"}, {"log": b"nothing of the kind"}) == []


async def test_an_address_is_sealed_in_the_store_with_the_key_of_the_file_and_cannot_be_read_without(
    world: World,
) -> None:
    await world.add(an_entry(contacts={"telegram": 900000001, "email": "ppa@example.org"}))
    contacts = await world.store.read(lambda conn: conn.execute(sa.select(CONTACT)).all())
    assert {contact.channel for contact in contacts} >= {"telegram", "email"}
    assert len({contact.sealed for contact in contacts}) == len(contacts)
    raw = files(world.folder, "notifier.sqlite3*")
    assert leaks({"chat": "900000001", "address": "ppa@example.org", "key": SECRET.decode()}, raw) == []
