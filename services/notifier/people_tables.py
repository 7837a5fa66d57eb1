"""Tables around the officials themselves: who lets them in, how they prove a mailbox, what they chose.

Instants are seconds since 1970 (UTC).  What says who somebody is, is sealed under that official's key.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.tables import METADATA

_ID = sa.String(64)
_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

ADMIN = sa.Table(
    "admin",
    METADATA,
    sa.Column("name", sa.String(60), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False),
    sa.Column("added_by", sa.String(120), nullable=False),
    sa.Column("added_at", sa.Float, nullable=False),
    sa.Column("removed_at", sa.Float),
)

#: Codes sent to a mailbox; the sealed address becomes a contact once its code came back.
MAIL_CODE = sa.Table(
    "mail_code",
    METADATA,
    sa.Column("id", _COUNTER, primary_key=True, autoincrement=True),
    sa.Column("official_id", _ID, nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("code_hash", sa.String(64), nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("wrong", sa.Integer, nullable=False),
    sa.Column("used_at", sa.Float),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Index("mail_code_official", "official_id", "created_at"),
    sa.Index("mail_code_address", "fingerprint", "created_at"),
    sqlite_autoincrement=True,
)

#: What we write to one person and is no alert: a code, a welcome, a confirmation.
NOTICE = sa.Table(
    "notice",
    METADATA,
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
    sa.Index("notice_due", "state", "due_at"),
    sa.Index("notice_official", "official_id", "kind"),
    sqlite_autoincrement=True,
)

#: Mails that asked for something and were not acted upon; the mail itself stays in its Maildir.
STRAY_MAIL = sa.Table(
    "stray_mail",
    METADATA,
    sa.Column("file", sa.String(255), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("wanted", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(80), nullable=False),
    sa.Column("official_id", _ID),
    sa.Column("sender_domain", sa.String(255), nullable=False),
)

#: What an official chose within what was granted; kept apart, so that importing a file does not undo it.
WISH = sa.Table(
    "wish",
    METADATA,
    sa.Column("official_id", _ID, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("wishes", sa.Text, nullable=False),
    sa.Column("changed_at", sa.Float, nullable=False),
)
