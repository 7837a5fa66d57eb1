"""A desk with something of everything in its stores, and readers of every kind."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa

from services.contracts.codes import Role, Severity, Topic
from services.notifier import actions, alert_log, invitations
from services.notifier.actions import Said
from services.notifier.desk.api.answers import INCIDENT_ID, STORY_ID
from services.notifier.desk.sessions import Role as DeskRole
from services.notifier.invitations import Guest
from services.notifier.outlets.readers import NewReader, TokenScope, add_reader
from services.notifier.tables import DELIVERY
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import NOON, a_delivery, a_health, a_tagged, received
from house import BASE, House, a_house

#: In Timor, in Cambodia, and one that was merged away.
HERE, THERE, GONE = INCIDENT_ID, "incident-kh", "incident-gone"
OFFICIAL, OTHER = "ppa-ppo-ntt", "somebody-else"


@asynccontextmanager
async def a_filled_house(folder: Path) -> AsyncIterator[House]:
    """A desk that has something of everything."""
    async with a_house(folder) as house:
        await fill(house)
        yield house


async def fill(house: House) -> None:
    """Incidents of two countries with stories, sources, deliveries, a dead letter, corrections and an audit."""
    source = builders.a_source(STORY_ID)
    timor = builders.an_alert(incident_id=HERE, sources=(source, builders.a_source("ppp:9", outlet="ppp")))
    cambodia = builders.an_alert(
        incident_id=THERE, severity=Severity.CRITICAL, places=(builders.a_place("KH-18", Role.EVENT),),
        topics=(Topic.FORCED_CRIMINALITY,), last_changed_at=NOON - timedelta(hours=1),
        sources=(builders.a_source("ppp:9"),),
    )  # fmt: skip
    await house.intake.take_alerts([
        received(timor), received(builders.an_update(incident_id=HERE)), received(cambodia),
        received(builders.an_alert(incident_id=GONE)), received(builders.a_merge(GONE, into=HERE)),
    ])  # fmt: skip
    await house.intake.take_stories([
        received(a_tagged(STORY_ID, incident_id=HERE)),
        received(a_tagged("ppp:9", incident_id=THERE, outlet="ppp")),
        received(a_tagged("ppp:10", relevant=False)),
        received(a_tagged("https://news.example/a/b", incident_id=HERE)),
    ])  # fmt: skip
    await house.intake.take_sources([
        received(a_health()), received(a_health("ppp-all", default_region="KH", outlet="ppp"))
    ])  # fmt: skip
    await house.add(OTHER)
    own = house.officials[OFFICIAL]
    await house.intake.take_deliveries([
        received(a_delivery(incident_id=HERE, subject=f"{HERE}.1", official_id=own)),
        received(a_delivery(incident_id=HERE, subject=f"{HERE}.1", official_id=house.officials[OTHER])),
    ])  # fmt: skip
    reason = {"dead-reason": "ValidationError: 1 wrong", "dead-topic": "stories", "dead-partition": "3"}
    await house.intake.take_letters([received(b"raw text of a victim", offset, **reason) for offset in range(3)])
    now = house.clock().timestamp()

    def write(conn: sa.Connection) -> None:
        alert_log.keep_alert(conn, timor, replayed=False, now=now - 3600)
        for what in ("not_relevant", "wrong_place"):
            actions.carry_out(conn, Said(own, HERE, 1, what), now)
        guest = Guest(builders.an_entry("guest").spec(), "Guest", "admin sri")
        invitations.invite(conn, house.vault, guest, now)
        conn.execute(sa.insert(DELIVERY).values(**_parked(own, now)))

    await house.desk.people.write(write)


def _parked(official_id: str, now: float) -> dict[str, object]:
    return {
        "subject": f"{HERE}.1", "official_id": official_id, "channel": "telegram", "action": "push",
        "incident_id": HERE, "version": 1, "state": "parked", "reason": "timeout", "why": "new", "priority": 1,
        "due_at": now, "first_due_at": now, "attempts": 1, "second_copy": False, "relisted": 0,
        "created_at": now, "changed_at": now,
    }  # fmt: skip


def a_reader(house: House, regions: tuple[str, ...] = ("*",), **changes: object) -> NewReader:
    """A reader that only reads, for an hour."""
    new = NewReader("test", regions, (), "en", "Asia/Jakarta", house.clock().timestamp() + 3600)
    return replace(new, **changes)  # type: ignore[arg-type]


async def token_of(house: House, new: NewReader) -> str:
    """The token of a new reader."""
    now = house.clock().timestamp()
    _, token = await house.desk.people.write(lambda conn: add_reader(conn, new, "test", now))
    return token


def program(house: House, token: str) -> httpx.AsyncClient:
    """A program with a token."""
    client = house.client(authorization=f"Bearer {token}")
    client.base_url = httpx.URL(f"{BASE}/api/v1/")
    return client


async def client_of(house: House, new: NewReader | None = None) -> httpx.AsyncClient:
    """A program with a token of its own."""
    return program(house, await token_of(house, new or a_reader(house)))


async def writer_of(house: House, regions: tuple[str, ...] = ("ID-NT",)) -> httpx.AsyncClient:
    """A program that writes in the name of the official."""
    own = house.officials[OFFICIAL]
    return await client_of(house, a_reader(house, regions, scope=TokenScope.WRITE, official_id=own))


async def admin_of(house: House, role: DeskRole | None = DeskRole.ADMIN) -> httpx.AsyncClient:
    """A program with an admin's token: of the official in this role, or of a system."""
    own = house.officials[OFFICIAL]
    if role is not None:
        await house.give_role(OFFICIAL, role)
    bound = own if role is not None else None
    return await client_of(house, a_reader(house, scope=TokenScope.ADMIN, official_id=bound))
