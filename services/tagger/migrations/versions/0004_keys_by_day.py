"""Keys of incidents by day."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("incident_keys_day", "incident_keys", ["key", "day", "story_id"])
