"""When an incident began, from its index."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("ix_stories_incident_began", "stories", ["incident_id", "published_at"])
    op.drop_index("ix_stories_incident_id", "stories")
