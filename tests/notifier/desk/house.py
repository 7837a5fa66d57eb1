"""A desk with one official who may look, on SQLite, reached in memory or by a real port."""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from services.notifier import invitations, taking_over
from services.notifier.desk import sessions
from services.notifier.desk.app import MIGRATIONS, Inside, desk_routes, make_desk
from services.notifier.desk.desk import Desk
from services.notifier.desk.intake import Intake
from services.notifier.notices import take_due
from services.notifier.outlets.front import create_front
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.vault import Vault
from services.runtime.store import Store
from tests.notifier import builders

ROOT = Path(__file__).resolve().parents[3]
OUTLINE = ROOT / "seeds" / "places" / "outline.json"
PEOPLE = ROOT / "services" / "notifier" / "migrations"
BASE = "http://desk.example"
DOMAINS = frozenset({"example.org"})


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    instant: datetime = builders.NOON + timedelta(minutes=1)

    def __call__(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        self.instant += timedelta(**by)


@dataclass
class House:
    """The desk under test and who is in it."""

    desk: Desk
    vault: Vault
    intake: Intake
    app: object
    clock: Clock
    officials: dict[str, str] = field(default_factory=dict)

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own, without redirects followed."""
        given = {"accept-language": "en"} | headers
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE, headers=given)  # type: ignore[arg-type]

    async def add(self, ref: str, **changes: object) -> str:
        """An approved official."""
        entry = builders.an_entry(ref, **changes)
        now = self.clock().timestamp()
        self.officials[ref] = await self.desk.people.write(
            lambda conn: taking_over.import_entry(conn, self.vault, entry, "test", now)
        )
        return self.officials[ref]

    async def code(self) -> tuple[str, str]:
        """The newest code on its way, and its channel."""
        now = self.clock().timestamp()

        def take(conn: sa.Connection) -> tuple[str, str]:
            due = take_due(conn, self.vault, ["telegram", "email"], now, 10)
            (notice,) = [one for one in due if "code" in one.values]
            return notice.values["code"], notice.channel

        return await self.desk.people.write(take)

    async def sign_in(self, ref: str) -> httpx.AsyncClient:
        """A browser in which this official is signed in, by the pages themselves."""
        client = self.client()
        await client.post("/desk/sign-in", data={"address": f"{ref}@example.org", "channel": "email"})
        code, _ = await self.code()
        answer = await client.post("/desk/sign-in/code", data={"code": code})
        assert answer.headers["location"] == "/desk/", answer.text
        return client

    async def invite(self, inviter: str = "admin sri", **changes: object) -> invitations.Invitation:
        """A link for somebody new."""
        spec = builders.an_entry("guest", **changes).spec()
        guest = invitations.Guest(spec, "Polres Belu", inviter)
        now = self.clock().timestamp()
        return await self.desk.people.write(lambda conn: invitations.invite(conn, self.vault, guest, now))

    async def approve(self, official_id: str, actor: str = "admin budi") -> None:
        """Somebody vouches for a guest."""
        now = self.clock().timestamp()
        await self.desk.people.write(lambda conn: invitations.approve(conn, self.vault, official_id, actor, now))

    async def give_role(self, ref: str, role: sessions.Role) -> None:
        """Let an official do more."""
        now = self.clock().timestamp()
        official_id = self.officials[ref]
        await self.desk.store.write(lambda conn: sessions.give_role(conn, official_id, role, "test", now))


@functools.cache
def _migrated() -> Path:
    """Both stores, empty and up to date; made once, since a migration takes longer than most tests."""
    folder = Path(tempfile.mkdtemp(prefix="siaga-desk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, migrations in (("desk", MIGRATIONS), ("notifier", PEOPLE)):
        store = Store.open(f"sqlite:///{folder / name}", migrations)
        store.engine.dispose()
        with contextlib.closing(sqlite3.connect(folder / name)) as conn:
            conn.execute("VACUUM INTO ?", (f"{folder / name}.sqlite3",))  # one file, whatever the WAL holds
    return folder


@asynccontextmanager
async def a_house(folder: Path) -> AsyncIterator[House]:
    """The desk with its official ``ppa-ppo-ntt``."""
    for file in _migrated().glob("*.sqlite3"):
        shutil.copy(file, folder / file.name)
    store = Store.open(f"sqlite:///{folder / 'desk.sqlite3'}", MIGRATIONS)
    people = Store.open(f"sqlite:///{folder / 'notifier.sqlite3'}", PEOPLE)
    vault, clock = Vault(b"s" * 40), Clock()
    desk = make_desk(people, store, Inside("", OUTLINE, vault, clock, secure=False, domains=DOMAINS))
    app = create_front(desk_routes(desk), OutletMetrics(CollectorRegistry()), https=False)
    house = House(desk, vault, Intake(store), app, clock)
    await house.add("ppa-ppo-ntt")
    try:
        yield house
    finally:
        await store.close()
        await people.close()
