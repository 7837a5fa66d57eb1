"""Tables of the path that reads the topic ``sources``: what is dark, and whom that was told."""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.tables import METADATA

SOURCE = sa.Table(
    "source_state",
    METADATA,
    sa.Column("source_id", sa.String(500), primary_key=True),
    sa.Column("outlet", sa.String(200), nullable=False),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("health", sa.String(20), nullable=False),
    sa.Column("dark_since", sa.Float),
    sa.Column("turned_at", sa.Float, nullable=False),
    sa.Column("heard_at", sa.Float, nullable=False),
)

#: One line a source and official from the moment darkness is to be told until its end was told.
SOURCE_NOTE = sa.Table(
    "source_note",
    METADATA,
    sa.Column("official_id", sa.String(64), primary_key=True),
    sa.Column("source_id", sa.String(500), primary_key=True),
    sa.Column("says", sa.String(10), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("due_at", sa.Float, nullable=False),
    sa.Column("window", sa.String(600)),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Index("source_note_due", "state", "due_at"),
)
