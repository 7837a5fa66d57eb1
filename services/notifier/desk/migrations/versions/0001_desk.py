"""The first schema of the desk, with its full-text index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(500)


def upgrade() -> None:
    """Create everything."""
    _story()
    _incident()
    _around()
    _people()
    if op.get_bind().dialect.name == "sqlite":
        _search_sqlite()
    else:
        _search_postgresql()


def _story() -> None:
    op.create_table(
        "story",
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
        sqlite_autoincrement=True,
    )
    op.create_index("story_incident", "story", ["incident_id"])
    op.create_index("story_published", "story", ["published_at"])


def _incident() -> None:
    op.create_table(
        "incident",
        sa.Column("incident_id", _ID, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(20), nullable=False),
        sa.Column("others", sa.Text, nullable=False),
        sa.Column("severity", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("first_seen_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
        sa.Column("alert", sa.Text),
    )
    op.create_index("incident_changed", "incident", ["changed_at"])
    op.create_table(
        "incident_topic",
        sa.Column("incident_id", _ID, primary_key=True),
        sa.Column("topic", sa.String(40), primary_key=True),
    )
    op.create_index("incident_topic_topic", "incident_topic", ["topic"])
    op.create_table(
        "incident_place",
        sa.Column("incident_id", _ID, primary_key=True),
        sa.Column("country", sa.String(2), primary_key=True),
        sa.Column("region", sa.String(10), primary_key=True),
        sa.Column("district", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(20), primary_key=True),
    )
    op.create_index("incident_place_region", "incident_place", ["region"])
    op.create_index("incident_place_country", "incident_place", ["country"])
    op.create_table(
        "step",
        sa.Column("incident_id", _ID, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("severity", sa.Integer),
        sa.Column("changed", sa.Text, nullable=False),
    )


def _around() -> None:
    op.create_table(
        "source",
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
    op.create_table(
        "told",
        sa.Column("delivery_key", sa.String(1100), primary_key=True),
        sa.Column("incident_id", _ID),
        sa.Column("official_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("told_incident", "told", ["incident_id"])
    op.create_index("told_outcome", "told", ["outcome", "at"])
    op.create_table(
        "told_member",
        sa.Column("delivery_key", sa.String(1100), primary_key=True),
        sa.Column("incident_id", _ID, primary_key=True),
    )
    op.create_index("told_member_incident", "told_member", ["incident_id"])
    op.create_table(
        "letter",
        sa.Column("dead_offset", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("topic", sa.String(250), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
    )
    op.create_table(
        "pulse",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )


def _people() -> None:
    op.create_table(
        "sign_in",
        sa.Column("ticket_hash", sa.String(64), primary_key=True),
        sa.Column("official_id", sa.String(64)),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("used_at", sa.Float),
    )
    op.create_index("sign_in_official", "sign_in", ["official_id", "created_at"])
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("official_id", sa.String(64), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float, nullable=False),
    )
    op.create_index("session_official", "session", ["official_id"])
    op.create_table(
        "role",
        sa.Column("official_id", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("given_by", sa.String(120), nullable=False),
        sa.Column("given_at", sa.Float, nullable=False),
    )


def _search_sqlite() -> None:
    # The index reads the story table itself, so that no text is stored twice; triggers keep the two together.
    op.execute(
        "CREATE VIRTUAL TABLE story_text USING fts5(title, body, content='story', content_rowid='number', "
        "tokenize='unicode61 remove_diacritics 2', prefix='3')"
    )
    op.execute(
        "CREATE TRIGGER story_added AFTER INSERT ON story BEGIN "
        "INSERT INTO story_text(rowid, title, body) VALUES (new.number, new.title, new.body); END"
    )
    op.execute(
        "CREATE TRIGGER story_removed AFTER DELETE ON story BEGIN "
        "INSERT INTO story_text(story_text, rowid, title, body) "
        "VALUES ('delete', old.number, old.title, old.body); END"
    )
    op.execute(
        "CREATE TRIGGER story_changed AFTER UPDATE OF title, body ON story BEGIN "
        "INSERT INTO story_text(story_text, rowid, title, body) "
        "VALUES ('delete', old.number, old.title, old.body); "
        "INSERT INTO story_text(rowid, title, body) VALUES (new.number, new.title, new.body); END"
    )


def _search_postgresql() -> None:
    # "simple": the stories are in two languages, and PostgreSQL's own stemmers would each spoil the other's words.
    op.execute(
        "ALTER TABLE story ADD COLUMN words tsvector GENERATED ALWAYS AS "
        "(setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)) STORED"
    )
    op.execute("CREATE INDEX story_words ON story USING gin (words)")
