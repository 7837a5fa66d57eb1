"""What all stories say finds nobody's original, costs no more however many say it, and hides no copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.contracts.story import Extraction, StoryPublished
from services.ingest.copy_index import COMMON, WITHIN, find_original, index_story
from services.ingest.core.copies import Print, print_of
from services.ingest.retention import AT_ONCE, forget_old
from services.ingest.tables import anchors, metadata, stories
from tests.ingest.core.test_copies import ORIGINAL

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
SIGNED_OFF = (
    "Ikuti kanal kami untuk kabar terbaru setiap hari dan pasang aplikasinya di gawai Anda sekarang juga agar tidak "
    "tertinggal berita penting dari seluruh pelosok negeri yang disajikan redaksi dengan bahasa yang mudah dipahami"
)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sa.Connection]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ingest.sqlite3'}")
    metadata.create_all(engine)
    with engine.begin() as conn:
        yield conn
    engine.dispose()


def own_words(number: int) -> str:
    return " ".join(f"kata{number}x{place}" for place in range(60))


def publish(conn: sa.Connection, story_id: str, text: str, at: datetime = NOW) -> None:
    event = StoryPublished(
        occurred_at=at, story_id=story_id, version=1, outlet="desk", url="https://example.org/", title="Judul",
        text=text, language="id", published_at=at, published_at_source="feed", fetched_at=at,
        extraction=Extraction(method="feed", extractor="test/1"),
    )  # fmt: skip
    moment = at.timestamp()
    conn.execute(
        sa.insert(stories).values(
            story_id=story_id, source_id="desk-all", outlet="desk", trace="", url=event.url, version=1, withdrawn=False,
            event=event.model_dump_json().encode(), published_at=moment, first_seen_at=moment, changed_at=moment,
        )
    )  # fmt: skip
    index_story(conn, story_id, of(text), at)


def of(text: str) -> Print:
    return print_of("Judul", text)


def sign_off(conn: sa.Connection, count: int) -> None:
    """So many stories of different words that end alike."""
    for number in range(count):
        publish(conn, f"desk:{number}", f"{own_words(number)} {SIGNED_OFF}")


def rows_of(conn: sa.Connection, text: str) -> int:
    have = anchors.c.anchor.in_(of(text).anchors)
    return conn.execute(sa.select(sa.func.count()).select_from(anchors).where(have)).scalar_one()


def test_what_all_stories_say_is_kept_of_the_first_ones_alone(conn: sa.Connection) -> None:
    assert of(SIGNED_OFF).anchors
    sign_off(conn, COMMON * 3)
    assert rows_of(conn, SIGNED_OFF) == COMMON * len(of(SIGNED_OFF).anchors)


def test_what_few_stories_say_is_kept_of_each(conn: sa.Connection) -> None:
    sign_off(conn, COMMON - 1)
    assert rows_of(conn, SIGNED_OFF) == (COMMON - 1) * len(of(SIGNED_OFF).anchors)


@pytest.mark.parametrize("others", [0, COMMON - 1, COMMON * 3])
def test_a_copy_is_found_however_many_stories_end_as_it_does(conn: sa.Connection, others: int) -> None:
    sign_off(conn, others)
    publish(conn, "desk:original", f"{ORIGINAL} {SIGNED_OFF}")
    assert find_original(conn, "two:copy", of(f"{ORIGINAL} {SIGNED_OFF}"), NOW) == "desk:original"


@pytest.mark.parametrize("others", [1, COMMON - 1, COMMON * 3])
def test_a_story_that_only_ends_as_others_do_is_no_copy(conn: sa.Connection, others: int) -> None:
    sign_off(conn, others)
    assert find_original(conn, "two:new", of(f"{ORIGINAL} {SIGNED_OFF}"), NOW) is None


def test_a_text_of_nothing_but_what_all_say_is_looked_for_among_the_first_ones(conn: sa.Connection) -> None:
    sign_off(conn, COMMON * 2)
    assert find_original(conn, "two:short", of(SIGNED_OFF), NOW) == "desk:0"


def test_a_copy_of_what_is_too_old_is_none(conn: sa.Connection) -> None:
    publish(conn, "desk:original", ORIGINAL, NOW - WITHIN - timedelta(minutes=1))
    assert find_original(conn, "two:copy", of(ORIGINAL), NOW) is None


def test_what_finds_copies_goes_after_three_days_in_parts_and_nothing_younger_does(conn: sa.Connection) -> None:
    old, young = (NOW - WITHIN - timedelta(minutes=1)).timestamp(), NOW.timestamp()
    rows = [{"anchor": one, "story_id": f"old:{one}", "seen_at": old} for one in range(AT_ONCE * 2 + 1)]
    conn.execute(sa.insert(anchors), [*rows, {"anchor": 1, "story_id": "young:1", "seen_at": young}])
    went = [forget_old(conn, NOW, timedelta(days=90)) for _ in range(4)]
    assert went == [AT_ONCE, AT_ONCE, 1, 0]
    assert conn.execute(sa.select(anchors.c.story_id)).scalars().all() == ["young:1"]
