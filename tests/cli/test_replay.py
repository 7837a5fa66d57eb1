"""`siaga replay`: what it enqueues, how it goes on after it was cut off, and what it says to a mistake."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from services.cli import replay as replay_module
from services.cli.replay import read_moment, replay_command
from services.contracts.topics import STORIES
from services.ingest.app import MIGRATIONS
from services.ingest.tables import outbox, stories
from services.runtime.errors import OperatorError
from services.runtime.store import Store
from tests.tagger.builders import a_story

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_store(folder: Path, *, days: int, outlets: tuple[str, ...] = ("one", "two")) -> Path:
    """An ingest store with a story of each outlet on each of the last days."""
    store = Store.open(f"sqlite:///{folder / 'ingest.sqlite3'}", MIGRATIONS)
    now = datetime.now(UTC)
    rows = []
    for day in range(days):
        for outlet in outlets:
            at = (now - timedelta(days=day, hours=1)).timestamp()
            event = a_story(f"{outlet}:{day:05}")
            rows.append(
                {
                    "story_id": event.story_id, "source_id": f"{outlet}-feed", "outlet": outlet, "url": event.url,
                    "version": 1, "event": event.model_dump_json().encode(), "trace": "", "published_at": at,
                    "first_seen_at": at, "changed_at": at,
                }
            )  # fmt: skip
    with store.engine.begin() as conn:
        conn.execute(sa.insert(stories), rows)
    store.engine.dispose()
    return folder


def run(*arguments: str) -> tuple[int, list[dict[str, object]], str]:
    result = CliRunner().invoke(replay_command, arguments, standalone_mode=False)
    if isinstance(result.exception, OperatorError):
        return 2, [], str(result.exception)
    assert result.exception is None, result.exception
    return int(result.return_value or 0), [json.loads(line) for line in result.stdout.splitlines()], result.stderr


def enqueued(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    engine = sa.create_engine(f"sqlite:///{folder / 'ingest.sqlite3'}")
    with engine.connect() as conn:
        for row in conn.execute(sa.select(outbox).where(outbox.c.topic == STORIES).order_by(outbox.c.id)):
            yield row.key.decode(), json.loads(row.headers)
    engine.dispose()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "31-01-2026", "7 days", "-7d", "999999999d", "2026-01-31T99"]
)
def test_what_is_no_date_gets_one_clear_line(text: str) -> None:
    with pytest.raises(OperatorError, match=r"--since '.*': is no date; write 2026-01-31") as caught:
        read_moment("--since", text, NOW)
    assert "\n" not in str(caught.value)


def test_a_moment_to_come_is_refused() -> None:
    with pytest.raises(OperatorError, match="has not come yet"):
        read_moment("--since", "2026-02-01", NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-22", datetime(2026, 1, 22, tzinfo=UTC)),
        ("2026-01-22T06:00", datetime(2026, 1, 22, 6, tzinfo=UTC)),
        ("2026-01-22T06:00+07:00", datetime(2026, 1, 21, 23, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
    ],
)
def test_a_date_is_read(text: str, moment: datetime) -> None:
    assert read_moment("--since", text, NOW) == moment


def test_an_end_before_the_beginning_is_refused(tmp_path: Path) -> None:
    status, _, said = run("--since", "2026-01-22", "--until", "2026-01-21", "--data", str(tmp_path))
    assert (status, said) == (2, "--until 2026-01-21: is not after --since 2026-01-22")


def test_a_folder_without_a_store_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    status, _, said = run("--since", "7d", "--data", str(tmp_path))
    assert status == 2 and "is not there" in said
    assert list(tmp_path.iterdir()) == []


def test_an_outlet_nobody_knows_is_refused(tmp_path: Path) -> None:
    status, _, said = run("--since", "7d", "--outlet", "thre", "--data", str(a_store(tmp_path, days=1)))
    assert (status, said) == (2, "source or outlet 'thre': has no story in the store")


def test_every_story_of_the_span_is_told_again_with_the_mark(tmp_path: Path) -> None:
    status, out, _ = run("--since", "3d", "--data", str(a_store(tmp_path, days=5)))
    assert (status, out[-1]["stories"]) == (0, 6)
    told = list(enqueued(tmp_path))
    assert sorted(key for key, _ in told) == sorted(f"{o}:{day:05}" for o in ("one", "two") for day in range(3))
    assert all(headers["replay"] == "1" for _, headers in told)


def test_only_the_named_outlet_before_the_named_moment_is_told(tmp_path: Path) -> None:
    run("--since", "4d", "--until", "2d", "--outlet", "two", "--data", str(a_store(tmp_path, days=5)))
    assert [key for key, _ in enqueued(tmp_path)] == ["two:00002", "two:00003"]


def test_a_dry_run_counts_and_tells_nothing(tmp_path: Path) -> None:
    status, out, _ = run("--since", "3d", "--dry-run", "--data", str(a_store(tmp_path, days=5)))
    assert status == 0
    assert out == [
        {"outlet": "one", "stories": 3},
        {"outlet": "two", "stories": 3},
        {"stories": 6, "dry_run": True},
    ]
    assert list(enqueued(tmp_path)) == []


def test_cut_off_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = a_store(tmp_path, days=300)
    monkeypatch.setattr(replay_module, "MAX_WAITING", 250)
    monkeypatch.setattr(replay_module, "GIVE_UP_AFTER_S", 0.0)
    status, out, said = run("--since", "400d", "--data", str(data))
    assert (status, out) == (1, []) and "ingest publishes none" in said
    first = [key for key, _ in enqueued(tmp_path)]
    assert len(first) == 400
    monkeypatch.setattr(replay_module, "MAX_WAITING", 10_000)
    status, out, _ = run("--since", "400d", "--data", str(data))
    assert (status, out[-1]["stories"]) == (0, 600)
    every = [key for key, _ in enqueued(tmp_path)]
    assert every[:400] == first and len(set(every)) == len(every) == 600
    assert not (data / "replay.json").exists()


@pytest.mark.parametrize(("hours", "told"), [(1, 2), (25, 6)], ids=["the same day", "later"])
def test_the_same_words_go_on_within_a_day_and_begin_anew_later(tmp_path: Path, hours: int, told: int) -> None:
    data = a_store(tmp_path, days=3)
    asked = json.dumps(["30d", None, [], []])
    at = time.time() - hours * 3600
    (data / "replay.json").write_text(json.dumps({"asked": asked, "after": "two:00000", "done": 4, "at": at}))
    code, _, said = run("--since", "30d", "--data", str(data))
    assert code == 0
    assert len(list(enqueued(data))) == told
    assert ("goes on after the 4 stories" in said) is (told == 2)


def test_another_replay_does_not_go_on_from_an_old_bookmark(tmp_path: Path) -> None:
    data = a_store(tmp_path, days=2)
    (data / "replay.json").write_text(
        json.dumps({"asked": "another", "after": "zzz", "done": 9, "at": time.time()})
    )
    assert run("--since", "7d", "--data", str(data))[1][-1]["stories"] == 4
