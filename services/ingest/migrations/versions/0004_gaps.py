"""A gap that the further pages of a feed could not close yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("polls", sa.Column("gap_since", sa.Float))
    op.add_column("polls", sa.Column("gap_tries", sa.Integer, nullable=False, server_default="0"))
