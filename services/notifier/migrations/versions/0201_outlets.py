"""What leaves for programs: incidents by region and topic, readers of feeds, webhooks and their outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0201"
down_revision = "0101"
branch_labels = None
depends_on = None

_INCIDENT = sa.String(500)
_NAME = sa.String(80)


def upgrade() -> None:
    """Add the tables."""
    _entry()
    _reach()
    _event()
    _reader()
    _target()
    _webhook()


def _entry() -> None:
    op.create_table(
        "outlet_entry",
        sa.Column("incident_id", _INCIDENT, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(20), nullable=False),
        sa.Column("others", sa.Text, nullable=False),
        sa.Column("alert", sa.Text, nullable=False),
        sa.Column("first_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("outlet_entry_updated", "outlet_entry", ["updated_at"])


def _reach() -> None:
    op.create_table(
        "outlet_reach",
        sa.Column("region", sa.String(8), primary_key=True),
        sa.Column("topic", sa.String(40), primary_key=True),
        sa.Column("incident_id", _INCIDENT, primary_key=True),
        sa.Column("gone", sa.Boolean, nullable=False),
    )
    op.create_index("outlet_reach_incident", "outlet_reach", ["incident_id"])


def _event() -> None:
    op.create_table(
        "outlet_event",
        sa.Column("incident_id", _INCIDENT, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
    )


def _reader() -> None:
    op.create_table(
        "reader",
        sa.Column("reader_id", sa.String(32), primary_key=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("regions", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("revoked_at", sa.Float),
        sa.Column("last_used_at", sa.Float),
    )


def _target() -> None:
    op.create_table(
        "webhook_target",
        sa.Column("name", _NAME, primary_key=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("failing_since", sa.Float),
        sa.Column("last_success_at", sa.Float),
        sa.Column("changed_at", sa.Float, nullable=False),
    )


def _webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.String(64), primary_key=True),
        sa.Column("target", _NAME, nullable=False),
        sa.Column("incident_id", _INCIDENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tell", sa.String(20), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(80), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("changed_at", sa.Float, nullable=False),
    )
    op.create_index("webhook_due", "webhook", ["state", "target", "due_at"])
    op.create_index("webhook_incident", "webhook", ["target", "incident_id"])
    op.create_index("webhook_changed", "webhook", ["changed_at"])
