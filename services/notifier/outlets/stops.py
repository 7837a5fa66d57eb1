"""Stop an official's mails by the ticket in one of them (RFC 8058), and turn them on again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from services.notifier import roster
from services.notifier.core.outlets.passes import Stop, is_genuine, make_stop, read_stop
from services.notifier.mail_answers import STOPPED_BY_MAIL
from services.notifier.notices import Kind, NewNotice, put_notice
from services.notifier.tables import CONTACT
from services.notifier.vault import Vault

#: The only channel a ticket is made for.
CHANNEL = "email"
#: For the audit: whoever had the mail, which is the official as far as anybody can tell.
_ACTOR = "official, by the link in a mail"


class Deed(StrEnum):
    """What a request did: metric label and audit word."""

    ASKED = "asked"
    STOPPED = "stopped"
    RESUMED = "resumed"
    NOTHING = "nothing_to_do"


@dataclass(frozen=True)
class Owner:
    """Whose mails a genuine ticket is about; ``reachable``: another channel is left."""

    official_id: str
    language: str
    suspended: str | None
    reachable: bool

    @property
    def stopped(self) -> bool:
        """Whether it was the official's own wish, which a press takes back."""
        return self.suspended == STOPPED_BY_MAIL


@dataclass(frozen=True)
class Done:
    """What was done, and why mails do not go out now; None where they do."""

    deed: Deed
    suspended: str | None


def one_click_link(base: str, vault: Vault) -> Callable[[str, str], str]:
    """Makes the address that stands in a mail, of the official and the mailbox it goes to."""

    def link(official_id: str, address: str) -> str:
        mark = vault.fingerprint(CHANNEL, address)
        return f"{base}/u/{make_stop(vault.mark, official_id, CHANNEL, mark)}"

    return link


def find_owner(conn: sa.Connection, vault: Vault, ticket: str) -> Owner | None:
    """Whose ticket it is; None for one that is not ours, or not for the mailbox that is known now."""
    stop = read_stop(ticket)
    if stop is None or stop.channel != CHANNEL:
        return None
    query = sa.select(CONTACT.c.fingerprint, CONTACT.c.suspended).where(
        CONTACT.c.official_id == stop.official_id, CONTACT.c.channel == CHANNEL
    )
    row = conn.execute(query).first()
    # The mark is made and compared even where nobody is found, so that both take the same time.
    genuine = is_genuine(vault.mark, stop, row.fingerprint if row else "") or _made_before(conn, vault, stop)
    found = roster.granted(conn, stop.official_id) if row is not None and genuine else None
    if row is None or found is None:
        return None
    official, _ = found
    others = [channel for channel in roster.usable_channels(conn, official) if channel != CHANNEL]
    return Owner(stop.official_id, official.language, row.suspended, bool(others))


def _made_before(conn: sa.Connection, vault: Vault, stop: Stop) -> bool:
    """While the secret is being changed: made with one of those that are known, for the mailbox known now."""
    if not vault.older:
        return False
    contact = roster.read_contact(conn, vault, stop.official_id, CHANNEL, even_suspended=True)
    return contact is not None and any(
        is_genuine(one.mark, stop, one.fingerprint(CHANNEL, contact.address)) for one in (vault, *vault.older)
    )


def stop_mails(conn: sa.Connection, vault: Vault, ticket: str, now: float) -> Done | None:
    """Pause the channel and say so on another one; said twice is done once.  None: no genuine ticket."""
    owner = find_owner(conn, vault, ticket)
    if owner is None or owner.suspended is not None:
        return Done(Deed.NOTHING, owner.suspended) if owner else None
    # The same word as for a stop by answer, so that whoever stopped one way may come back the other.
    roster.suspend_channel(conn, owner.official_id, CHANNEL, STOPPED_BY_MAIL, now, actor=_ACTOR)
    _tell_elsewhere(conn, vault, owner, Kind.STOPPED_BY_LINK, now)
    return Done(Deed.STOPPED, STOPPED_BY_MAIL)


def resume_mails(conn: sa.Connection, vault: Vault, ticket: str, now: float) -> Done | None:
    """Take back what the official did; what an operator or a bounce stopped stays stopped."""
    owner = find_owner(conn, vault, ticket)
    if owner is None or not owner.stopped:
        return Done(Deed.NOTHING, owner.suspended) if owner else None
    roster.resume_channel(conn, owner.official_id, CHANNEL, _ACTOR, now)
    _tell_elsewhere(conn, vault, owner, Kind.RESUMED_BY_LINK, now)
    return Done(Deed.RESUMED, None)


def _tell_elsewhere(conn: sa.Connection, vault: Vault, owner: Owner, kind: Kind, now: float) -> None:
    found = roster.granted(conn, owner.official_id)
    if found is None:
        return
    for channel in roster.usable_channels(conn, found[0]):
        if channel != CHANNEL:
            put_notice(conn, vault, NewNotice(owner.official_id, channel, kind), now)
            return
