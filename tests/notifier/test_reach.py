"""`siaga officials reach`: an address that was given up is used again, one stopped by own wish is not."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from services.cli.officials import officials_command
from services.notifier import audit, roster
from services.notifier.core.reason import Reason
from services.notifier.mail_answers import STOPPED_BY_MAIL
from services.runtime.errors import OperatorError
from tests.notifier.builders import an_entry
from tests.notifier.world import SECRET, World


async def told(world: World, why: str | None) -> tuple[str | None, str]:
    """What stands of the mailbox afterwards, and what was said."""
    [official_id] = await world.add(an_entry(channels=["email"]))
    if why is not None:
        await world.store.write(lambda conn: roster.suspend_channel(conn, official_id, "email", why, 1.0))
    done = CliRunner().invoke(officials_command, ["reach", official_id, "email", "--data", str(world.folder)])
    if done.exception and not isinstance(done.exception, OperatorError):
        raise done.exception
    stands = await world.store.read(lambda conn: roster.why_suspended(conn, official_id, "email"))
    return stands, str(done.exception or "")


@pytest.fixture(autouse=True)
def _own_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIAGA_ADMIN_FILE", raising=False)
    key = world.folder / "key"
    key.write_bytes(SECRET)
    monkeypatch.setenv("SIAGA_CONTACT_KEY_FILE", str(key))


@pytest.mark.parametrize("why", [Reason.GONE, Reason.BOUNCED])
async def test_a_mailbox_that_was_given_up_is_used_again(world: World, why: Reason) -> None:
    assert await told(world, why) == (None, "")
    deeds = [entry["deed"] for entry in await world.store.read(lambda conn: audit.entries_of(conn, None))]
    assert deeds[-1] == "channel resumed"


async def test_mails_that_were_stopped_by_own_wish_are_not_started(world: World) -> None:
    stands, said = await told(world, STOPPED_BY_MAIL)
    assert stands == STOPPED_BY_MAIL
    assert "own wish" in said


async def test_an_address_in_use_is_left_alone(world: World) -> None:
    assert "is not given up" in (await told(world, None))[1]
