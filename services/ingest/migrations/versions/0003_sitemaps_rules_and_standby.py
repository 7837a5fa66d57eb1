"""Sitemaps of an index, how the rules of a site fare, and the second address of a source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "sitemaps",
        sa.Column("source_id", sa.String(200), primary_key=True),
        sa.Column("url", sa.String(1000), primary_key=True),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("listed_lastmod", sa.String(100), nullable=False),
        sa.Column("lastmod", sa.String(100), nullable=False),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("body_hash", sa.String(64)),
        sa.Column("is_index", sa.Boolean, nullable=False),
        sa.Column("read_at", sa.Float),
        sa.Column("failed_at", sa.Float),
    )
    op.add_column("polls", sa.Column("rules_recent", sa.String(20), nullable=False, server_default=""))
    op.add_column("polls", sa.Column("rules_fail", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("polls", sa.Column("standby_url", sa.Text))
    op.add_column("polls", sa.Column("standby_since", sa.Float))
    op.add_column("polls", sa.Column("standby_reason", sa.String(60)))
    op.add_column("polls", sa.Column("first_at", sa.Float))
    op.add_column("polls", sa.Column("health_note", sa.String(100), nullable=False, server_default=""))
