"""Keep the near-duplicate index in memory, as a cache of its table: it reads on from where it was."""

from __future__ import annotations

import gc
from array import array

import sqlalchemy as sa

from services.tagger.core.duplicates import ClauseIndex, Pieces, Shared
from services.tagger.tables import clause_sets

#: From so many stories on the index is taken out of the collector's sight: a full collection over
#: 100,000 stories stops the service for a second otherwise.
_FREEZE_FROM = 5_000
_INSERT = sa.insert(clause_sets)
_NEWEST = sa.select(sa.func.max(clause_sets.c.seq))
_SINCE = sa.select(clause_sets).where(clause_sets.c.seq > sa.bindparam("since")).order_by(clause_sets.c.seq)


class ClauseCache:
    """The index of one process; ask it inside the serial transaction only."""

    def __init__(self) -> None:
        self._index = ClauseIndex()
        self._seq = 0

    def __len__(self) -> int:
        return len(self._index)

    @property
    def weight(self) -> int:
        """Bytes of memory it takes, near enough."""
        return self._index.weight

    def find(self, conn: sa.Connection, story_id: str, pieces: Pieces, published: float) -> list[Shared]:
        """Stories that share text with these pieces, this transaction's own among them."""
        if not pieces:
            return []
        self.read_on(conn)
        return self._index.find(story_id, pieces, published)

    def read_on(self, conn: sa.Connection) -> None:
        """Take over what was written since, by this process or another replica."""
        newest = conn.execute(_NEWEST).scalar() or 0
        if newest < self._seq:
            # What was read last has been rolled back, or pruned: numbers may be given again.
            self._index, self._seq = ClauseIndex(), 0
        if newest == self._seq:
            return
        before = len(self._index)
        for row in conn.execute(_SINCE, {"since": self._seq}):
            self._index.add(row.story_id, array("q", row.hashes), row.sentences, row.published_at)
        self._seq = newest
        if len(self._index) - before >= _FREEZE_FROM:
            gc.collect()
            gc.freeze()

    def forget_before(self, published: float) -> int:
        """Forget old stories; how many."""
        return self._index.forget_before(published)


def write_pieces(conn: sa.Connection, story_id: str, pieces: Pieces, published: float) -> None:
    """Add a story's pieces to the table; what was there of it is gone already."""
    hashes = array("q", (one for sentence in pieces for one in sentence)).tobytes()
    row = {"story_id": story_id, "hashes": hashes, "sentences": len(pieces), "published_at": published}
    conn.execute(_INSERT, row)
