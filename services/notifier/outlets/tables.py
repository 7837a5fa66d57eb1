"""The tables of what leaves for programs: incidents by region and topic, readers, webhooks and their outcomes.

Instants are seconds since 1970 (UTC).
"""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.tables import METADATA

_INCIDENT = sa.String(500)
_NAME = sa.String(80)

ENTRY = sa.Table(
    "outlet_entry",
    METADATA,
    sa.Column("incident_id", _INCIDENT, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("standing", sa.String(20), nullable=False),
    sa.Column("others", sa.Text, nullable=False),
    sa.Column("alert", sa.Text, nullable=False),
    sa.Column("first_at", sa.Float, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
    sa.Index("outlet_entry_updated", "updated_at"),
)

#: Under which region and topic an incident is read; ``gone``: it was there and is no longer.
REACH = sa.Table(
    "outlet_reach",
    METADATA,
    sa.Column("region", sa.String(8), primary_key=True),
    sa.Column("topic", sa.String(40), primary_key=True),
    sa.Column("incident_id", _INCIDENT, primary_key=True),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Index("outlet_reach_incident", "incident_id"),
)

#: Every event of an incident that is still shown: CAP messages refer to the ones before them.
EVENT = sa.Table(
    "outlet_event",
    METADATA,
    sa.Column("incident_id", _INCIDENT, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
)

READER = sa.Table(
    "reader",
    METADATA,
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
    sa.Column("scope", sa.String(10), nullable=False, server_default="read"),
    sa.Column("official_id", sa.String(64)),
)

TARGET = sa.Table(
    "webhook_target",
    METADATA,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(80), nullable=False),
    sa.Column("failing_since", sa.Float),
    sa.Column("last_success_at", sa.Float),
    sa.Column("changed_at", sa.Float, nullable=False),
)

WEBHOOK = sa.Table(
    "webhook",
    METADATA,
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
    sa.Index("webhook_due", "state", "target", "due_at"),
    sa.Index("webhook_incident", "target", "incident_id"),
    sa.Index("webhook_changed", "changed_at"),
)
