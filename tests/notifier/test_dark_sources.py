"""Officials are told once, in the digest, that a source of theirs is dark, and once that it is back."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.contracts.source import Health, SourceHealthChanged
from services.notifier import roster
from services.notifier.channels.base import Digest
from services.notifier.channels.email import MailServer, write_letter
from services.notifier.core.dark import BACK_AFTER, DARK_AFTER, concerns
from services.notifier.core.ledger import Verdict
from services.notifier.core.mail_text import compose
from services.notifier.core.reason import Reason
from services.notifier.core.telegram_text import render_digest, utf16_length
from services.notifier.dark_sources import keep_changes, plan_notes
from services.notifier.source_tables import SOURCE_NOTE
from tests.notifier.builders import NOON, a_subscription, an_alert, an_entry, an_official
from tests.notifier.world import World, refusal

HOURLY = {"digest": {"every": "1h"}, "channels": ["telegram"]}


class Watched:
    """A world in which sources go dark and come back, an hour at a time."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def turn(self, health: Health, source_id: str = "antara-ntt", **changes: Any) -> None:
        given: dict[str, Any] = {
            "occurred_at": self.world.now, "source_id": source_id, "outlet": "antara", "default_region": "ID-NT",
            "health": health, "reason": "test", "since": self.world.now,
        }  # fmt: skip
        change = SourceHealthChanged(**(given | changes))
        await self.world.store.write(lambda conn: keep_changes(conn, [change]))

    async def hours(self, count: int) -> None:
        for _ in range(count):
            self.world.pass_time(hours=1)
            await self.world.store.write(lambda conn: plan_notes(conn, self.world.now))
            await self.world.send_digests()

    def told(self) -> list[str]:
        """What digests said of sources, in order."""
        bodies = [message.body for message in self.world.telegram.sent]
        return [note for body in bodies if isinstance(body, Digest) for note in body.notes]


@pytest.fixture
def watched(world: World) -> Watched:
    return Watched(world)


async def test_a_source_that_went_dark_is_told_once_and_once_that_it_is_back(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.BROKEN)
    await watched.hours(12)
    assert len(watched.told()) == 1
    assert "ANTARA (NTT) sejak 22 Nov 2026 13.00 WITA, tidak dapat dibaca" in watched.told()[0]
    await watched.turn(Health.FRESH)
    await watched.hours(6)
    assert len(watched.told()) == 2
    assert "terpantau lagi: ANTARA (NTT)" in watched.told()[1]


async def test_a_source_taken_out_of_the_list_is_not_waited_for(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.GONE)
    await watched.hours(12)
    assert len(watched.told()) == 1
    await watched.turn(Health.GONE, retired=True)
    await watched.world.add(an_entry(ref="newcomer", contacts={"telegram": 900000002}, **HOURLY))
    await watched.hours(12)
    assert len(watched.told()) == 1, "whoever came later hears nothing of it"


async def test_a_source_that_is_listed_again_is(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.GONE, retired=True)
    await watched.hours(1)
    await watched.turn(Health.BROKEN)
    await watched.hours(12)
    assert len(watched.told()) == 1


async def test_it_is_told_in_the_officials_language(watched: Watched) -> None:
    await watched.world.add(an_entry(language="en", **HOURLY))
    await watched.turn(Health.STALE)
    await watched.hours(9)
    assert (
        "dark, their news may be missing: ANTARA (NTT) since 22 Nov 2026 13:00 WITA, no new stories."
        in watched.told()[0]
    )


async def test_a_source_that_flickers_is_no_news(watched: Watched, seed: int) -> None:
    rng = random.Random(seed)
    await watched.world.add(an_entry(**HOURLY))
    for _ in range(6):
        await watched.turn(rng.choice([Health.BROKEN, Health.STALE]))
        await watched.hours(rng.randint(1, int(DARK_AFTER / timedelta(hours=1)) - 1))
        await watched.turn(rng.choice([Health.FRESH, Health.QUIET]))
        await watched.hours(rng.randint(0, 3))
    assert watched.told() == []


async def test_a_dark_source_that_flickers_is_not_said_to_be_back(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.BROKEN)
    await watched.hours(8)
    for _ in range(3):
        await watched.turn(Health.FRESH)
        await watched.hours(int(BACK_AFTER / timedelta(hours=1)) - 1)
        await watched.turn(Health.BLOCKED)
        await watched.hours(8)
    assert len(watched.told()) == 1


