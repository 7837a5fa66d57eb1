"""`siaga readers` and `siaga webhooks`: a token is shown once, a mistake is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.readers import readers_command
from services.cli.webhooks import webhooks_command
from services.notifier.core.outlets.webhook import read_secret
from services.runtime.errors import OperatorError


def run(folder: Path, *words: str) -> Result:
    command = webhooks_command if words[0] in {"log", "enable", "targets", "secret"} else readers_command
    given = [words[0].replace("targets", "list")]
    given += [] if words[0] == "secret" else ["--data", str(folder)]
    return CliRunner().invoke(command, [*given, *words[1:]])


@pytest.mark.parametrize(
    "words",
    [
        ("add", "x", "--region", "ntt"),
        ("add", "x", "--region", "ID-NT,KH"),
        ("add", "\n", "--region", "ID"),
        ("add", "x" * 81, "--region", "ID"),
        ("add", "x", "--region", "ID", "--zone", "Asia/Atlantis"),
        ("add", "x", "--region", "ID", "--zone", "../../etc/passwd"),
        ("revoke", "nobody"),
        ("enable", "nowhere"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_and_changes_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(tmp_path, *words)
    assert isinstance(result.exception, OperatorError)
    assert "\n" not in str(result.exception)
    assert run(tmp_path, "list").stdout == ""


def test_a_token_is_shown_once_and_never_again(tmp_path: Path) -> None:
    added = run(tmp_path, "add", "Operations room", "--region", "ID-NT", "--region", "ID-NT", "--days", "30")
    token = added.stdout.strip()
    assert token.startswith("siaga_reader_")
    assert token not in added.stderr
    listed = run(tmp_path, "list")
    assert token not in listed.output
    reader = json.loads(listed.stdout)
    assert (reader["name"], reader["state"], reader["regions"]) == ("Operations room", "valid", ["ID-NT"])


def test_a_revoked_reader_stays_in_the_list(tmp_path: Path) -> None:
    run(tmp_path, "add", "Operations room", "--region", "*")
    reader_id = json.loads(run(tmp_path, "list").stdout)["reader_id"]
    assert run(tmp_path, "revoke", reader_id).exit_code == 0
    assert json.loads(run(tmp_path, "list").stdout)["state"] == "revoked"
    assert isinstance(run(tmp_path, "revoke", reader_id).exception, OperatorError)


def test_a_fresh_secret_is_one_the_specification_takes(tmp_path: Path) -> None:
    first, second = (run(tmp_path, "secret").stdout.strip() for _ in range(2))
    assert len(read_secret(first)) == 32
    assert first != second


def test_nothing_sent_is_an_empty_log(tmp_path: Path) -> None:
    assert run(tmp_path, "log").stdout == ""
    assert run(tmp_path, "targets").stdout == ""
