"""Whether the store is complete."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("meta", sa.Column("name", sa.String(60), primary_key=True))
