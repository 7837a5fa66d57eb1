"""The first tables of ingest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox import create_outbox

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "polls",
        sa.Column("source_id", sa.String(200), primary_key=True),
        sa.Column("configured_url", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("body_hash", sa.String(64)),
        sa.Column("window_s", sa.Float),
        sa.Column("median_gap_s", sa.Float),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.Float),
        sa.Column("last_reason", sa.String(60), nullable=False),
        sa.Column("last_status", sa.Integer, nullable=False),
        sa.Column("last_detail", sa.Text, nullable=False),
        sa.Column("last_polled_at", sa.Float),
        sa.Column("last_body_at", sa.Float),
        sa.Column("last_success_at", sa.Float),
        sa.Column("last_new_story_at", sa.Float),
        sa.Column("next_check_at", sa.Float),
        sa.Column("due_reason", sa.String(40), nullable=False),
        sa.Column("interval_s", sa.Float, nullable=False),
        sa.Column("move_to", sa.Text),
        sa.Column("move_seen", sa.Integer, nullable=False),
        sa.Column("move_since", sa.Float),
        sa.Column("health", sa.String(20)),
        sa.Column("health_since", sa.Float),
        sa.Column("claimed_by", sa.String(64)),
    )
    op.create_index("ix_polls_domain", "polls", ["domain"])
    op.create_table(
        "domains",
        sa.Column("domain", sa.String(253), primary_key=True),
        sa.Column("next_allowed_at", sa.Float, nullable=False),
        sa.Column("cools_until", sa.Float, nullable=False),
    )
    op.create_table(
        "stories",
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("outlet", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.Column("trace", sa.String(60), nullable=False),
        sa.Column("published_at", sa.Float, nullable=False),
        sa.Column("first_seen_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("relevant", sa.Boolean),
        sa.Column("incident_id", sa.String(500)),
    )
    op.create_index("ix_stories_first_seen_at", "stories", ["first_seen_at"])
    op.create_table(
        "aliases",
        sa.Column("alias", sa.String(500), primary_key=True),
        sa.Column("story_id", sa.String(500), nullable=False),
    )
    op.create_index("ix_aliases_story_id", "aliases", ["story_id"])
    op.create_table(
        "sightings",
        sa.Column("source_id", sa.String(200), primary_key=True),
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("section", sa.String(200), nullable=False),
        sa.Column("entry_hash", sa.String(64), nullable=False),
        sa.Column("first_seen_at", sa.Float, nullable=False),
        sa.Column("last_seen_at", sa.Float, nullable=False),
    )
    op.create_index("ix_sightings_story_id", "sightings", ["story_id"])
    create_outbox()
