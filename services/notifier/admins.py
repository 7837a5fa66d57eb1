"""Know who works at the command line: an admin with a secret of their own, or the user of this machine.

On a machine where several people share one account, or in a container where everybody is root, only a
registered admin is somebody: the approval by a second person rests on that.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pwd
import re
import secrets
from pathlib import Path

import sqlalchemy as sa

from services.notifier import audit
from services.notifier.people_tables import ADMIN
from services.runtime.errors import OperatorError

_NAME = re.compile(r"^[a-z][a-z0-9.-]{1,58}$")


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash: there is no dictionary to go through.
    return hashlib.sha256(secret.encode()).hexdigest()


def add_admin(conn: sa.Connection, name: str, actor: str, now: float) -> str:
    """Register somebody; the secret is shown once.

    Raises:
        OperatorError: the name is none, or taken.
    """
    if not _NAME.match(name):
        raise OperatorError(f"admin {name!r}", "must be lower-case letters, digits, dots and dashes")
    if conn.execute(sa.select(ADMIN.c.name).where(ADMIN.c.name == name)).first():
        raise OperatorError(f"admin {name}", "is or was one already; a name is never used twice")
    secret = secrets.token_urlsafe(32)
    conn.execute(sa.insert(ADMIN).values(name=name, secret_hash=_hash(secret), added_by=actor, added_at=now))
    audit.record(conn, now, actor, "admin added", detail={"admin": name})
    return f"{name}:{secret}"


def renew_secret(conn: sa.Connection, name: str, actor: str, now: float) -> str:
    """Give an admin another secret, shown once; the one before counts no more.

    Raises:
        OperatorError: nobody of that name is one.
    """
    secret = secrets.token_urlsafe(32)
    where = (ADMIN.c.name == name, ADMIN.c.removed_at.is_(None))
    if conn.execute(sa.update(ADMIN).where(*where).values(secret_hash=_hash(secret))).rowcount != 1:
        raise OperatorError(f"admin {name}", "is none; `siaga officials admin list` shows who is")
    audit.record(conn, now, actor, "admin secret renewed", detail={"admin": name})
    return f"{name}:{secret}"


def operator_at_the_host() -> str:
    """Who works without any admin's secret: whoever holds the store and the key of the contacts on this machine.

    Nobody could keep these two from renewing a secret by hand; here it is written down who did.
    """
    return f"operator {machine_user()} at the host"


def remove_admin(conn: sa.Connection, name: str, actor: str, now: float) -> None:
    """Their secret counts no more.

    Raises:
        OperatorError: nobody of that name is one.
    """
    where = (ADMIN.c.name == name, ADMIN.c.removed_at.is_(None))
    if conn.execute(sa.update(ADMIN).where(*where).values(removed_at=now)).rowcount != 1:
        raise OperatorError(f"admin {name}", "is none; `siaga officials admin list` shows who is")
    audit.record(conn, now, actor, "admin removed", detail={"admin": name})


def list_admins(conn: sa.Connection) -> list[str]:
    """Everybody who is one now."""
    query = sa.select(ADMIN.c.name).where(ADMIN.c.removed_at.is_(None)).order_by(ADMIN.c.name)
    return [row.name for row in conn.execute(query)]


def actor_of(conn: sa.Connection, secret_file: Path | None) -> str:
    """Who is working: an admin if a secret is given, else this machine's user.

    Raises:
        OperatorError: the secret is none of an admin's, or admins are registered and none is given.
    """
    known = list_admins(conn)
    if secret_file is None:
        if known:
            lost = "lost: `siaga officials admin renew NAME --lost`"
            raise OperatorError(
                "environment SIAGA_ADMIN_FILE", f"is not set; admins are {', '.join(known)}; {lost}"
            )
        return f"operator {machine_user()}"
    try:
        name, _, secret = secret_file.read_text(encoding="utf-8").strip().partition(":")
    except (OSError, UnicodeDecodeError):
        raise OperatorError(f"SIAGA_ADMIN_FILE {secret_file}", "cannot be read") from None
    query = sa.select(ADMIN.c.secret_hash).where(ADMIN.c.name == name, ADMIN.c.removed_at.is_(None))
    kept = conn.execute(query).scalar() or _hash(secrets.token_urlsafe(8))
    if not hmac.compare_digest(kept, _hash(secret)):
        raise OperatorError(f"SIAGA_ADMIN_FILE {secret_file}", "is not the secret of an admin")
    return f"admin {name}"


def machine_user() -> str:
    """The user this process runs as: not what the environment says, which anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
