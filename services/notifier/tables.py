"""The notifier's tables: who is told, what was decided, what was attempted, what became of it.

Instants are seconds since 1970 (UTC).  Names, addresses and chat ids are in ``contact`` only, sealed
with a key per official from ``contact_key``; forgetting an official destroys both.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.runtime.outbox import outbox_table

METADATA = sa.MetaData()
_ID = sa.String(64)
_SUBJECT = sa.String(600)
_CHANNEL = sa.String(40)

OUTBOX = outbox_table(METADATA)

META = sa.Table(
    "meta",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

OFFICIAL = sa.Table(
    "official",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Column("invited_by", sa.String(120)),
)

CONTACT = sa.Table(
    "contact",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("channel", _CHANNEL, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("is_group", sa.Boolean, nullable=False),
    sa.Column("suspended", sa.String(80)),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Index("contact_fingerprint", "channel", "fingerprint"),
)

CONTACT_KEY = sa.Table(
    "contact_key",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)

INCIDENT = sa.Table(
    "incident_seen",
    METADATA,
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("other", sa.Text, nullable=False),
    sa.Column("alert", sa.Text),
    sa.Column("changed_at", sa.Float, nullable=False),
)

ALERT_LOG = sa.Table(
    "alert_log",
    METADATA,
    sa.Column("alert_id", _SUBJECT, primary_key=True),
    sa.Column("incident_id", sa.String(500), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("replayed", sa.Boolean, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Index("alert_log_at", "at"),
)

TOLD = sa.Table(
    "last_sent",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("way", sa.String(20), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("base", sa.Text),
    sa.Column("changed_at", sa.Float, nullable=False),
    sa.Index("last_sent_incident", "incident_id"),
)

THREAD = sa.Table(
    "thread",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("channel", _CHANNEL, primary_key=True),
    sa.Column("ref", sa.String(700), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
)

DELIVERY = sa.Table(
    "delivery",
    METADATA,
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
    sa.Index("delivery_due", "state", "due_at"),
    sa.Index("delivery_incident", "incident_id", "official_id"),
    sa.Index("delivery_official", "official_id", "bundle"),
    sa.Index("delivery_budget", "official_id", "action", "created_at"),
    sa.Index("delivery_ref", "channel", "ref"),
    sa.Index("delivery_changed", "changed_at"),
)

ATTEMPT = sa.Table(
    "attempt",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("subject", _SUBJECT, nullable=False),
    sa.Column("official_id", _ID, nullable=False),
    sa.Column("channel", _CHANNEL, nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("phase", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(80), nullable=False),
    sa.Column("detail", sa.String(300), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Index("attempt_delivery", "subject", "official_id"),
    sqlite_autoincrement=True,
)

MUTE = sa.Table(
    "mute",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("until", sa.Float, nullable=False),
)

CORRECTION = sa.Table(
    "correction",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("incident_id", sa.String(500), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
)

RESTORED = sa.Table(
    "restored_event",
    METADATA,
    sa.Column("delivery_key", sa.String(1100), primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("event", sa.LargeBinary, nullable=False),
)

INVITATION = sa.Table(
    "invitation",
    METADATA,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("official_id", _ID, nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("used_at", sa.Float),
)

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("deed", sa.String(80), nullable=False),
    sa.Column("official_id", _ID),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sqlite_autoincrement=True,
)
