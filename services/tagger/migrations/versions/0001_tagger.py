"""The first tables of the tagger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox import create_outbox

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "stories",
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("tagged", sa.LargeBinary, nullable=False),
        sa.Column("relevant", sa.Boolean, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("backfill", sa.Boolean, nullable=False),
        sa.Column("incident_id", sa.String(500)),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("clauses", sa.Integer, nullable=False),
        sa.Column("published_at", sa.Float, nullable=False),
        sa.Column("decided_at", sa.Float, nullable=False),
    )
    op.create_index("ix_stories_incident_id", "stories", ["incident_id"])
    op.create_index("ix_stories_decided_at", "stories", ["decided_at"])
    op.create_table(
        "incidents",
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("alert", sa.LargeBinary, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("merged_into", sa.String(500)),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("ix_incidents_changed_at", "incidents", ["changed_at"])
    op.create_table(
        "incident_keys",
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("day", sa.Integer, nullable=False),
    )
    op.create_index("ix_incident_keys_story_id", "incident_keys", ["story_id"])
    op.create_table(
        "clauses",
        sa.Column("hash", sa.BigInteger, primary_key=True),
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("published_at", sa.Float, nullable=False),
    )
    op.create_index("ix_clauses_story_id", "clauses", ["story_id"])
    op.create_table(
        "handled",
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("events", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_handled_at", "handled", ["at"])
    create_outbox()
