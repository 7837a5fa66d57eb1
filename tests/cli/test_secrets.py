"""Secrets are made once, whole, and for their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from services.cli.stack import prepare_secrets
from services.runtime.errors import OperatorError


def test_secrets_are_kept_from_start_to_start(tmp_path: Path) -> None:
    first = {name: path.read_text() for name, path in prepare_secrets(tmp_path / "s").items()}
    again = {name: path.read_text() for name, path in prepare_secrets(tmp_path / "s").items()}
    assert first == again
    assert all(text.strip() for text in first.values())


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = prepare_secrets(tmp_path / "s")
    finally:
        os.umask(old)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.values()} == {0o600}
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


def test_what_a_crash_left_half_written_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "contact-key.new").write_text("")
    made = prepare_secrets(tmp_path)
    assert made["contact-key"].read_text().strip()
    assert {path.name for path in tmp_path.iterdir()} == set(made)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(OperatorError, match="/proc/siaga"):
        prepare_secrets(Path("/proc/siaga"))