async def test_back_before_the_digest_says_nothing_of_it(watched: Watched) -> None:
    await watched.world.add(an_entry(channels=["telegram"], digest={"at": ["12:30"]}))
    await watched.turn(Health.BROKEN)
    await watched.hours(10)
    await watched.turn(Health.FRESH)
    await watched.hours(16)
    assert watched.told() == []
    assert watched.world.telegram.sent == [], "and there is no digest without anything in it"


async def test_dark_again_before_its_return_was_told_says_nothing_more(watched: Watched) -> None:
    await watched.world.add(an_entry(channels=["telegram"], digest={"at": ["12:30"]}))
    await watched.turn(Health.BROKEN)
    await watched.hours(25)
    await watched.turn(Health.FRESH)
    await watched.hours(4)
    await watched.turn(Health.BROKEN)
    await watched.hours(21)
    assert len(watched.told()) == 1


async def test_it_goes_with_the_incidents_of_the_same_digest(watched: Watched) -> None:
    await watched.world.add(an_entry(channels=["telegram"], digest={"at": ["00:30"]}))
    await watched.turn(Health.GONE)
    await watched.world.hear(an_alert(severity=1))
    await watched.hours(14)
    [message] = watched.world.telegram.sent
    assert isinstance(message.body, Digest)
    assert len(message.body.entries) == len(message.body.notes) == 1


async def test_sources_elsewhere_are_not_told(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.BROKEN, "tribun-bali", default_region="ID-BA")
    await watched.turn(Health.BROKEN, "somewhere", default_region="")
    await watched.hours(9)
    assert watched.told() == []


async def test_a_whole_outlet_is_one_paragraph_that_counts(watched: Watched) -> None:
    await watched.world.add(an_entry(subscriptions=[{"regions": ["ID"]}], **HOURLY))
    for n in range(30):
        await watched.turn(Health.BROKEN, f"tribun-{n}", outlet=f"tribun-{n}", default_region="ID-NT")
    await watched.hours(9)
    [said] = watched.told()
    assert said.endswith("; 22 lagi.")


async def test_a_digest_that_did_not_arrive_takes_the_note_along_again(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    watched.world.telegram.answers = [refusal(Verdict.PERMANENT, Reason.REJECTED)]
    await watched.turn(Health.BROKEN)
    await watched.hours(12)
    assert len(watched.told()) == 1


async def test_a_digest_nobody_saw_arrive_is_not_told_again(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    watched.world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await watched.turn(Health.BROKEN)
    await watched.hours(12)
    assert watched.told() == []


async def test_who_joins_later_is_told_too_and_who_is_forgotten_leaves_no_note(watched: Watched) -> None:
    await watched.turn(Health.BROKEN)
    await watched.hours(9)
    [official_id] = await watched.world.add(an_entry(**HOURLY))
    await watched.hours(2)
    assert len(watched.told()) == 1
    await watched.world.store.write(lambda conn: roster.forget(conn, official_id, "x", 1.0))
    await watched.hours(1)
    assert await watched.world.store.read(lambda conn: conn.execute(sa.select(SOURCE_NOTE)).all()) == []


async def test_an_old_event_that_comes_again_changes_nothing(watched: Watched) -> None:
    await watched.world.add(an_entry(**HOURLY))
    await watched.turn(Health.FRESH)
    await watched.turn(Health.BROKEN, occurred_at=NOON - timedelta(hours=5))
    await watched.hours(12)
    assert watched.told() == []


@pytest.mark.parametrize(("regions", "source", "yes"), [
    (("ID-NT",), "ID-NT", True), (("ID-NT",), "ID", True), (("ID",), "ID-NT", True), (("*",), "KH-1", True),
    (("ID-NT",), "ID-NB", False), (("KH",), "ID", False), (("ID-NT",), "", False), (("*",), "", True),
])  # fmt: skip
def test_whose_source_it_is(regions: tuple[str, ...], source: str, yes: bool) -> None:
    assert concerns(an_official("o", a_subscription(*regions)), source) is yes


def test_a_digest_with_notes_still_fits_one_message() -> None:
    text = render_digest("h" * 100, [], "f" * 300, ["n" * 3000, "&" * 3000, "x" * 3000])
    assert utf16_length(text.plain) <= 4096


async def test_a_mail_shows_the_note_in_both_parts(watched: Watched, tmp_path: Path) -> None:
    await watched.world.add(an_entry(channels=["email"], digest={"every": "1h"}))
    await watched.turn(Health.BROKEN, outlet="<b>x")
    await watched.hours(9)
    [message] = watched.world.email.sent
    letter = write_letter(message, MailServer("localhost", 25, "siaga@example.org"))
    assert "<b>x (NTT)" in letter.text
    assert "&lt;b&gt;x (NTT)" in letter.html
    assert compose(letter)
