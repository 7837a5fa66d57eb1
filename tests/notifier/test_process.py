"""The whole notifier as a process: Kafka in, a message on a screen and a mail in a box out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.contracts.codes import Severity
from services.contracts.delivery import Outcome
from services.runtime.embedded import EmbeddedProcess
from tests.notifier.builders import a_place, an_alert
from tests.notifier.crash_books import officials_file
from tests.notifier.process import ROOT, TOKEN, notifying

DEMO = ROOT / "seeds" / "officials.demo.yaml"


async def test_an_alert_on_kafka_reaches_a_screen_and_a_mailbox(embedded: EmbeddedProcess, tmp_path: Path) -> None:
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, DEMO) as one:
        one.start()
        await one.publish([
            an_alert(incident_id="ntt-1"),
            an_alert(incident_id="kh-1", places=(a_place("KH-1", name="Poipet"),), severity=Severity.CRITICAL),
        ])  # fmt: skip
        await one.until(lambda: one.states()["accepted"] >= 3)
        texts = [message.shown for message in one.bot.chats.of(900000011)]
        assert len(texts) == 1
        assert "TINGGI" in texts[0]
        [mail] = one.mail.mails()
        assert mail["To"] == "attache.phnompenh@example.org"
        accepted: set[str] = set()
        async with asyncio.timeout(60):
            while len(accepted) < 3:  # the ledger knows an outcome before the topic does
                announced = await one.announced()
                accepted = {event.delivery_key for event in announced if event.outcome is Outcome.ACCEPTED}
        assert {event.delivery_key for event in announced if event.outcome is Outcome.INTENDED} == accepted
        assert len(accepted) == 3
        assert TOKEN not in one.log
        assert "example.org" not in one.log


async def test_a_process_told_to_end_finishes_what_it_is_sending(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    officials = officials_file(tmp_path, 30)
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, officials) as one:
        one.start()
        await one.publish([an_alert(incident_id=f"{n:08d}-stop") for n in range(3)])
        for stop in range(3):
            await one.until(lambda enough=10 + 20 * stop: one.states()["accepted"] >= enough)
            # All may be delivered before it has started again: a process that is not up yet finishes nothing.
            await one.until(lambda starts=stop + 1: one.log.count('"running"') >= starts)
            assert await one.stop() == 0
            one.start()
        await one.until(lambda: one.states()["accepted"] >= 90)
        assert one.states() == {"accepted": 90}
        assert set(one.copies().values()) == {1}
