"""Joining, own choices, letters that are no alerts, dark sources, and the alerts of the last months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables, and what `siaga why` and a returned mail are found by."""
    op.add_column("official", sa.Column("invited_by", sa.String(120)))
    op.create_index("delivery_ref", "delivery", ["channel", "ref"])
    op.create_index("delivery_changed", "delivery", ["changed_at"])
    _admin()
    _mail_code()
    _notice()
    _stray_mail()
    _wish()
    _alert_log()
    _restored_event()
    _source_state()
    _source_note()


def _admin() -> None:
    op.create_table(
        "admin",
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("added_by", sa.String(120), nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
        sa.Column("removed_at", sa.Float),
    )


def _mail_code() -> None:
    op.create_table(
        "mail_code",
        sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("official_id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("used_at", sa.Float),
        sa.Column("created_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("mail_code_official", "mail_code", ["official_id", "created_at"])
    op.create_index("mail_code_address", "mail_code", ["fingerprint", "created_at"])


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("official_id", _ID, nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("notice_due", "notice", ["state", "due_at"])
    op.create_index("notice_official", "notice", ["official_id", "kind"])


def _stray_mail() -> None:
    op.create_table(
        "stray_mail",
        sa.Column("file", sa.String(255), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("wanted", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("official_id", _ID),
        sa.Column("sender_domain", sa.String(255), nullable=False),
    )


def _wish() -> None:
    op.create_table(
        "wish",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("wishes", sa.Text, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _alert_log() -> None:
    op.create_table(
        "alert_log",
        sa.Column("alert_id", sa.String(600), primary_key=True),
        sa.Column("incident_id", sa.String(500), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("replayed", sa.Boolean, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
    )
    op.create_index("alert_log_at", "alert_log", ["at"])


def _restored_event() -> None:
    op.create_table(
        "restored_event",
        sa.Column("delivery_key", sa.String(1100), primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("event", sa.LargeBinary, nullable=False),
    )


def _source_state() -> None:
    op.create_table(
        "source_state",
        sa.Column("source_id", sa.String(500), primary_key=True),
        sa.Column("outlet", sa.String(200), nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("health", sa.String(20), nullable=False),
        sa.Column("dark_since", sa.Float),
        sa.Column("turned_at", sa.Float, nullable=False),
        sa.Column("heard_at", sa.Float, nullable=False),
    )


def _source_note() -> None:
    op.create_table(
        "source_note",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("source_id", sa.String(500), primary_key=True),
        sa.Column("says", sa.String(10), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("window", sa.String(600)),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("source_note_due", "source_note", ["state", "due_at"])
