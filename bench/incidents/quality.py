"""How well stories are joined into incidents: BCubed over the constructed set, through the real tagger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench.incidents.stories import Told
from services.contracts.story import StoryEvent
from services.runtime.records import Received
from services.tagger.core.book import Rulebook
from services.tagger.join import Settled, settle
from services.tagger.labelling import label
from services.tagger.tables import metadata


@dataclass(frozen=True)
class BCubed:
    """Precision and recall a story, averaged over ``stories`` stories."""

    stories: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def bcubed(found: Mapping[str, str], truth: Mapping[str, str], of: Sequence[str] | None = None) -> BCubed:
    """BCubed (Bagga and Baldwin 1998) of the stories ``of``; clusters are always those of all stories."""
    clusters, classes = _groups(found), _groups(truth)
    wanted = list(truth) if of is None else list(of)
    precision = recall = 0.0
    for story in wanted:
        both = len(clusters[found[story]] & classes[truth[story]])
        precision += both / len(clusters[found[story]])
        recall += both / len(classes[truth[story]])
    return BCubed(len(wanted), precision / len(wanted), recall / len(wanted))


def _groups(label_of: Mapping[str, str]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for story, group in label_of.items():
        groups[group].add(story)
    return groups


def join_stories(told: Sequence[Told], book: Rulebook, file: Path | None = None) -> dict[str, Settled]:
    """What became of each story, by story id; labels and join as in the service, on SQLite."""
    engine = sa.create_engine(f"sqlite:///{file}" if file else "sqlite://", poolclass=sa.StaticPool)
    metadata.create_all(engine)
    settled: dict[str, Settled] = {}
    with engine.begin() as conn:
        for one in told:
            [done] = settle(conn, [label(_received(one.event), book)], book, one.event.published_at)
            settled[done.story_id] = done
    engine.dispose()
    return settled


def clusters_of(settled: Mapping[str, Settled]) -> dict[str, str]:
    """Story to incident; a story that was not relevant stands alone, which costs recall."""
    return {story: done.incident_id or f"alone:{story}" for story, done in settled.items()}


def _received(event: StoryEvent) -> Received[StoryEvent]:
    return Received(event, event.story_id.encode(), "stories", 0, 0, 0)
