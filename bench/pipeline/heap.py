"""Decide stories at full speed without a broker, and see which part of the tagger's memory grows.

    python -m bench.pipeline.heap --stories 60000

The soak's stories through rules, join and store in one process: memory of the process beside what Python's objects
take (blocks), what the C library's heap has in use and what lies free in it between what is in use.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psutil

from bench.pipeline.host import ROOT
from bench.pipeline.page import write_soak
from bench.pipeline.soak import DATA
from services.contracts.story import Extraction, StoryEvent, StoryPublished
from services.runtime.heap import give_back, keep_one_heap, set_aside_what_lasts
from services.runtime.outbox import drop, read_pending
from services.runtime.records import Received
from services.runtime.store import Store
from services.tagger.app import MIGRATIONS
from services.tagger.book_files import load_for_good
from services.tagger.clause_cache import ClauseCache
from services.tagger.join import settle
from services.tagger.labelling import label
from services.tagger.tables import outbox
from tests.chaos.stories import Made, make_stories

#: As many as come together at the soak's pace, and looks in all.
BATCH, LOOKS = 15, 10


def main() -> None:
    """Decide, look, and put what was seen on the soak's page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=60_000)
    kept = orjson.loads(DATA.read_bytes())
    kept["heap"] = asyncio.run(decide_all(parser.parse_args().stories))
    DATA.write_bytes(orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE))
    write_soak(kept, DATA.parent.parent)


async def decide_all(stories: int) -> list[dict[str, float]]:
    """Memory after each tenth of so many stories."""
    keep_one_heap()
    book = load_for_good(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")
    cache, looks = ClauseCache(), []
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'tagger'}.sqlite3", MIGRATIONS)
        set_aside_what_lasts()
        for number, batch in enumerate(_batches(stories), 1):
            labelled = [label(one, book) for one in batch]
            await store.write(lambda conn, these=labelled: settle(conn, these, book, datetime.now(UTC), cache))  # type: ignore[misc]
            await _publish(store)
            if number * BATCH % (stories // LOOKS) < BATCH:
                looks.append(_look(cache) | {"stories": float(number * BATCH)})
        await store.close()
    return looks


def _batches(stories: int) -> Iterator[list[Received[StoryEvent]]]:
    batch: list[Received[StoryEvent]] = []
    for made in make_stories(stories, Random(5), 0.03):
        batch.append(Received(_published(made), b"", "stories", 0, made.number, 0))
        if len(batch) == BATCH:
            yield batch
            batch = []


def _published(made: Made) -> StoryPublished:
    now = datetime.now(UTC)
    return StoryPublished(
        occurred_at=now,
        story_id=f"outlet{made.number % 4}:{made.number}",
        version=1,
        outlet=f"outlet{made.number % 4}",
        url=f"https://example.org/{made.number}/",
        title=made.title,
        text=made.text,
        language="id",
        published_at=now,
        published_at_source="feed",
        fetched_at=now,
        extraction=Extraction(method="feed", extractor="bench/1"),
    )


async def _publish(store: Store) -> None:
    """As the relay does, to nobody."""
    rows = await store.read(lambda conn: read_pending(conn, outbox, "", 500))
    await store.write(lambda conn: drop(conn, outbox, [row.id for row in rows]))


class _Heap(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
    )]  # fmt: skip


def _look(cache: ClauseCache) -> dict[str, float]:
    gc.collect()
    give_back()
    ask: Any = ctypes.CDLL(None).mallinfo2
    ask.restype = _Heap
    heap = ask()
    return {
        "rss_mb": psutil.Process().memory_info().rss / 1e6,
        "index_mb": cache.weight / 1e6,
        "texts": float(len(cache)),
        "blocks": float(sys.getallocatedblocks()),
        "used_mb": (heap.uordblks + heap.hblkhd) / 1e6,
        "free_mb": heap.fordblks / 1e6,
    }


if __name__ == "__main__":
    main()
