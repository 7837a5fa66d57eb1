"""The first schema of the notifier."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox import create_outbox

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.String(64)
_SUBJECT = sa.String(600)
_CHANNEL = sa.String(40)
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create everything."""
    create_outbox()
    _meta()
    _official()
    _contact()
    _contact_key()
    _incident_seen()
    _last_sent()
    _thread()
    _delivery()
    _attempt()
    _mute()
    _correction()
    _invitation()
    _audit()


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def _official() -> None:
    op.create_table(
        "official",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("channel", _CHANNEL, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("is_group", sa.Boolean, nullable=False),
        sa.Column("suspended", sa.String(80)),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("contact_fingerprint", "contact", ["channel", "fingerprint"])


def _contact_key() -> None:
    op.create_table(
        "contact_key",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )


def _incident_seen() -> None:
    op.create_table(
        "incident_seen",
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("alert", sa.Text),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _last_sent() -> None:
    op.create_table(
        "last_sent",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("base", sa.Text),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("last_sent_incident", "last_sent", ["incident_id"])


def _thread() -> None:
    op.create_table(
        "thread",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("channel", _CHANNEL, primary_key=True),
        sa.Column("ref", sa.String(700), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("subject", _SUBJECT, primary_key=True),
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("channel", _CHANNEL, primary_key=True),
        sa.Column("action", sa.String(20), primary_key=True),
        sa.Column("incident_id", sa.String(500)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("why", sa.String(80), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("first_due_at", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("second_copy", sa.Boolean, nullable=False),
        sa.Column("bundle", _SUBJECT),
        sa.Column("relisted", sa.Integer, nullable=False),
        sa.Column("ref", sa.String(700)),
        sa.Column("trace", sa.String(80)),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("delivery_due", "delivery", ["state", "due_at"])
    op.create_index("delivery_incident", "delivery", ["incident_id", "official_id"])
    op.create_index("delivery_official", "delivery", ["official_id", "bundle"])
    op.create_index("delivery_budget", "delivery", ["official_id", "action", "created_at"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("subject", _SUBJECT, nullable=False),
        sa.Column("official_id", _ID, nullable=False),
        sa.Column("channel", _CHANNEL, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("phase", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("attempt_delivery", "attempt", ["subject", "official_id"])


def _mute() -> None:
    op.create_table(
        "mute",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("until", sa.Float, nullable=False),
    )


def _correction() -> None:
    op.create_table(
        "correction",
        sa.Column("official_id", _ID, primary_key=True),
        sa.Column("incident_id", sa.String(500), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def _invitation() -> None:
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("official_id", _ID, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("deed", sa.String(80), nullable=False),
        sa.Column("official_id", _ID),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
