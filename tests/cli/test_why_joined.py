"""`siaga why` says why a story is in its incident."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.cli.stores import Stores
from services.cli.why import explain
from services.ingest.app import MIGRATIONS as INGEST
from services.ingest.tables import stories
from services.notifier.app import MIGRATIONS as NOTIFIER
from services.runtime.store import Store
from services.tagger.app import MIGRATIONS as TAGGER
from services.tagger.book_files import load_book
from services.tagger.join import settle
from services.tagger.labelling import label
from tests.tagger.builders import NOW, a_story, received

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
RETOLD = (
    "Polda NTT mengamankan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kupang. Seorang perekrut ditangkap."
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The stores after two outlets told of one event."""
    told = [a_story(), a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5)]
    opened = {
        name: Store.open(f"sqlite:///{tmp_path / name}.sqlite3", where)
        for name, where in (("ingest", INGEST), ("tagger", TAGGER), ("notifier", NOTIFIER))
    }
    rows = [
        {
            "story_id": one.story_id, "source_id": "feed", "outlet": one.outlet, "url": one.url, "version": 1,
            "event": one.model_dump_json().encode(), "trace": "", "published_at": 0.0, "first_seen_at": 0.0,
            "changed_at": 0.0,
        }
        for one in told
    ]  # fmt: skip
    with opened["ingest"].engine.begin() as conn:
        conn.execute(sa.insert(stories), rows)
    book = load_book(SEEDS / "topics", SEEDS / "places")
    with opened["tagger"].engine.begin() as conn:
        settle(conn, [label(received(one), book) for one in told], book, NOW)
    for store in opened.values():
        store.engine.dispose()
    return tmp_path


def said(data: Path, story_id: str) -> list[str]:
    """The tagger's lines; the officials come last, and there are none."""
    steps = itertools.takewhile(
        lambda step: step[0] in {"ingest", "tagger"}, explain(Stores(data), story_id, None)
    )
    return [what for who, what in steps if who == "tagger"]


def test_a_story_that_joined_says_what_it_shares(data: Path) -> None:
    [line] = [what for what in said(data, "kompas:7") if what.startswith("in its incident")]
    assert line.startswith("in its incident because same_event_told_anew: ")
    assert "same district" in line


def test_a_story_that_founded_its_incident_says_so(data: Path) -> None:
    assert "in its incident because founded_an_incident: nothing like it was known" in said(data, "antara:1")
