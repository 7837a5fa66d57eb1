"""Who may do what at the desk: every address with every role, and the office's deeds."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Mount, Route

from services.contracts.delivery import Action
from services.notifier import roster, rows
from services.notifier.core.ledger import Priority, State
from services.notifier.desk.app import desk_routes
from services.notifier.desk.sessions import Role
from services.notifier.roster import Standing
from services.notifier.rows import Row
from services.notifier.tables import AUDIT, DELIVERY, OFFICIAL
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import received
from house import House, a_house

#: Address and method, and the answer for nobody, a viewer, an approver and an admin.
EVERYBODY = ("see", "see", "see", "see")
SIGNED_IN = ("in", "see", "see", "see")
OFFICE = ("in", "none", "see", "see")
#: Joining takes an invitation, whoever one is.
NO_LINK = ("none", "none", "none", "none")
MATRIX = {
    ("/", "GET"): SIGNED_IN,
    ("/live", "GET"): SIGNED_IN,
    ("/incident/{incident_id}", "GET"): SIGNED_IN,
    ("/incident/{incident_id}/press", "POST"): SIGNED_IN,
    ("/search", "GET"): SIGNED_IN,
    ("/search.{form:str}", "GET"): SIGNED_IN,
    ("/sources", "GET"): SIGNED_IN,
    ("/subscription", "GET"): SIGNED_IN,
    ("/subscription", "POST"): SIGNED_IN,
    ("/office", "GET"): OFFICE,
    ("/office/act", "POST"): OFFICE,
    ("/office/invite", "POST"): OFFICE,
    ("/office/resolve", "POST"): OFFICE,
    ("/sign-in", "GET"): EVERYBODY,
    ("/sign-in", "POST"): EVERYBODY,
    ("/sign-in/code", "GET"): EVERYBODY,
    ("/sign-in/code", "POST"): EVERYBODY,
    ("/sign-out", "POST"): SIGNED_IN,
    ("/join", "GET"): NO_LINK,
    ("/join", "POST"): NO_LINK,
    ("/join/code", "GET"): NO_LINK,
    ("/join/code", "POST"): NO_LINK,
    ("/join/{token}", "GET"): EVERYBODY,
    ("/land.svg", "GET"): EVERYBODY,
}
ROLES = (None, Role.VIEWER, Role.APPROVER, Role.ADMIN)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        await made.intake.take_alerts([received(builders.an_alert())])
        yield made


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


async def as_role(house: House, role: Role | None) -> httpx.AsyncClient:
    if role is None:
        return house.client()
    await house.give_role("ppa-ppo-ntt", role)
    return await house.sign_in("ppa-ppo-ntt")


def sort_of(answer: httpx.Response) -> str:
    if answer.status_code == 404:
        return "none"
    to_the_door = answer.headers.get("location") == "/desk/sign-in" and "set-cookie" not in answer.headers
    return "in" if to_the_door else "see"


def test_every_address_stands_in_the_matrix(house: House) -> None:
    mount, _ = desk_routes(house.desk)
    assert isinstance(mount, Mount)
    known = {
        (route.path, method)
        for route in mount.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert known == set(MATRIX)


@pytest.mark.parametrize("role", ROLES, ids=str)
async def test_every_role_reaches_what_is_its_own_and_nothing_else(house: House, role: Role | None) -> None:
    other = await house.add("somebody-else")
    client = await as_role(house, role)
    token = csrf_of((await client.get("/desk/")).text) if role else "x"
    for (path, method), expected in MATRIX.items():
        if path in {"/sign-out", "/sign-in", "/sign-in/code"} and (role is not None or path != "/sign-out"):
            continue  # they change who is asking
        address = "/desk" + path.replace("{incident_id}", "incident-1").replace("{form:str}", "csv").replace(
            "{token}", "x"
        )
        form = {"csrf": token, "what": "approve" if path == "/office/act" else "mute", "official_id": other}
        form |= {
            "word": "arrived",
            "title": "Polres Belu",
            "region": "ID-NT",
            "language": "id",
            "zone": "Asia/Dili",
        }
        answer = await client.request(method, address, data=form if method == "POST" else None)
        assert sort_of(answer) == expected[ROLES.index(role)], (path, method, answer.status_code)
        assert answer.status_code < 500


async def test_an_approver_gives_no_roles_and_an_admin_does(house: House) -> None:
    other = await house.add("somebody-else")
    form = {"what": "role", "role": "admin", "official_id": other}
    approver = await as_role(house, Role.APPROVER)
    form["csrf"] = csrf_of((await approver.get("/desk/office")).text)
    assert (await approver.post("/desk/office/act", data=form)).status_code == 404
    admin = await as_role(house, Role.ADMIN)
    form["csrf"] = csrf_of((await admin.get("/desk/office")).text)
    assert (await admin.post("/desk/office/act", data=form)).headers["location"].endswith("said=done")
    assert (await (await house.sign_in("somebody-else")).get("/desk/office")).status_code == 200
    deeds = await house.desk.people.read(lambda conn: conn.execute(sa.select(AUDIT.c.deed)).all())
    assert "desk role given" in {row.deed for row in deeds}


async def test_nobody_approves_suspends_or_promotes_oneself(house: House) -> None:
    admin = await as_role(house, Role.ADMIN)
    token = csrf_of((await admin.get("/desk/office")).text)
    own = house.officials["ppa-ppo-ntt"]
    for what in ("approve", "suspend", "role"):
        form = {"csrf": token, "what": what, "official_id": own, "role": "viewer"}
        assert (await admin.post("/desk/office/act", data=form)).status_code == 404


async def test_a_guest_of_mine_is_approved_by_somebody_else_and_not_by_me(house: House) -> None:
    guest = await house.add("guest")
    now, own = house.clock().timestamp(), house.officials["ppa-ppo-ntt"]

    def invited_by(actor: str) -> None:
        with house.desk.people.engine.begin() as conn:
            roster.set_standing(conn, guest, Standing.PENDING, "test", now)
            conn.execute(sa.update(OFFICIAL).where(OFFICIAL.c.official_id == guest).values(invited_by=actor))

    approver = await as_role(house, Role.APPROVER)
    token = csrf_of((await approver.get("/desk/office")).text)
    form = {"csrf": token, "what": "approve", "official_id": guest}
    invited_by(f"official {own}")
    assert (await approver.post("/desk/office/act", data=form)).headers["location"].endswith("said=not_own_guest")
    invited_by("admin sri")
    assert (await approver.post("/desk/office/act", data=form)).headers["location"].endswith("said=done")
    assert await house.desk.people.read(lambda conn: roster.find_official(conn, guest)) is not None


@pytest.mark.parametrize("was_active", [True, False])
async def test_only_who_was_active_before_a_suspension_can_be_approved_at_the_desk(
    house: House, was_active: bool
) -> None:
    guest = await house.add("guest") if was_active else (await house.invite()).official_id
    now = house.clock().timestamp()
    await house.desk.people.write(lambda conn: roster.set_standing(conn, guest, Standing.SUSPENDED, "test", now))
    approver = await as_role(house, Role.APPROVER)
    page = (await approver.get("/desk/office")).text
    assert ('value="approve"' in page) is was_active
    form = {"csrf": csrf_of(page), "what": "approve", "official_id": guest}
    said = (await approver.post("/desk/office/act", data=form)).headers["location"].partition("said=")[2]
    assert said == ("done" if was_active else "invitation_over")
    active = await house.desk.people.read(lambda conn: roster.find_official(conn, guest)) is not None
    assert active is was_active


async def test_who_is_suspended_at_the_desk_is_out_of_it_at_once(house: House) -> None:
    other = await house.add("somebody-else")
    theirs = await house.sign_in("somebody-else")
    approver = await as_role(house, Role.APPROVER)
    token = csrf_of((await approver.get("/desk/office")).text)
    await approver.post("/desk/office/act", data={"csrf": token, "what": "suspend", "official_id": other})
    assert (await theirs.get("/desk/")).headers["location"] == "/desk/sign-in"


async def test_a_changed_audit_log_is_seen(house: House) -> None:
    admin = await as_role(house, Role.ADMIN)
    assert "Rantai utuh" in (await admin.get("/desk/office")).text
    with house.desk.people.engine.begin() as conn:
        conn.execute(sa.update(AUDIT).values(actor="nobody"))
    assert "Rantai putus" in (await admin.get("/desk/office")).text


async def a_lost_message(house: House) -> dict[str, str]:
    """A push to the official of which nobody knows whether it arrived, as the form names it."""
    now = house.clock().timestamp()
    row = Row(
        "incident-1.1", house.officials["ppa-ppo-ntt"], "telegram", Action.PUSH, "incident-1", 1, State.PARKED,
        "outcome_unknown", "high_severity", Priority.PUSH, now, now, attempts=1,
    )  # fmt: skip
    await house.desk.people.write(lambda conn: rows.insert_row(conn, row, now))
    return {
        "subject": row.subject, "official_id": row.official_id, "channel": row.channel, "action": str(row.action),
    }  # fmt: skip


async def state_of(house: House) -> str:
    query = sa.select(DELIVERY.c.state)
    return str(await house.desk.people.read(lambda conn: conn.execute(query).scalar_one()))


@pytest.mark.parametrize(("word", "state"), [("arrived", "accepted"), ("not_arrived", "due")])
async def test_an_approver_settles_a_lost_message_once(house: House, word: str, state: str) -> None:
    key = await a_lost_message(house)
    approver = await as_role(house, Role.APPROVER)
    page = (await approver.get("/desk/office")).text
    assert "Unit PPA-PPO" in page.partition('class="links unknowns"')[2]
    form = key | {"csrf": csrf_of(page), "word": word}
    assert (await approver.post("/desk/office/resolve", data=form)).headers["location"].endswith("said=done")
    assert await state_of(house) == state
    again = await approver.post("/desk/office/resolve", data=form | {"word": "not_arrived"})
    assert again.headers["location"].endswith("said=resolved_before")
    assert await state_of(house) == state
    deeds = await house.desk.people.read(lambda conn: conn.execute(sa.select(AUDIT.c.actor, AUDIT.c.deed)).all())
    own = f"official {house.officials['ppa-ppo-ntt']}"
    assert [row.actor for row in deeds if row.deed == "unknown delivery resolved"] == [own]


@pytest.mark.parametrize(
    ("role", "changes"),
    [(Role.VIEWER, {}), (Role.APPROVER, {"csrf": "x"}), (Role.APPROVER, {"word": "maybe"}), (None, {})],
)
async def test_a_lost_message_stays_lost_for_whom_it_is_not(
    house: House, role: Role | None, changes: dict[str, str]
) -> None:
    key = await a_lost_message(house)
    client = await as_role(house, role)
    token = csrf_of((await client.get("/desk/")).text) if role else "x"
    await client.post("/desk/office/resolve", data=key | {"csrf": token, "word": "not_arrived"} | changes)
    assert await state_of(house) == "parked"


async def test_an_approver_invites_by_a_link_shown_once_and_approves_somebody_elses_guests_only(
    house: House,
) -> None:
    approver = await as_role(house, Role.APPROVER)
    token = csrf_of((await approver.get("/desk/office")).text)
    form = {"csrf": token, "title": "Polres Belu", "region": "ID-NT", "language": "id", "zone": "Asia/Makassar"}
    page = (await approver.post("/desk/office/invite", data=form)).text
    link = re.search(r'value="http://[^"]+(/desk/join/[\w-]{43})"', page)
    assert link
    guest = house.client()
    await guest.get(link[1])
    assert (await guest.get("/desk/join")).status_code == 200
    shown = (await approver.get("/desk/office")).text
    assert "/desk/join/" not in shown
    assert "Polres Belu" in shown


@pytest.mark.parametrize("changes", [{"title": ""}, {"region": "ZZ-1"}, {"zone": "Moon/Sea"}, {"language": "xx"}])
async def test_an_invitation_that_cannot_be_meant_is_none(house: House, changes: dict[str, str]) -> None:
    approver = await as_role(house, Role.APPROVER)
    token = csrf_of((await approver.get("/desk/office")).text)
    form = {"csrf": token, "title": "Polres Belu", "region": "ID-NT", "language": "id", "zone": "Asia/Makassar"}
    answer = await approver.post("/desk/office/invite", data=form | changes)
    assert answer.headers["location"].endswith("said=invite_wrong")
    query = sa.select(sa.func.count()).select_from(OFFICIAL)
    assert await house.desk.people.read(lambda conn: conn.execute(query).scalar_one()) == 1
