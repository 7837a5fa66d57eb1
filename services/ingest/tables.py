"""What ingest keeps: the state of each source, the stories, where they were seen, and its outbox.

Times are seconds since 1970, UTC.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.runtime.outbox import outbox_table

metadata = sa.MetaData()

#: One row a source.  The validators belong to the last body whose stories are in the outbox.  ``rules_recent``:
#: whether the site's rules fitted its last pages, newest last.  ``standby_url``: the source is read there for
#: now, to ``first_at``.  ``health_note``: what the last event on its health said besides.
polls = sa.Table(
    "polls",
    metadata,
    sa.Column("source_id", sa.String(200), primary_key=True),
    sa.Column("configured_url", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("domain", sa.String(253), nullable=False, index=True),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("body_hash", sa.String(64)),
    sa.Column("window_s", sa.Float),
    sa.Column("median_gap_s", sa.Float),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("failing_since", sa.Float),
    sa.Column("last_reason", sa.String(60), nullable=False, default=""),
    sa.Column("last_status", sa.Integer, nullable=False, default=0),
    sa.Column("last_detail", sa.Text, nullable=False, default=""),
    sa.Column("last_polled_at", sa.Float),
    sa.Column("last_body_at", sa.Float),
    sa.Column("last_success_at", sa.Float),
    sa.Column("last_new_story_at", sa.Float),
    sa.Column("next_check_at", sa.Float),
    sa.Column("due_reason", sa.String(40), nullable=False, default=""),
    sa.Column("interval_s", sa.Float, nullable=False, default=0),
    sa.Column("move_to", sa.Text),
    sa.Column("move_seen", sa.Integer, nullable=False, default=0),
    sa.Column("move_since", sa.Float),
    sa.Column("health", sa.String(20)),
    sa.Column("health_since", sa.Float),
    sa.Column("claimed_by", sa.String(64)),
    sa.Column("rules_recent", sa.String(20), nullable=False, server_default=""),
    sa.Column("rules_fail", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("standby_url", sa.Text),
    sa.Column("standby_since", sa.Float),
    sa.Column("standby_reason", sa.String(60)),
    sa.Column("first_at", sa.Float),
    sa.Column("health_note", sa.String(100), nullable=False, server_default=""),
    sa.Column("gap_since", sa.Float),
    sa.Column("gap_tries", sa.Integer, nullable=False, server_default="0"),
)

#: One row a sitemap that an index of a source lists.  Validators and hash as in ``polls``.
sitemaps = sa.Table(
    "sitemaps",
    metadata,
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

#: One row a registrable domain: from when on it may be asked.
domains = sa.Table(
    "domains",
    metadata,
    sa.Column("domain", sa.String(253), primary_key=True),
    sa.Column("next_allowed_at", sa.Float, nullable=False, default=0),
    sa.Column("cools_until", sa.Float, nullable=False, default=0),
)

#: One row a story: its last state, which is also what a replay sends again.
stories = sa.Table(
    "stories",
    metadata,
    sa.Column("story_id", sa.String(500), primary_key=True),
    sa.Column("source_id", sa.String(200), nullable=False),
    sa.Column("outlet", sa.String(200), nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),
    sa.Column("trace", sa.String(60), nullable=False),
    sa.Column("published_at", sa.Float, nullable=False),
    sa.Column("first_seen_at", sa.Float, nullable=False, index=True),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False, default=False),
    sa.Column("relevant", sa.Boolean),
    sa.Column("incident_id", sa.String(500)),
)

#: Further names of a story, such as a guid that outlives an edited address.
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.String(500), primary_key=True),
    sa.Column("story_id", sa.String(500), nullable=False, index=True),
)

#: Which source showed which story, and what its entry looked like then.
sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("source_id", sa.String(200), primary_key=True),
    sa.Column("story_id", sa.String(500), primary_key=True, index=True),
    sa.Column("section", sa.String(200), nullable=False),
    sa.Column("entry_hash", sa.String(64), nullable=False),
    sa.Column("first_seen_at", sa.Float, nullable=False),
    sa.Column("last_seen_at", sa.Float, nullable=False),
)

outbox = outbox_table(metadata)

#: The few shingles of recent stories by which copies are found.
anchors = sa.Table(
    "anchors",
    metadata,
    sa.Column("anchor", sa.BigInteger, primary_key=True),
    sa.Column("story_id", sa.String(500), primary_key=True, index=True),
    sa.Column("seen_at", sa.Float, nullable=False, index=True),
)

#: Stories that are copies of another: they were not published by themselves.
copies = sa.Table(
    "copies",
    metadata,
    sa.Column("story_id", sa.String(500), primary_key=True),
    sa.Column("original_id", sa.String(500), nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
    sa.Column(
        "event", sa.LargeBinary
    ),  # the copy as a story of its own: it stands when its original is taken back
)

#: Pages of stories that matter and are to be read again.  ``misses``: in a row, the page was not there.
looks = sa.Table(
    "looks",
    metadata,
    sa.Column("story_id", sa.String(500), primary_key=True),
    sa.Column("source_id", sa.String(200), nullable=False),
    sa.Column("domain", sa.String(253), nullable=False, index=True),
    sa.Column("due_at", sa.Float, nullable=False),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("misses", sa.Integer, nullable=False, default=0),
    sa.Column("missing_since", sa.Float),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
)
