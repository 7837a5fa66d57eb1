"""Every address of the API with every sort of token: who is let in, who is not, and who sees which region."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount
from structlog.testing import capture_logs

from services.notifier import roster
from services.notifier.desk.api.answers import STORY_ID
from services.notifier.desk.app import desk_routes
from services.notifier.desk.sessions import Role
from services.notifier.outlets.readers import TokenScope, add_reader, revoke_reader
from services.notifier.roster import Standing

sys.path.insert(0, str(Path(__file__).parent))
from api_house import HERE, OFFICIAL, OTHER, a_filled_house, a_reader, admin_of, client_of, program, writer_of
from house import House

#: In the order of ``CALLERS``: nobody's token, another region's, this region's, one that writes for an official,
#: an admin's of a system, of an official who is admin, and of one who no longer is.
READ = (401, 401, 401, 200, 200, 200, 200, 200, 200)
THIS_REGION = (401, 401, 401, 404, 200, 200, 200, 200, 200)
TOLD = (401, 401, 401, 404, 403, 200, 200, 200, 200)
PERSON = (401, 401, 401, 403, 403, 200, 403, 200, 200)
CORRECT = (401, 401, 401, 403, 403, 204, 403, 204, 204)
OFFICE = (401, 401, 401, 403, 403, 403, 200, 200, 403)
INVITE = (401, 401, 401, 403, 403, 403, 403, 201, 403)
DEED = (401, 401, 401, 403, 403, 403, 403, 204, 403)
CALLERS = (
    "nobody", "revoked", "expired", "read elsewhere", "read", "write", "admin system", "admin person",
    "admin no more",
)  # fmt: skip
MATRIX = {
    "list_incidents": READ,
    "map_incidents": READ,
    "show_incident": THIS_REGION,
    "show_history": THIS_REGION,
    "show_evidence": THIS_REGION,
    "compare_sources": THIS_REGION,
    "show_deliveries": TOLD,
    "correct_incident": CORRECT,
    "list_stories": READ,
    "show_story": THIS_REGION,
    "search_everything": READ,
    "list_sources": READ,
    "show_token": READ,
    "show_subscription": PERSON,
    "replace_subscription": PERSON,
    "preview_subscription": PERSON,
    "list_officials": OFFICE,
    "list_unknown_deliveries": OFFICE,
    "list_letters": OFFICE,
    "list_corrections": OFFICE,
    "list_audit": OFFICE,
    "invite_official": INVITE,
    "approve_official": DEED,
    "suspend_official": DEED,
    "give_role": DEED,
    "resolve_delivery": DEED,
}
CHOICE = {"regions": ["ID-NT"], "topics": ["human_trafficking"], "quiet": None, "digests": []}
BODIES = {
    "correct_incident": {"what": "mute"},
    "replace_subscription": CHOICE,
    "preview_subscription": CHOICE,
    "invite_official": {"title": "PPA unit", "regions": ["ID-NT"]},
    "give_role": {"role": "viewer"},
}
#: The description itself is for everybody: it holds nothing of anybody.
OPEN = {"/openapi.json"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_filled_house(tmp_path) as made:
        yield made


def routes_of(house: House) -> list[RouteContext]:
    (api,) = (route.app for route in desk_routes(house.desk) if isinstance(route, Mount) and "api" in route.path)
    assert isinstance(api, FastAPI)
    return list(iter_route_contexts(api.routes))


async def every_caller(house: House) -> dict[str, httpx.AsyncClient]:
    """Made before anybody asks: the gate learns of new tokens every two seconds."""
    own, now = house.officials[OFFICIAL], house.clock().timestamp()

    def revoked(conn: sa.Connection) -> str:
        reader_id, token = add_reader(conn, a_reader(house), "test", now)
        revoke_reader(conn, reader_id, "test", now)
        return token

    return {
        "nobody": program(house, "siaga_reader_of_nobody"),
        "revoked": program(house, await house.desk.people.write(revoked)),
        "expired": await client_of(house, a_reader(house, expires_at=now)),
        "read elsewhere": await client_of(house, a_reader(house, ("KH", "ID-PA"))),
        "read": await client_of(house, a_reader(house, ("ID-NT",))),
        "write": await writer_of(house),
        "admin system": await admin_of(house, None),
        "admin person": await admin_of(house),
        "admin no more": await client_of(house, a_reader(house, scope=TokenScope.ADMIN, official_id=own)),
    }


def test_every_route_stands_in_the_matrix(house: House) -> None:
    found = routes_of(house)
    assert {route.name for route in found if isinstance(route.original_route, APIRoute)} == set(MATRIX)
    assert {route.path for route in found if not isinstance(route.original_route, APIRoute)} == OPEN


async def test_every_token_reaches_what_is_its_own_and_nothing_else(house: House) -> None:
    callers = await every_caller(house)
    assert tuple(callers) == CALLERS
    for name, client in callers.items():
        await house.give_role(OFFICIAL, Role.ADMIN if name == "admin person" else Role.APPROVER)
        for route in routes_of(house):
            if route.name in MATRIX:
                await reaches(house, client, name, route)


async def reaches(house: House, client: httpx.AsyncClient, name: str, route: RouteContext) -> None:
    (method,) = route.methods or {""}
    path = str(route.path_format).replace("{incident_id}", HERE).replace("{story_id}", STORY_ID)
    path = path.replace("{official_id}", house.officials[OTHER]).lstrip("/")
    path += "?words=atambua" if route.name == "search_everything" else ""
    body = BODIES.get(str(route.name))
    if route.name == "resolve_delivery":
        body = {"subject": f"{HERE}.1", "official_id": house.officials[OFFICIAL], "channel": "telegram"}
        body |= {"action": "push", "word": "arrived"}
    answer = await client.request(method, path, json=body)
    expected = MATRIX[str(route.name)][CALLERS.index(name)]
    assert answer.status_code == expected, (name, route.name, answer.text)
    if expected >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    if name == "read elsewhere" or expected >= 400:
        assert HERE not in answer.text, route.name
        assert "ID-NT" not in answer.text, route.name


async def test_a_token_ends_with_the_approval_of_its_official(house: House) -> None:
    client = await writer_of(house)
    assert (await client.get("me")).status_code == 200
    now, own = house.clock().timestamp(), house.officials[OFFICIAL]
    await house.desk.people.write(lambda conn: roster.set_standing(conn, own, Standing.SUSPENDED, "test", now))
    assert (await client.get("me")).status_code == 401


async def test_who_is_refused_is_logged_by_the_readers_id_and_never_by_the_token(house: House) -> None:
    client = await client_of(house, a_reader(house, ("ID-NT",)))
    reader_id = (await client.get("me")).json()["reader_id"]
    with capture_logs() as logged:
        await client.get("office/audit")
        await program(house, "siaga_reader_of_nobody").get("me")
        await client.get("me")
    assert [(one["status"], one["reader_id"]) for one in logged] == [(403, reader_id), (401, "")]
    assert "siaga_reader" not in str(logged)
