"""Signatures and the explanation of each join; the pieces of a story's text in one row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("stories", sa.Column("signature", sa.LargeBinary))
    op.add_column("stories", sa.Column("why", sa.String(500), nullable=False, server_default=""))
    op.drop_index("ix_clauses_story_id", "clauses")
    op.drop_table("clauses")
    op.create_table(
        "clause_sets",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("story_id", sa.String(500), nullable=False, unique=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.Column("sentences", sa.Integer, nullable=False),
        sa.Column("published_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_clause_sets_published_at", "clause_sets", ["published_at"])
