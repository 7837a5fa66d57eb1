"""Since when a page is missing, and copies as the stories they would be on their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        # Behind a backup that reads for long it would wait, and all of ingest behind it.
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("looks", sa.Column("missing_since", sa.Float))
    op.add_column("copies", sa.Column("event", sa.LargeBinary))
