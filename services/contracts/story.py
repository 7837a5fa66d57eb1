"""A story as an outlet published it, as it changed, and as it was taken back."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from services.contracts.base import Event, Identifier, Instant, Language, Value

PublishedAtSource = Literal["feed", "page", "assumed"]


class Extraction(Value):
    """How the text was won, so that a change of an outlet's page can be traced."""

    method: Literal["feed", "rules", "trafilatura", "summary"]
    extractor: str = Field(max_length=80, description="name and version of what cut the text out")
    truncated: bool = Field(default=False, description="true where we know that text is missing")


class Copy(Value):
    """The same text seen again elsewhere: a source more, never a new fact."""

    outlet: str
    url: str = Field(max_length=4096)
    title: str = Field(default="", max_length=1000)
    seen_at: Instant


class Story(Event):
    """The full state of a story at one version.

    ``text`` holds paragraphs divided by ``\\n``; offsets everywhere count code points in
    ``title + "\\n" + text``.  Raw text: only the tagger and ingest may read it.
    """

    story_id: Identifier = Field(description="outlet and the article's own number, else the canonical URL")
    version: int = Field(ge=1, description="grows by one with each revision")
    source_id: str = Field(default="", max_length=200, description="the entry of feeds.yaml that saw it first")
    outlet: str = Field(min_length=1, max_length=200)
    section: str = Field(default="", max_length=200)
    url: str = Field(max_length=4096)
    title: str = Field(min_length=1, max_length=1000)
    text: str = Field(default="", max_length=200_000)
    language: Language = "und"
    published_at: Instant
    published_at_source: PublishedAtSource
    fetched_at: Instant
    dateline: str = Field(
        default="", max_length=300, description="leads ``text``, followed by `` - ``, where known"
    )
    byline: str = Field(default="", max_length=300)
    default_region: str = Field(default="", max_length=6, description="the desk's region: a prior, never evidence")
    extraction: Extraction
    copies: tuple[Copy, ...] = ()
    backfill: bool = Field(default=False, description="seen at the first poll of a source: old news, not new")


class StoryPublished(Story):
    """A story was seen for the first time."""

    event: Literal["StoryPublished"] = "StoryPublished"


class StoryRevised(Story):
    """A story changed; carries the new full state and the names of the fields that changed."""

    event: Literal["StoryRevised"] = "StoryRevised"
    changed: tuple[str, ...] = Field(min_length=1)


class StoryWithdrawn(Event):
    """The outlet took a story back."""

    event: Literal["StoryWithdrawn"] = "StoryWithdrawn"
    story_id: Identifier
    version: int = Field(ge=1)
    outlet: str
    url: str = Field(max_length=4096)
    reason: Literal["not_found", "gone", "removal_notice"]
    heir: StoryPublished | None = Field(
        default=None,
        description="a copy of it that still stands, from here on a story of its own: told in the same record, so "
        "that what rests on both never falls between two partitions",
    )


StoryEvent = Annotated[StoryPublished | StoryRevised | StoryWithdrawn, Field(discriminator="event")]
STORY_EVENT: TypeAdapter[StoryEvent] = TypeAdapter(StoryEvent)
