"""Remember what the tagger made of our stories: those that matter are looked at again."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from services.contracts.tagging import StoryTagged
from services.ingest.tables import stories


def remember_tags(conn: sa.Connection, tagged: Sequence[StoryTagged]) -> None:
    """Note relevance and incident; a story we no longer keep is passed over."""
    for one in tagged:
        conn.execute(
            sa.update(stories)
            .where(stories.c.story_id == one.story_id)
            .values(relevant=one.relevant, incident_id=one.incident_id)
        )
