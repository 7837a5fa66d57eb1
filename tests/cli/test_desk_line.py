"""The live view says where the desk is, and as whom one signs in where that can be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.stack import SEEDS, Plan, Ports
from services.cli.watch import desk_places


def a_plan(folder: Path, feeds: str = "seeds", officials: Path = SEEDS / "officials.demo.yaml") -> Plan:
    return Plan(folder, Ports(8800), feeds, "", SEEDS / "feeds.yaml", officials)


def test_in_the_demo_the_address_and_the_mailbox_of_its_code_are_named(tmp_path: Path) -> None:
    desk, how = desk_places(a_plan(tmp_path))
    assert desk == ("Desk", "http://127.0.0.1:8808/desk/")
    assert "ppa-ppo.ntt@example.org" in how[1]
    assert how[1].endswith("/demo/mail")


def test_with_a_mail_server_of_ones_own_no_address_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAGA_SMTP_HOST", "mail.example.org")
    assert len(desk_places(a_plan(tmp_path, feeds="live"))) == 1


def test_without_officials_no_address_is_named(tmp_path: Path) -> None:
    assert len(desk_places(a_plan(tmp_path, officials=tmp_path / "none.yaml"))) == 1
