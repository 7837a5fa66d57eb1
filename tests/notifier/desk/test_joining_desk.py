"""An invited person joins in the browser, and who must not gets nowhere and learns nothing."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from services.cli.officials_joining import invite_official
from services.notifier import invitations, mail_codes, roster
from services.notifier.desk.joining import JOIN
from services.notifier.notices import Kind
from services.notifier.people_tables import MAIL_CODE, NOTICE
from services.notifier.roster import Standing
from services.notifier.tables import INVITATION

sys.path.insert(0, str(Path(__file__).parent))
from house import House, a_house

MAIL = "polres-belu@example.org"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        yield made


async def opened(house: House, token: str) -> httpx.AsyncClient:
    """A browser that followed the link."""
    client = house.client()
    answer = await client.get(f"{JOIN}/{token}")
    assert answer.headers["location"] == JOIN
    return client


async def csrf(client: httpx.AsyncClient, path: str = JOIN) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(path)).text)
    return found[1] if found else ""


async def ask(client: httpx.AsyncClient, address: str = MAIL, **headers: str) -> httpx.Response:
    form = {"csrf": await csrf(client), "address": address}
    return await client.post(JOIN, data=form, headers=headers)


async def give(client: httpx.AsyncClient, code: str) -> httpx.Response:
    return await client.post(f"{JOIN}/code", data={"csrf": await csrf(client), "code": code})


async def standing(house: House, official_id: str) -> Standing | None:
    return await house.desk.people.read(lambda conn: invitations.standing_of(conn, official_id))


async def sent(house: House) -> int:
    return int(
        await house.desk.people.read(
            lambda conn: conn.execute(sa.select(sa.func.count()).select_from(MAIL_CODE)).scalar_one()
        )
    )


async def test_an_invited_person_proves_a_mailbox_is_approved_and_signs_in(house: House) -> None:
    invitation = await house.invite()
    client = await opened(house, invitation.token)
    assert "You are invited" in (await client.get(JOIN)).text
    assert (await ask(client)).headers["location"] == f"{JOIN}/code"
    code, channel = await house.code()
    assert channel == "email"
    assert "Waiting for approval" in (await give(client, code)).text
    assert await standing(house, invitation.official_id) is Standing.PENDING

    await client.post("/desk/sign-in", data={"address": MAIL, "channel": "email"})
    with pytest.raises(ValueError, match="not enough values"):
        await house.code()  # not approved yet: no code goes out
    await house.approve(invitation.official_id)
    kinds = await house.desk.people.read(lambda conn: conn.execute(sa.select(NOTICE.c.kind)).scalars().all())
    assert Kind.WELCOME in kinds
    await house.desk.people.write(lambda conn: conn.execute(sa.delete(NOTICE)))
    client = await house.sign_in("polres-belu")
    assert (await client.get("/desk/")).status_code == 200


async def test_a_link_works_once_and_not_again(house: House) -> None:
    invitation = await house.invite()
    client = await opened(house, invitation.token)
    await ask(client)
    await give(client, (await house.code())[0])
    again = await opened(house, invitation.token)
    assert (await again.get(JOIN)).status_code == 404
    assert "over" in (await again.get(JOIN)).text


async def test_looking_at_a_link_spends_nothing(house: House) -> None:
    invitation = await house.invite()
    for _ in range(3):
        await (await opened(house, invitation.token)).get(JOIN)
    assert (await ask(await opened(house, invitation.token))).status_code == 303


async def test_a_link_that_was_followed_in_telegram_is_spent_here(house: House) -> None:
    invitation = await house.invite()
    now = house.clock().timestamp()
    await house.desk.people.write(
        lambda conn: invitations.redeem(conn, house.vault, invitation.token, 77, now, needs_mailbox=True)
    )
    assert (await (await opened(house, invitation.token)).get(JOIN)).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "x" * 3000, "%00", "../sign-in", "a;b=c"])
async def test_what_is_no_link_of_ours_opens_nothing(house: House, token: str) -> None:
    await house.invite()
    client = house.client()
    await client.get(f"{JOIN}/{token}")
    assert (await client.get(JOIN)).status_code == 404
    assert (await client.post(f"{JOIN}/code", data={"code": "12345678"})).status_code == 404


async def test_a_link_is_over_after_its_time_and_when_the_guest_is_suspended(house: House) -> None:
    late, suspended = await house.invite(), await house.invite()
    now = house.clock().timestamp()
    await house.desk.people.write(
        lambda conn: roster.set_standing(conn, suspended.official_id, Standing.SUSPENDED, "test", now)
    )
    assert (await (await opened(house, suspended.token)).get(JOIN)).status_code == 404
    assert (await (await opened(house, late.token)).get(JOIN)).status_code == 200
    house.clock.move(hours=73)
    assert (await (await opened(house, late.token)).get(JOIN)).status_code == 404


@pytest.mark.parametrize(
    "address", ["a@example.com", "a@sub.example.org", "a@example.org.evil.test", "nobody", ""]
)
async def test_a_mailbox_elsewhere_is_refused_and_nothing_is_sent(house: House, address: str) -> None:
    client = await opened(house, (await house.invite()).token)
    answer = await ask(client, address)
    assert answer.status_code == 422
    assert "not at a domain that counts" in answer.text
    assert await sent(house) == 0


async def test_three_codes_an_hour_and_no_more(house: House) -> None:
    client = await opened(house, (await house.invite()).token)
    for _ in range(mail_codes.ASKS_AN_HOUR):
        assert (await ask(client)).status_code == 303
    answer = await ask(client)
    assert (answer.status_code, await sent(house)) == (422, mail_codes.ASKS_AN_HOUR)
    assert "too often" in answer.text


async def test_five_wrong_codes_are_enough(house: House) -> None:
    invitation = await house.invite()
    client = await opened(house, invitation.token)
    await ask(client)
    code, _ = await house.code()
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for _ in range(mail_codes.WRONG_AT_MOST):
        assert (await give(client, wrong)).status_code == 422
    assert "over" in (await give(client, code)).text
    assert await standing(house, invitation.official_id) is Standing.INVITED


async def test_a_known_mailbox_is_treated_like_any_other_until_it_is_proved(house: House) -> None:
    """Who holds a link and no mailbox cannot find out which mailboxes are officials'."""
    known, unknown = await house.invite(), await house.invite()
    seen = []
    for invitation, address in ((known, "ppa-ppo-ntt@example.org"), (unknown, "nobody@example.org")):
        client = await opened(house, invitation.token)
        answers = [await ask(client, address), await client.get(f"{JOIN}/code"), await give(client, "1")]
        seen.append([(a.status_code, re.sub(r'value="[0-9a-f]{64}"', "", a.text)) for a in answers])
        await house.desk.people.write(lambda conn: conn.execute(sa.delete(NOTICE)))
    assert seen[0] == seen[1]


