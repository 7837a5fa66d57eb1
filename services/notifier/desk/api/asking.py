"""What may be asked of a list: the same filters as at the desk, and where to go on."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.contracts.base import Region
from services.contracts.codes import Kind, Role, Topic
from services.notifier.desk.api import cursor
from services.notifier.desk.api.slices import Cut
from services.notifier.desk.wanted import DAYS, WORDS_LONGEST, Wanted

LIMIT, LIMIT_HIGHEST = 30, 100
#: With ``since`` it is that which counts.
_ALWAYS = 36_500


class Going(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(
        default=None, min_length=1, max_length=cursor.LONGEST, description="where to go on, from the part before"
    )
    limit: int = Field(default=LIMIT, ge=1, le=LIMIT_HIGHEST, description="how many at most", examples=[30])

    @property
    def before(self) -> int | None:
        """In a list ordered by a running number, the last one that was given."""
        return None if self.cursor is None else cursor.read_number(self.cursor)


class AskingWords(BaseModel):
    """A full text search."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field(
        min_length=1, max_length=WORDS_LONGEST, description="all of them, in the text of a story",
        examples=["atambua"],
    )  # fmt: skip


class AskingStories(Going):
    """Which stories."""

    words: str = Field(
        default="", max_length=WORDS_LONGEST, description="all of them, in the text", examples=["atambua"]
    )
    incident_id: str = Field(default="", max_length=500, description="only of this incident")
    all: bool = Field(default=False, description="also those that were not recognised", examples=[False])


class AskingIncidents(Going):
    """Which incidents."""

    words: str = Field(
        default="", max_length=WORDS_LONGEST, description="all of them, in the text of its stories",
        examples=["atambua"],
    )  # fmt: skip
    place: Region | None = Field(
        default=None, description="a country (ISO 3166-1) or a region of one (ISO 3166-2)", examples=["ID-NT"]
    )
    role: Role | None = Field(default=None, description="what the place has to do with it", examples=["event"])
    topic: Topic | None = Field(default=None, examples=["illegal_labour_placement"])
    kind: Kind | None = Field(default=None, examples=["enforcement"])
    severity: int = Field(default=0, ge=0, le=4, description="at least", examples=[2])
    days: int = Field(default=7, ge=1, le=DAYS[-1], description="changed within so many days", examples=[7])
    since: AwareDatetime | None = Field(
        default=None,
        description="changed at or after; then days does not count",
        examples=["2026-11-01T00:00:00Z"],
    )
    until: AwareDatetime | None = Field(
        default=None, description="changed before", examples=["2026-12-01T00:00:00Z"]
    )
    oldest_first: bool = Field(
        default=False,
        description="in the order of change: whoever keeps a copy misses nothing, what changes comes later on",
        examples=[False],
    )

    def wanted(self) -> Wanted:
        """As the pages ask it."""
        return Wanted(
            plain(self.words), self.place or "", self.role or "", self.topic or "", self.kind or "", self.severity,
            self.days if self.since is None else _ALWAYS,
        )  # fmt: skip

    def cut(self) -> Cut:
        """Which part."""
        after = None if self.cursor is None else cursor.read_moment(self.cursor)
        since = None if self.since is None else self.since.timestamp()
        until = None if self.until is None else self.until.timestamp()
        return Cut(self.limit, after, since, until, self.oldest_first)


def plain(text: str) -> str:
    """A text without the character no store takes."""
    return text.replace("\x00", " ")
