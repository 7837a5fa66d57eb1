"""Who gets in: approved officials with a code that is theirs, and nobody else."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier import roster
from services.notifier.desk import sessions
from services.notifier.roster import Standing

sys.path.insert(0, str(Path(__file__).parent))
from house import House, a_house

ADDRESS = "ppa-ppo-ntt@example.org"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        yield made


async def test_an_unknown_address_hears_the_same_and_gets_no_code(house: House) -> None:
    known, unknown = house.client(), house.client()
    answers = [
        await known.post("/desk/sign-in", data={"address": ADDRESS}),
        await unknown.post("/desk/sign-in", data={"address": "nobody@example.org"}),
    ]
    assert {(answer.status_code, answer.headers["location"], answer.text) for answer in answers} == {
        (303, "/desk/sign-in/code", "")
    }
    await house.code()  # one, for the known address
    pages = [(await client.get("/desk/sign-in/code")).text for client in (known, unknown)]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.PENDING, Standing.INVITED])
async def test_somebody_who_is_not_active_gets_no_code(house: House, standing: Standing) -> None:
    official_id, now = house.officials["ppa-ppo-ntt"], house.clock().timestamp()
    await house.desk.people.write(lambda conn: roster.set_standing(conn, official_id, standing, "test", now))
    await house.client().post("/desk/sign-in", data={"address": ADDRESS})
    with pytest.raises(ValueError, match="unpack"):
        await house.code()


async def test_the_code_goes_to_the_channel_asked_for(house: House) -> None:
    await house.client().post("/desk/sign-in", data={"address": f" {ADDRESS.upper()} ", "channel": "telegram"})
    assert (await house.code())[1] == "telegram"


async def test_a_code_is_good_in_the_browser_that_asked_and_in_no_other(house: House) -> None:
    mine, other = house.client(), house.client()
    await mine.post("/desk/sign-in", data={"address": ADDRESS})
    code, _ = await house.code()
    await other.post("/desk/sign-in", data={"address": "nobody@example.org"})
    assert (await other.post("/desk/sign-in/code", data={"code": code})).status_code == 422
    assert (await house.client().post("/desk/sign-in/code", data={"code": code})).headers[
        "location"
    ] == "/desk/sign-in"
    assert (await mine.post("/desk/sign-in/code", data={"code": code})).headers["location"] == "/desk/"


async def test_a_code_is_good_once_and_for_ten_minutes(house: House) -> None:
    client = house.client()
    await client.post("/desk/sign-in", data={"address": ADDRESS})
    code, _ = await house.code()
    ticket = dict(client.cookies)
    assert (await client.post("/desk/sign-in/code", data={"code": code})).status_code == 303
    replay = house.client()
    replay.cookies.update({"siaga-ticket": ticket["siaga-ticket"]})
    assert (await replay.post("/desk/sign-in/code", data={"code": code})).status_code == 422
    late = house.client()
    await late.post("/desk/sign-in", data={"address": ADDRESS})
    code, _ = await house.code()
    house.clock.move(seconds=sessions.CODE_VALID_S)
    assert (await late.post("/desk/sign-in/code", data={"code": code})).status_code == 422


async def test_guessing_ends_after_five_and_then_the_right_code_is_wrong_too(house: House) -> None:
    client = house.client()
    await client.post("/desk/sign-in", data={"address": ADDRESS})
    code, _ = await house.code()
    wrong = "1" * 8 if code != "1" * 8 else "2" * 8
    for _ in range(sessions.WRONG_AT_MOST):
        await client.post("/desk/sign-in/code", data={"code": wrong})
    assert (await client.post("/desk/sign-in/code", data={"code": code})).status_code == 422


async def test_a_code_typed_with_spaces_is_the_same_code(house: House) -> None:
    client = house.client()
    await client.post("/desk/sign-in", data={"address": ADDRESS})
    code, _ = await house.code()
    answer = await client.post("/desk/sign-in/code", data={"code": f" {code[:4]} {code[4:]} "})
    assert answer.headers["location"] == "/desk/"


async def test_nobody_is_sent_more_than_five_codes_an_hour(house: House) -> None:
    client = house.client()
    for _ in range(sessions.ASKS_AN_HOUR):
        await client.post("/desk/sign-in", data={"address": ADDRESS})
        await house.code()
    answer = await client.post("/desk/sign-in", data={"address": ADDRESS})
    assert answer.headers["location"] == "/desk/sign-in/code"
    with pytest.raises(ValueError, match="unpack"):
        await house.code()
    house.clock.move(hours=1, seconds=1)
    await client.post("/desk/sign-in", data={"address": ADDRESS})
    await house.code()


@pytest.mark.parametrize(("hours", "looks", "inside"), [(13, 1, False), (11, 1, True), (11, 16, False)])
async def test_a_session_ends_when_idle_and_after_a_week(
    house: House, hours: int, looks: int, inside: bool
) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    for _ in range(looks):
        house.clock.move(hours=hours)
        answer = await client.get("/desk/")
    assert (answer.status_code == 200) is inside


async def test_a_suspended_official_is_out_at_once(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    assert (await client.get("/desk/")).status_code == 200
    official_id, now = house.officials["ppa-ppo-ntt"], house.clock().timestamp()
    await house.desk.people.write(
        lambda conn: roster.set_standing(conn, official_id, Standing.SUSPENDED, "test", now)
    )
    assert (await client.get("/desk/")).headers["location"] == "/desk/sign-in"


async def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    token = client.cookies["siaga"]
    page = (await client.get("/desk/")).text
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    assert (await client.post("/desk/sign-out", data={"csrf": csrf})).headers["location"] == "/desk/sign-in"
    thief = house.client()
    thief.cookies.set("siaga", token)
    assert (await thief.get("/desk/")).status_code == 303


async def test_another_role_signs_out_and_is_there_at_the_next_sign_in(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    await house.give_role("ppa-ppo-ntt", sessions.Role.ADMIN)
    assert (await client.get("/desk/")).status_code == 303
    assert (await (await house.sign_in("ppa-ppo-ntt")).get("/desk/")).status_code == 200


def test_a_role_covers_those_below_it_and_none_above() -> None:
    covered = {(a, b) for a in sessions.Role for b in sessions.Role if a.covers(b)}
    assert ("viewer", "approver") not in covered
    assert ("approver", "admin") not in covered
    assert len(covered) == 6
