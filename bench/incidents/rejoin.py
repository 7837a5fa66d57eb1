"""Push labelled stories through the join at scale, as a replay does: stories a second, and memory."""

from __future__ import annotations

import itertools
import resource
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from services.runtime.store import Store
from services.tagger.app import MIGRATIONS
from services.tagger.clause_cache import ClauseCache
from services.tagger.core.book import Rulebook
from services.tagger.join import settle
from services.tagger.labelling import Labelled
from services.tagger.tables import incidents, outbox, stories

#: As many as the service takes from Kafka at once.
BATCH = 500


@dataclass(frozen=True)
class Rejoined:
    """What became of the stories, and what it cost."""

    stories: int
    relevant: int
    incidents: int
    wall_s: float
    processor_s: float
    peak_mb: float

    @property
    def per_s(self) -> float:
        return self.stories / self.processor_s


def rejoin(labelled: Iterable[Labelled], book: Rulebook, file: Path, now: datetime | None = None) -> Rejoined:
    """Settle every story on a SQLite store in ``file``, in batches as the service does.

    The outbox is emptied after each batch, as its relay does.  Call it with stories in the order of their
    publication; labelling is not counted.
    """
    store = Store.open(f"sqlite:///{file}", MIGRATIONS)
    at = now or datetime.now(UTC)
    cache, count, wall, processor = ClauseCache(), 0, 0.0, 0.0
    for batch in _batches(labelled):
        started, busy = time.perf_counter(), time.process_time()
        with store.engine.begin() as conn:
            settle(conn, batch, book, at, cache)
            conn.execute(sa.delete(outbox))
        wall += time.perf_counter() - started
        processor += time.process_time() - busy
        count += len(batch)
    with store.engine.begin() as conn:
        relevant = conn.execute(sa.select(sa.func.count()).where(stories.c.relevant.is_(True))).scalar_one()
        found = conn.execute(sa.select(sa.func.count()).select_from(incidents)).scalar_one()
    store.engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Rejoined(count, relevant, found, wall, processor, peak)


def _batches(labelled: Iterable[Labelled]) -> Iterator[list[Labelled]]:
    stream = iter(labelled)
    while batch := list(itertools.islice(stream, BATCH)):
        yield batch
