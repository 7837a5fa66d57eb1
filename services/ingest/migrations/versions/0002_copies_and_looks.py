"""Copies of stories, the anchors they are found by, and pages to be read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "anchors",
        sa.Column("anchor", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_index("ix_anchors_story_id", "anchors", ["story_id"])
    op.create_index("ix_anchors_seen_at", "anchors", ["seen_at"])
    op.create_table(
        "copies",
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("original_id", sa.String(500), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_index("ix_copies_original_id", "copies", ["original_id"])
    op.create_table(
        "looks",
        sa.Column("story_id", sa.String(500), primary_key=True),
        sa.Column("source_id", sa.String(200), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
    )
    op.create_index("ix_looks_domain", "looks", ["domain"])
