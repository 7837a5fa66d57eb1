"""What a reader's token is good for, and for which official it speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0202"
down_revision = "0201"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; the readers that are there only read."""
    op.add_column("reader", sa.Column("scope", sa.String(10), nullable=False, server_default="read"))
    op.add_column("reader", sa.Column("official_id", sa.String(64)))
