"""Label a story event before it is settled: pure, and in any number of processes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.contracts.story import StoryEvent, StoryRevised, StoryWithdrawn
from services.runtime.records import Received
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook
from services.tagger.core.duplicates import Pieces, read_pieces
from services.tagger.core.story import Tagging, article_of, tag_story

_COPIES_ONLY = ("copies",)


@dataclass(frozen=True)
class Labelled:
    """A story event with its label; labelling is pure and may run in any number of processes."""

    event: StoryEvent
    tagging: Tagging | None
    pieces: Pieces
    trace: str | None = None
    replayed: bool = False
    tagged_in: str | None = None  # the span of the labelling, where it is traced


def label(received: Received[StoryEvent], book: Rulebook) -> Labelled:
    """Tag the story, unless the event brings no new text."""
    unread = Labelled(received.value, None, (), received.trace, received.replayed)
    return unread if copies_only(unread.event) else with_label(unread, book)


def with_label(labelled: Labelled, book: Rulebook) -> Labelled:
    """Read what was not: a revision that only adds copies, too, where the story was never seen here."""
    if labelled.tagging is not None or isinstance(labelled.event, StoryWithdrawn):
        return labelled
    tagging = tag_story(article_of(labelled.event), book)
    pieces = read_pieces(blank(tagging.title, tagging.text)) if tagging.relevant else ()
    return replace(labelled, tagging=tagging, pieces=pieces)


def copies_only(event: StoryEvent) -> bool:
    """Whether a revision says no more than that another outlet has the story too."""
    return isinstance(event, StoryRevised) and event.changed == _COPIES_ONLY