async def test_who_proves_a_mailbox_of_an_official_is_told_to_sign_in_and_nothing_changes(house: House) -> None:
    invitation = await house.invite()
    client = await opened(house, invitation.token)
    await ask(client, "ppa-ppo-ntt@example.org")
    assert "You are known already" in (await give(client, (await house.code())[0])).text
    assert await standing(house, invitation.official_id) is Standing.INVITED
    assert (await (await house.sign_in("ppa-ppo-ntt")).get("/desk/")).status_code == 200


async def test_a_form_from_elsewhere_sends_no_code(house: House) -> None:
    client = await opened(house, (await house.invite()).token)
    assert (await ask(client, **{"sec-fetch-site": "cross-site"})).status_code == 422
    assert (await client.post(JOIN, data={"csrf": "x", "address": MAIL})).status_code == 422
    assert await sent(house) == 0


async def test_the_token_is_in_no_page_log_or_store_and_is_told_to_nobody(house: House) -> None:
    invitation = await house.invite()
    client = house.client()
    with capture_logs() as logs:
        answers = [await client.get(f"{JOIN}/{invitation.token}"), await client.get(JOIN), await ask(client)]
        code, _ = await house.code()
        answers.append(await give(client, code))
    assert {answer.headers["referrer-policy"] for answer in answers} == {"no-referrer"}
    assert not [answer for answer in answers if invitation.token in answer.text]
    cookie = answers[0].headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert logs
    assert not [entry for entry in logs if invitation.token in str(entry) or code in str(entry)]
    rows = await house.desk.people.read(lambda conn: conn.execute(sa.select(INVITATION)).all())
    assert invitation.token not in str(rows)


async def test_without_domains_nobody_joins_here(house: House) -> None:
    object.__setattr__(house.desk, "domains", frozenset())
    client = await opened(house, (await house.invite()).token)
    assert (await client.get(JOIN)).status_code == 404


def invite_by_command(folder: Path, *more: str, domains: str = "example.org") -> Result:
    """What the operator types."""
    env = {"SIAGA_MAIL_DOMAINS": domains, "SIAGA_PUBLIC_URL": "https://siaga.example"}
    words = ["--data", str(folder), "--title", "Polres Belu", "--region", "ID-NT", "--desk", *more]
    return CliRunner().invoke(invite_official, words, env=env)


def test_the_command_gives_a_link_to_the_desk_and_not_without_domains(tmp_path: Path) -> None:
    done = invite_by_command(tmp_path)
    assert re.fullmatch(r"https://siaga\.example/desk/join/[\w-]{43}\n", done.stdout), done.output
    assert "SIAGA_MAIL_DOMAINS" in str(invite_by_command(tmp_path, domains="").exception)
    assert "way of its own" in str(invite_by_command(tmp_path, "--bot", "x").exception)
