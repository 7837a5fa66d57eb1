"""The desk's tables: cleared stories, incidents and their steps, sources, deliveries, dead letters.

A store of its own: a long search must not make the ledger's writer wait.  Instants are seconds since 1970 (UTC).
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(500)

#: The newest version of each story, in cleared text.  ``number`` is what the full-text index refers to.
STORY = sa.Table(
    "story",
    METADATA,
    sa.Column("number", _COUNTER, primary_key=True, autoincrement=True),
    sa.Column("story_id", _ID, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("incident_id", _ID),
    sa.Column("outlet", sa.String(200), nullable=False),
    sa.Column("language", sa.String(20), nullable=False),
    sa.Column("relevant", sa.Boolean, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("published_at", sa.Float, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("tagged", sa.Text, nullable=False),
    sa.Index("story_incident", "incident_id"),
    sa.Index("story_published", "published_at"),
    sqlite_autoincrement=True,
)

INCIDENT = sa.Table(
    "incident",
    METADATA,
    sa.Column("incident_id", _ID, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("standing", sa.String(20), nullable=False),
    sa.Column("others", sa.Text, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("first_seen_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("alert", sa.Text),
    sa.Index("incident_changed", "changed_at"),
)

INCIDENT_TOPIC = sa.Table(
    "incident_topic",
    METADATA,
    sa.Column("incident_id", _ID, primary_key=True),
    sa.Column("topic", sa.String(40), primary_key=True),
    sa.Index("incident_topic_topic", "topic"),
)

#: ``district`` is empty where only the region is known, ``region`` where only the country is.
INCIDENT_PLACE = sa.Table(
    "incident_place",
    METADATA,
    sa.Column("incident_id", _ID, primary_key=True),
    sa.Column("country", sa.String(2), primary_key=True),
    sa.Column("region", sa.String(10), primary_key=True),
    sa.Column("district", sa.String(200), primary_key=True),
    sa.Column("role", sa.String(20), primary_key=True),
    sa.Index("incident_place_region", "region"),
    sa.Index("incident_place_country", "country"),
)

#: Every event of an incident as it came.
STEP = sa.Table(
    "step",
    METADATA,
    sa.Column("incident_id", _ID, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("severity", sa.Integer),
    sa.Column("changed", sa.Text, nullable=False),
)

SOURCE = sa.Table(
    "source",
    METADATA,
    sa.Column("source_id", _ID, primary_key=True),
    sa.Column("outlet", sa.String(200), nullable=False),
    sa.Column("region", sa.String(10), nullable=False),
    sa.Column("health", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("since", sa.Float, nullable=False),
    sa.Column("last_new_at", sa.Float),
    sa.Column("expected_s", sa.Float),
    sa.Column("heard_at", sa.Float, nullable=False),
)

#: The newest step of each delivery; officials by their random id only.
TOLD = sa.Table(
    "told",
    METADATA,
    sa.Column("delivery_key", sa.String(1100), primary_key=True),
    sa.Column("incident_id", _ID),
    sa.Column("official_id", sa.String(64), nullable=False),
    sa.Column("channel", sa.String(40), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Index("told_incident", "incident_id"),
    sa.Index("told_outcome", "outcome", "at"),
)

#: The alerts a digest held, so that an incident's page can say who read of it there.
TOLD_MEMBER = sa.Table(
    "told_member",
    METADATA,
    sa.Column("delivery_key", sa.String(1100), primary_key=True),
    sa.Column("incident_id", _ID, primary_key=True),
    sa.Index("told_member_incident", "incident_id"),
)

#: Where a record is that could not be handled, and why; its bytes may hold raw text and stay in Kafka.
LETTER = sa.Table(
    "letter",
    METADATA,
    sa.Column("dead_offset", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("service", sa.String(40), nullable=False),
    sa.Column("topic", sa.String(250), nullable=False),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(500), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
)

#: Steps of people at the desk: a running number tells an open page that there is something new.
PULSE = sa.Table(
    "pulse",
    METADATA,
    sa.Column("name", sa.String(20), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)

#: A wish to sign in, whether the address was known or not; codes and tickets as keyed hashes only.
SIGN_IN = sa.Table(
    "sign_in",
    METADATA,
    sa.Column("ticket_hash", sa.String(64), primary_key=True),
    sa.Column("official_id", sa.String(64)),
    sa.Column("code_hash", sa.String(64), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("used_at", sa.Float),
    sa.Index("sign_in_official", "official_id", "created_at"),
)

SESSION = sa.Table(
    "session",
    METADATA,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("official_id", sa.String(64), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("used_at", sa.Float, nullable=False),
    sa.Index("session_official", "official_id"),
)

#: Who may do more than look; an official without a row is a viewer.
ROLE = sa.Table(
    "role",
    METADATA,
    sa.Column("official_id", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("given_by", sa.String(120), nullable=False),
    sa.Column("given_at", sa.Float, nullable=False),
)

#: What the store remembers of itself: whether it holds all that the topics did.
META = sa.Table(
    "meta",
    METADATA,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
