"""The pages that tell whether one page is missing or a whole site: its neighbours in time, and others missed."""

from __future__ import annotations

import sqlalchemy as sa

from services.contracts.story import Story
from services.ingest.tables import looks, stories

#: The nearest before and after: of the same scheme of addresses, wherever the site has moved.
WITNESSES = 2
#: Some of them cannot be asked: so many are tried at most.
_CANDIDATES = 5


def stories_beside(conn: sa.Connection, story: Story) -> list[str]:
    """The addresses of the stories of the same source that were published next to this one, the nearest first."""
    at = story.published_at.timestamp()
    query = (
        sa.select(stories.c.url)
        .where(
            stories.c.source_id == story.source_id,
            stories.c.story_id != story.story_id,
            stories.c.url != story.url,
            stories.c.withdrawn.is_(False),
        )
        .order_by(sa.func.abs(stories.c.published_at - at), stories.c.story_id)
        .limit(_CANDIDATES)
    )
    return list(conn.execute(query).scalars())


def count_missing(conn: sa.Connection, domain: str, besides: str) -> int:
    """How many other pages of a domain were not there when they were last looked at."""
    query = sa.select(sa.func.count()).where(
        looks.c.domain == domain, looks.c.misses > 0, looks.c.story_id != besides
    )
    return int(conn.execute(query).scalar_one())
