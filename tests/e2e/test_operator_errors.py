"""What an operator can get wrong is one clear line on stderr and exit status 2, never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.runtime.embedded import EmbeddedProcess

ENTRY = """officials:
  - ref: post-a
    title: A post
    language: id
    zone: Asia/Makassar
    contacts: {email: post@example.org}
    channels: [email]
    subscriptions:
      - regions: [ID-NT]
"""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def fails(folder: Path, *arguments: str, **environment: str) -> str:
    """Run it; it must end by itself with status 2 and one line, which is returned."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SIAGA_")}
    env |= {"SIAGA_DATA_DIR": str(folder), "SIAGA_SOURCES": str(ROOT / "seeds" / "feeds.demo.yaml")} | environment
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize(
    ("service", "variable", "value", "says"),
    [
        ("ingest", "SIAGA_HTTP_PORT", "many", "SIAGA_HTTP_PORT"),
        ("tagger", "SIAGA_LOG_LEVEL", "LOUD", "SIAGA_LOG_LEVEL"),
        ("ingest", "SIAGA_SOURCES", "nowhere.yaml", "nowhere.yaml"),
        ("tagger", "SIAGA_TOPICS", "nowhere", "nowhere"),
        ("notifier", "SIAGA_OFFICIALS_FILE", "nowhere.yaml", "nowhere.yaml"),
        ("notifier", "SIAGA_TELEGRAM_TOKEN_FILE", "no-token-here", "no-token-here"),
        ("notifier", "SIAGA_NOTIFIER_STORE", "mysql://x/y", "neither sqlite nor postgresql"),
        ("tagger", "SIAGA_KAFKA_SECURITY", "sasl_ssl", "SIAGA_KAFKA_USERNAME"),
        ("ingest", "SIAGA_KAFKA", "127.0.0.1:1", "cannot be reached"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    service: str, variable: str, value: str, says: str, tmp_path: Path
) -> None:
    assert says in fails(tmp_path, f"services.{service}", **{variable: value})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("officials: [", "officials.yaml:1"),
        (ENTRY.replace("Asia/Makassar", "Mars/Base"), "officials[0].zone"),
        (ENTRY + "    surname: b\n", "officials[0].surname"),
        (ENTRY.replace("[email]", "[pigeon]"), "officials[0].channels"),
        ("people: []\n", "officials"),
    ],
)
def test_a_malformed_officials_file_is_named_by_line_and_key(content: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "officials.yaml"
    path.write_text(content)
    line = fails(tmp_path, "services.notifier", SIAGA_OFFICIALS_FILE=str(path))
    assert str(path) in line
    assert says in line


async def test_a_port_in_use_is_named(embedded: EmbeddedProcess, taken_port: int, tmp_path: Path) -> None:
    line = fails(tmp_path, "services.tagger", SIAGA_KAFKA=embedded.bootstrap, SIAGA_HTTP_PORT=str(taken_port))
    assert str(taken_port) in line
    assert "in use" in line


def test_live_feeds_without_an_address_to_complain_to_are_refused(tmp_path: Path) -> None:
    line = fails(tmp_path, "services.cli.main", "run", "--feeds", "live", "--data", str(tmp_path / "d"))
    assert "--contact-url" in line


def test_a_second_run_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "in use by another" in fails(tmp_path, "services.cli.main", "run", "--data", str(tmp_path))


def test_siaga_run_ends_with_the_line_of_the_part_that_cannot_start(tmp_path: Path) -> None:
    officials = tmp_path / "officials.yaml"
    officials.write_text("officials: 7\n")
    line = fails(
        tmp_path,
        "services.cli.main",
        "run",
        "--plain",
        "--data",
        str(tmp_path / "d"),
        "--officials",
        str(officials),
    )
    assert str(officials) in line


def test_an_unknown_option_is_one_line(tmp_path: Path) -> None:
    assert "--quick" in fails(tmp_path, "services.cli.main", "run", "--quick")


def test_a_dead_letter_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"pid": 1, "bootstrap": "127.0.0.1:1", "embedded": true}')
    line = fails(tmp_path, "services.cli.main", "dead", "show", "tagger:9", "--data", str(tmp_path))
    assert "tagger:9" in line


@pytest.mark.parametrize("command", [("dead", "list"), ("dead", "replay", "--all"), ("why", "x")])
def test_a_store_that_is_no_database_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"pid": 1, "bootstrap": "127.0.0.1:1", "embedded": true}')
    (tmp_path / "tagger.sqlite3").write_bytes(b"no database at all, " * 100)
    line = fails(tmp_path, "services.cli.main", *command, "--data", str(tmp_path))
    assert str(tmp_path / "tagger.sqlite3") in line
    assert "not a database" in line


@pytest.mark.parametrize("command", [("dead", "list"), ("why", "x")])
def test_a_store_that_another_program_made_is_named(command: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"pid": 1, "bootstrap": "127.0.0.1:1", "embedded": true}')
    (tmp_path / "tagger.sqlite3").write_bytes(b"")
    line = fails(tmp_path, "services.cli.main", *command, "--data", str(tmp_path))
    assert str(tmp_path / "tagger.sqlite3") in line
    assert "no such table" in line


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    line = fails(tmp_path, "services.cli.main", "run", "--data", "/proc/siaga")
    assert "--data /proc/siaga" in line


def test_a_folder_where_no_contact_key_can_be_made_is_named(tmp_path: Path) -> None:
    line = fails(tmp_path, "services.cli.main", "officials", "list", "--data", "/proc/siaga")
    assert "/proc/siaga/contact-key" in line


@pytest.mark.parametrize(
    "command", [("dead", "list"), ("dead", "show", "1"), ("dead", "replay", "--all"), ("topics",)]
)
def test_a_broker_that_is_away_is_one_line(command: tuple[str, ...], tmp_path: Path) -> None:
    line = fails(tmp_path, "services.cli.main", *command, SIAGA_KAFKA="127.0.0.1:1")
    assert "127.0.0.1:1" in line
    assert "cannot be reached" in line


def test_siaga_run_on_a_broker_that_is_away_is_one_line(tmp_path: Path) -> None:
    data = str(tmp_path / "d")
    line = fails(tmp_path, "services.cli.main", "run", "--plain", "--broker", "127.0.0.1:1", "--data", data)
    assert "127.0.0.1:1" in line
    assert "cannot be reached" in line
