"""Act on mails that answer ours: stop, start, or the code of an invitation; what proves nothing is shown only.

An answer counts if it quotes a Message-ID of ours, or the token of our unsubscribe link, whose signature only
our key makes, and if it is from the very mailbox that this mail went to.  Where our mail server signs its
findings, it must have found the sender authentic too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from services.notifier import mail_codes, roster
from services.notifier.channels.email import SIGNATURE
from services.notifier.core.mail_answer import MailAnswer, Wanted, passed_at
from services.notifier.mail_codes import Proved
from services.notifier.notices import Kind, NewNotice, put_notice
from services.notifier.people_tables import STRAY_MAIL
from services.notifier.tables import CONTACT, OFFICIAL
from services.notifier.vault import Vault

STOPPED_BY_MAIL = "stopped_by_mail"


class Taken(StrEnum):
    """What became of an answer; the stray ones are shown to the operator and nothing is done."""

    STOPPED = "stopped"
    RESUMED = "resumed"
    PROVED = "mailbox_proved"
    NOTHING_TO_DO = "nothing_to_do"
    NOT_SIGNED = "quotes_nothing_of_ours"
    OTHER_SENDER = "not_from_the_mailbox_it_went_to"
    NOT_AUTHENTIC = "sender_not_authenticated"
    WRONG_CODE = "wrong_code"


STRAY = frozenset({Taken.NOT_SIGNED, Taken.OTHER_SENDER, Taken.NOT_AUTHENTIC, Taken.WRONG_CODE})


@dataclass(frozen=True)
class Letterbox:
    """Whose answers these are: the domain of our Message-IDs, and how our mail server signs its findings."""

    domain: str
    authserv_id: str = ""


def take_answer(
    conn: sa.Connection, vault: Vault, box: Letterbox, answer: MailAnswer, *, file: str, now: float
) -> Taken:
    """Act on an answer, or note that nothing was done and why."""
    official_id = _proven_official(conn, vault, box, answer)
    taken = _judge(conn, vault, box, answer, official_id)
    if taken is None and official_id is not None:
        taken = _act(conn, vault, answer, official_id, now)
    if taken in STRAY:
        stray = {
            "file": file[:255],
            "at": now,
            "wanted": answer.wanted,
            "reason": taken,
            "official_id": official_id,
        }
        _keep_stray(conn, stray | {"sender_domain": mail_codes.domain_of(answer.sender)[:255]})
    return taken or Taken.NOT_SIGNED


def _proven_official(conn: sa.Connection, vault: Vault, box: Letterbox, answer: MailAnswer) -> str | None:
    """The official to whom the mail went that is answered here."""
    token_of, _, signature = answer.token.partition(".")
    if answer.token and vault.marked_by_us("stop", token_of, signature, length=SIGNATURE):
        return token_of if _is_known(conn, token_of) else None
    for local, domain in answer.quoted:
        name, _, signature = local.rpartition(".")
        if domain == box.domain.lower() and vault.marked_by_us("mail", name, signature, length=SIGNATURE):
            parts = name.rsplit(".", 3)
            if len(parts) == 4 and _is_known(conn, parts[1]):
                return parts[1]
    return None


def _is_known(conn: sa.Connection, official_id: str) -> bool:
    return (
        conn.execute(sa.select(OFFICIAL.c.state).where(OFFICIAL.c.official_id == official_id)).first() is not None
    )


def _judge(
    conn: sa.Connection, vault: Vault, box: Letterbox, answer: MailAnswer, official_id: str | None
) -> Taken | None:
    if official_id is None:
        return Taken.NOT_SIGNED
    domain = mail_codes.domain_of(answer.sender)
    if box.authserv_id and not passed_at(answer.results, box.authserv_id, domain):
        return Taken.NOT_AUTHENTIC
    if answer.wanted is Wanted.CODE:
        return None  # the code itself says that the mailbox is theirs
    contact = roster.read_contact(conn, vault, official_id, "email", even_suspended=True)
    if contact is None or not answer.sender or contact.address.lower() != answer.sender:
        return Taken.OTHER_SENDER
    return None


def _act(conn: sa.Connection, vault: Vault, answer: MailAnswer, official_id: str, now: float) -> Taken:
    if answer.wanted is Wanted.CODE:
        proved = mail_codes.prove(conn, vault, official_id, answer.code, now)
        if proved is Proved.RIGHT:
            return Taken.PROVED
        # A digit group in some later answer of an active official is no try at a code.
        return Taken.WRONG_CODE if proved is Proved.WRONG else Taken.NOTHING_TO_DO
    suspended = conn.execute(
        sa.select(CONTACT.c.suspended).where(CONTACT.c.official_id == official_id, CONTACT.c.channel == "email")
    ).scalar()
    if answer.wanted is Wanted.STOP and suspended is None:
        roster.suspend_channel(conn, official_id, "email", STOPPED_BY_MAIL, now, actor="official")
        put_notice(conn, vault, NewNotice(official_id, "email", Kind.STOPPED), now)
        return Taken.STOPPED
    if answer.wanted is Wanted.RESUME and suspended == STOPPED_BY_MAIL:
        roster.resume_channel(conn, official_id, "email", "official", now)
        put_notice(conn, vault, NewNotice(official_id, "email", Kind.RESUMED), now)
        return Taken.RESUMED
    # Said twice is done once, and confirmed once: two machines never answer each other for ever.
    return Taken.NOTHING_TO_DO


def _keep_stray(conn: sa.Connection, stray: dict[str, object]) -> None:
    if conn.execute(sa.select(STRAY_MAIL.c.at).where(STRAY_MAIL.c.file == stray["file"])).first() is None:
        conn.execute(sa.insert(STRAY_MAIL).values(**stray))
