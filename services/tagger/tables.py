"""What the tagger keeps: stories with their labels, incidents, the index of clauses, and what was decided.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.runtime.outbox import outbox_table

metadata = sa.MetaData()

#: One row a story: what came in (raw), what went out (cleared), and why it is where it is.
stories = sa.Table(
    "stories",
    metadata,
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
    sa.Column("decided_at", sa.Float, nullable=False, index=True),
    sa.Column("signature", sa.LargeBinary),  # JSON; None where the story is not relevant
    sa.Column("why", sa.String(500), nullable=False, server_default=""),
    # When an incident began is asked for each that may be the one.
    sa.Index("ix_stories_incident_began", "incident_id", "published_at"),
)

#: One row an incident: its last state as it was published.
incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("alert", sa.LargeBinary, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("merged_into", sa.String(500)),
    sa.Column("changed_at", sa.Float, nullable=False, index=True),
)

#: By which an incident is looked up: one row for each place, odd figure and thing of each of its stories.
incident_keys = sa.Table(
    "incident_keys",
    metadata,
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("story_id", sa.String(500), primary_key=True, index=True),
    sa.Column("day", sa.Integer, nullable=False),
    # A place that is often in the news is looked up by the days around a story, not through its whole past.
    sa.Index("incident_keys_day", "key", "day", "story_id"),
)

#: The near-duplicate index: 64-bit hashes of the pieces of a relevant story's text, little-endian.
#: ``seq`` grows with every change, so that the copy in memory can read on from where it was.
clause_sets = sa.Table(
    "clause_sets",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("story_id", sa.String(500), nullable=False, unique=True),
    sa.Column("hashes", sa.LargeBinary, nullable=False),
    sa.Column("sentences", sa.Integer, nullable=False),
    sa.Column("published_at", sa.Float, nullable=False, index=True),
    sqlite_autoincrement=True,
)

#: What was sent for one version of one story, so that the same record again sends the same events again.
handled = sa.Table(
    "handled",
    metadata,
    sa.Column("story_id", sa.String(500), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("events", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.Float, nullable=False, index=True),
)

#: What holds for the whole store: ``complete`` once it began empty or was rebuilt.
meta = sa.Table("meta", metadata, sa.Column("name", sa.String(60), primary_key=True))

outbox = outbox_table(metadata)
