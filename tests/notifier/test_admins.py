"""An admin who lost the secret, and the last one, have a way out that the audit shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.officials import officials_command
from services.notifier import admins, audit
from services.runtime.errors import OperatorError
from tests.notifier.world import World


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIAGA_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SIAGA_ADMIN_FILE", raising=False)
    return tmp_path


def siaga(store: Path, *words: str, admin: Path | None = None) -> Result:
    env = {"SIAGA_ADMIN_FILE": str(admin) if admin else None}
    return CliRunner().invoke(officials_command, [*words, "--data", str(store)], env=env)


def test_the_last_admin_who_lost_the_secret_gets_another_at_the_host(store: Path) -> None:
    assert siaga(store, "admin", "add", "sari").exit_code == 0
    locked_out = siaga(store, "admin", "add", "budi")
    assert isinstance(locked_out.exception, OperatorError)
    assert "admin renew NAME --lost" in str(locked_out.exception)
    renewed = siaga(store, "admin", "renew", "sari", "--lost")
    assert renewed.exit_code == 0
    secret = store / "sari.secret"
    secret.write_text(renewed.stdout)
    assert siaga(store, "admin", "add", "budi", admin=secret).exit_code == 0
    told = siaga(store, "audit").stdout
    assert f"operator {admins.machine_user()} at the host" in told
    assert "admin secret renewed" in told
    assert renewed.stdout.strip().partition(":")[2] not in told


def test_without_saying_that_it_is_lost_a_secret_is_renewed_by_an_admin_alone(store: Path) -> None:
    siaga(store, "admin", "add", "sari")
    refused = siaga(store, "admin", "renew", "sari")
    assert isinstance(refused.exception, OperatorError)


def test_nobody_gets_a_secret_who_is_no_admin(store: Path) -> None:
    refused = siaga(store, "admin", "renew", "mallory", "--lost")
    assert isinstance(refused.exception, OperatorError)
    assert "is none" in str(refused.exception)


async def test_the_secret_before_counts_no_more_and_the_chain_of_the_audit_holds(
    world: World, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.write_text(await world.store.write(lambda conn: admins.add_admin(conn, "sari", "x", 1.0)))
    after.write_text(await world.store.write(lambda conn: admins.renew_secret(conn, "sari", "x", 2.0)))
    assert await world.store.read(lambda conn: admins.actor_of(conn, after)) == "admin sari"
    with pytest.raises(OperatorError, match="not the secret of an admin"):
        await world.store.read(lambda conn: admins.actor_of(conn, before))
    assert await world.store.read(audit.first_broken) is None


async def test_an_admin_who_was_removed_gets_no_other_secret(world: World) -> None:
    await world.store.write(lambda conn: admins.add_admin(conn, "sari", "x", 1.0))
    await world.store.write(lambda conn: admins.remove_admin(conn, "sari", "x", 2.0))
    with pytest.raises(OperatorError, match="is none"):
        await world.store.write(lambda conn: admins.renew_secret(conn, "sari", "x", 3.0))
