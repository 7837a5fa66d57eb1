"""The contact key is changed without a gap, and a change that ends in the middle loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from services.cli.officials import officials_command
from services.notifier import canary, mail_codes, rekey, roster, taking_over
from services.notifier.app import MIGRATIONS
from services.notifier.buttons import card_buttons, read_press
from services.notifier.mail_codes import Request
from services.notifier.notices import Kind, NewNotice, put_notice, take_due
from services.notifier.outlets.stops import find_owner, one_click_link
from services.notifier.tables import AUDIT, CONTACT
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError
from services.runtime.store import Store
from tests.notifier import builders

OLD, NEW = b"o" * 40, b"n" * 40
BEFORE, BOTH, AFTER = Vault(OLD), Vault(NEW, OLD), Vault(NEW)
NOW = builders.NOON.timestamp()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    store = Store.open(f"sqlite:///{tmp_path / 'notifier.sqlite3'}", MIGRATIONS)
    yield store.engine
    store.engine.dispose()


def test_postgresql_does_it_too(postgres: str) -> None:
    store = Store.open(postgres, MIGRATIONS)
    ids = fill(store.engine)
    for official_id in ids:
        with store.engine.begin() as conn:
            assert rekey.rekey(conn, BOTH, official_id)
    assert len(addresses(store.engine, AFTER, ids)) == 3
    store.engine.dispose()


def fill(engine: sa.Engine) -> list[str]:
    """Three officials known under the old secret, with a code and a notice on their way."""
    with engine.begin() as conn:
        ids = [
            taking_over.import_entry(
                conn, BEFORE, builders.an_entry(f"desk-{n}", contacts={"telegram": n, "email": f"d{n}@example.org"}),
                "test", NOW,
            )
            for n in (1, 2, 3)
        ]  # fmt: skip
        asked = Request(ids[0], "new@example.org", Kind.CODE, 3600.0)
        mail_codes.ask_code(conn, BEFORE, asked, frozenset({"example.org"}), NOW)
        put_notice(conn, BEFORE, NewNotice(ids[1], "telegram", Kind.WELCOME), NOW)
    return ids


def addresses(engine: sa.Engine, vault: Vault, ids: list[str]) -> list[str]:
    with engine.begin() as conn:
        found = [roster.read_contact(conn, vault, one, "email") for one in ids]
    return [one.address for one in found if one is not None]


def test_after_the_change_the_new_secret_alone_reads_everything(engine: sa.Engine) -> None:
    ids = fill(engine)
    known = addresses(engine, BEFORE, ids)
    for official_id in ids:
        with engine.begin() as conn:
            assert rekey.rekey(conn, BOTH, official_id)
    assert addresses(engine, AFTER, ids) == known == [f"d{n}@example.org" for n in (1, 2, 3)]
    with engine.begin() as conn:
        assert rekey.waiting(conn, BOTH) == []
        assert roster.find_by_address(conn, AFTER, "telegram", "2") == [ids[1]]
        assert {notice.official_id for notice in take_due(conn, AFTER, ["telegram", "email"], NOW, 10)} >= {ids[1]}
        with pytest.raises(OperatorError):
            roster.read_contact(conn, BEFORE, ids[0], "email")


def test_a_change_that_ends_in_the_middle_is_gone_on_with(engine: sa.Engine) -> None:
    ids = fill(engine)
    with engine.begin() as conn:
        rekey.rekey(conn, BOTH, ids[0])
    with pytest.raises(ZeroDivisionError), engine.begin() as conn:
        rekey.rekey(conn, BOTH, ids[1])
        raise ZeroDivisionError  # killed before the commit
    assert len(addresses(engine, BOTH, ids)) == 3
    with engine.begin() as conn:
        assert rekey.waiting(conn, BOTH) == sorted(ids[1:])
        for number, official_id in enumerate(ids, 1):
            assert roster.find_by_address(conn, BOTH, "email", f"d{number}@example.org") == [official_id]
        assert [rekey.rekey(conn, BOTH, one) for one in ids] == [False, True, True]
    assert len(addresses(engine, AFTER, ids)) == 3


def test_what_was_signed_before_counts_while_the_old_secret_is_known_and_not_after(engine: sa.Engine) -> None:
    ids = fill(engine)
    official = builders.an_official(ids[0])
    (((_, data), *_),) = card_buttons(BEFORE, official, "incident-1")
    ticket = one_click_link("", BEFORE)(ids[0], "d1@example.org").removeprefix("/u/")
    for step in ("before", "after"):
        with engine.begin() as conn:
            assert read_press(BOTH, data, ids[0], "incident-1") == "nr"
            owner = find_owner(conn, BOTH, ticket)
            assert owner is not None, step
            fresh = one_click_link("", BOTH)(ids[0], "d1@example.org").removeprefix("/u/")
            assert find_owner(conn, BOTH, fresh) is not None, step
            rekey.rekey(conn, BOTH, ids[0])
    with engine.begin() as conn:
        assert read_press(AFTER, data, ids[0], "incident-1") is None
        assert find_owner(conn, AFTER, ticket) is None
        assert find_owner(conn, AFTER, fresh) is not None


def test_an_import_between_the_two_changes_nothing(engine: sa.Engine) -> None:
    ids = fill(engine)
    entry = builders.an_entry("desk-1", contacts={"telegram": 1, "email": "d1@example.org"})
    with engine.begin() as conn:
        before = conn.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one()
        assert taking_over.import_entry(conn, BOTH, entry, "test", NOW) == ids[0]
        assert conn.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one() == before


def test_a_test_subscriber_stays_apart_from_who_writes_in_its_chat(engine: sa.Engine) -> None:
    with engine.begin() as conn:
        canary.set_up(conn, BEFORE, {"telegram": "7"}, NOW)
        official_id = canary.subscriber(conn, "telegram")
        assert official_id is not None
        rekey.rekey(conn, BOTH, official_id)
        assert roster.find_by_address(conn, AFTER, "telegram", "7") == []
        marks = (
            conn.execute(sa.select(CONTACT.c.fingerprint).where(CONTACT.c.channel == "telegram")).scalars().all()
        )
    assert marks == [AFTER.fingerprint("canary telegram", "7")]


def test_a_key_file_holds_the_new_secret_above_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "contact-key"
    file.write_bytes(NEW + b"\n" + OLD + b"\n")
    opened = Vault.open(file)
    assert opened.mark("a", "b") == AFTER.mark("a", "b")
    assert opened.marked_by_us("a", "b", BEFORE.mark("a", "b"))
    assert not AFTER.marked_by_us("a", "b", BEFORE.mark("a", "b"))


@pytest.mark.parametrize("lines", [[NEW, b"short"], [NEW, NEW], [NEW, OLD, b"x" * 40, b"y" * 40], [b""]])
def test_a_key_file_that_cannot_be_meant_is_refused(tmp_path: Path, lines: list[bytes]) -> None:
    file = tmp_path / "contact-key"
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(OperatorError) as told:
        Vault.open(file)
    assert NEW.decode() not in str(told.value)


def test_the_command_seals_everybody_once_and_writes_it_down(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'notifier.sqlite3'}", MIGRATIONS)
    ids = fill(store.engine)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "contact-key").write_bytes(NEW + b"\n" + OLD)
    outcomes = [CliRunner().invoke(officials_command, ["rekey", "--data", str(tmp_path)]) for _ in range(2)]
    assert [one.exit_code for one in outcomes] == [0, 0], outcomes[0].output
    assert "3 officials" in outcomes[0].stderr
    assert "0 officials" in outcomes[1].stderr
    assert len(addresses(store.engine, AFTER, ids)) == 3
    with store.engine.begin() as conn:
        deeds = conn.execute(sa.select(AUDIT.c.deed)).scalars().all()
    store.engine.dispose()
    assert deeds.count("contact key changed") == 1
