"""Who gets in: approved officials with a code that is theirs, and nobody else."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from services.notifier import roster
from services.notifier.desk import sessions
from services.notifier.desk.tables import SIGN_IN
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


async def test_a_mailbox_of_two_lets_nobody_in_and_the_operator_is_told(house: House) -> None:
    shared = {"telegram": 900000002, "email": ADDRESS}
    second = await house.add("ppa-ppo-belu", contacts=shared)
    with capture_logs() as logs:
        await house.client().post("/desk/sign-in", data={"address": ADDRESS})
    with pytest.raises(ValueError, match="unpack"):
        await house.code()
    [told] = [line for line in logs if "share a mailbox" in line["event"]]
    assert told["officials"] == sorted([house.officials["ppa-ppo-ntt"], second])
    assert ADDRESS not in str(logs)


async def test_a_mailbox_that_a_suspended_official_had_too_lets_the_other_in(house: House) -> None:
    second = await house.add("ppa-ppo-belu", contacts={"telegram": 900000002, "email": ADDRESS})
    now = house.clock().timestamp()
    await house.desk.people.write(lambda conn: roster.set_standing(conn, second, Standing.SUSPENDED, "test", now))
    with capture_logs() as logs:
        await house.client().post("/desk/sign-in", data={"address": ADDRESS})
    assert (await house.code())[1] == "email"
    assert not [line for line in logs if "share a mailbox" in line["event"]]


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


async def flood(house: House, official_id: str | None, times: int) -> list[sessions.Asked]:
    now = house.clock().timestamp()

    def work(conn: sa.Connection) -> list[sessions.Asked]:
        return [sessions.ask(conn, official_id, sessions.new_ticket(), now).asked for _ in range(times)]

    return await house.desk.store.write(work)


async def test_strangers_lock_nobody_out_and_leave_nothing_behind(house: House) -> None:
    asked = await flood(house, None, sessions.ASKS_AN_HOUR_IN_ALL * 2)
    assert set(asked) == {sessions.Asked.UNKNOWN}
    await house.client().post("/desk/sign-in", data={"address": "nobody@example.org"})
    count = sa.select(sa.func.count()).select_from(SIGN_IN)
    assert await house.desk.store.read(lambda conn: conn.execute(count).scalar_one()) == 0
    await house.sign_in("ppa-ppo-ntt")


async def test_codes_sent_to_officials_are_limited_over_all_of_them(house: House) -> None:
    for n in range(sessions.ASKS_AN_HOUR_IN_ALL // sessions.ASKS_AN_HOUR):
        assert set(await flood(house, f"official-{n}", sessions.ASKS_AN_HOUR)) == {sessions.Asked.CODE_MADE}
    await house.client().post("/desk/sign-in", data={"address": ADDRESS})
    with pytest.raises(ValueError, match="unpack"):
        await house.code()


async def test_a_code_sent_before_is_good_though_the_browser_asked_again_and_again(house: House) -> None:
    client = house.client()
    for _ in range(sessions.ASKS_AN_HOUR):
        await client.post("/desk/sign-in", data={"address": ADDRESS})
        code, _ = await house.code()
    for _ in range(3):
        await client.post("/desk/sign-in", data={"address": ADDRESS})
    assert (await client.post("/desk/sign-in/code", data={"code": code})).headers["location"] == "/desk/"


@pytest.mark.parametrize(("seen", "gets_code"), [("ppa-ppo-ntt", True), ("somebody-else", False)])
async def test_strangers_use_up_the_codes_of_strangers_and_not_those_of_a_browser_known_for_the_official(
    house: House, seen: str, gets_code: bool
) -> None:
    await house.add("somebody-else")
    browser = await house.sign_in(seen)
    browser.cookies.delete("siaga")
    house.clock.move(hours=1, seconds=1)
    await flood(house, house.officials["ppa-ppo-ntt"], sessions.ASKS_AN_HOUR + 1)
    await browser.post("/desk/sign-in", data={"address": ADDRESS})
    if gets_code:
        code, _ = await house.code()
        assert (await browser.post("/desk/sign-in/code", data={"code": code})).headers["location"] == "/desk/"
    else:
        with pytest.raises(ValueError, match="unpack"):
            await house.code()


async def test_a_known_browser_is_limited_too(house: House) -> None:
    browser = await house.sign_in("ppa-ppo-ntt")
    browser.cookies.delete("siaga")
    for _ in range(sessions.ASKS_AN_HOUR * sessions.KNOWN_BROWSER_TIMES - 1):
        await browser.post("/desk/sign-in", data={"address": ADDRESS})
        await house.code()
    await browser.post("/desk/sign-in", data={"address": ADDRESS})
    with pytest.raises(ValueError, match="unpack"):
        await house.code()


async def test_wrong_codes_hear_the_same_whether_the_address_is_known(house: House) -> None:
    heard = []
    for address in (ADDRESS, "nobody@example.org"):
        client = house.client()
        await client.post("/desk/sign-in", data={"address": address})
        answers = [await client.post("/desk/sign-in/code", data={"code": "x"}) for _ in range(7)]
        heard.append([(answer.status_code, answer.text) for answer in answers])
    assert heard[0] == heard[1]


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
