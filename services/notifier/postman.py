"""Send what is written to one person and is no alert: codes, welcomes, confirmations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape

import sqlalchemy as sa
import structlog

from services.notifier import notices, roster
from services.notifier.channels.base import DeliveryError
from services.notifier.channels.email import Email, Sign, signed_message_id
from services.notifier.channels.telegram import BotApiRefusedError, Calls
from services.notifier.core.answers import answer, say_welcome
from services.notifier.core.ledger import Verdict
from services.notifier.core.mail_text import Letter, page
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import apply_wishes
from services.notifier.core.words import words_for
from services.notifier.notices import Kind, Notice, NoticeState
from services.notifier.paces import SENDS
from services.notifier.vault import Vault
from services.runtime.store import Store

log = structlog.get_logger(__name__)
_AT_ONCE = 20


class Postman:
    """Looks for what is due; one process of a store does."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Callable[[], datetime],
        *,
        telegram: Calls | None = None,
        email: Email | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._telegram = telegram
        self._email = email
        self._recovered = False

    async def __call__(self) -> None:
        """Send everything that is due."""
        if not await self._store.lead(SENDS):
            self._recovered = False
            return
        now = self._clock().timestamp()
        if not self._recovered:
            left = await self._store.write(lambda conn: notices.leave_behind(conn, now))
            if left:
                log.warning("notices whose sending was cut off", count=left)
            self._recovered = True
        channels = [name for name, made in (("telegram", self._telegram), ("email", self._email)) if made]

        def take(conn: sa.Connection) -> list[tuple[Notice, Official | None]]:
            found = notices.take_due(conn, self._vault, channels, now, _AT_ONCE)
            return [(notice, _official(conn, notice.official_id)) for notice in found]

        for notice, official in await self._store.write(take):
            await self._send(notice, official)

    async def _send(self, notice: Notice, official: Official | None) -> None:
        state, detail = NoticeState.SENT, ""
        try:
            if official is None:
                state, detail = NoticeState.FAILED, "forgotten"
            elif notice.channel == "telegram" and self._telegram is not None:
                text = _body(notice, official)
                await self._telegram.call("sendMessage", {"chat_id": int(notice.address), "text": text})
            elif self._email is not None:
                letter = write_notice(notice, official, self._email, self._vault.mark, self._clock())
                await self._email.hand_in(letter)
        except DeliveryError as error:
            verdict = error.result.verdict
            state = NoticeState.UNKNOWN if verdict is Verdict.UNKNOWN else NoticeState.FAILED
            state = NoticeState.DUE if verdict is Verdict.TRANSIENT else state
            detail = str(error.result.reason)
        except BotApiRefusedError as error:
            flooded = error.answer.get("error_code") == 429
            state, detail = (NoticeState.DUE if flooded else NoticeState.FAILED), "refused"
        await self._settle(notice, state, detail)

    async def _settle(self, notice: Notice, state: NoticeState, detail: str) -> None:
        at = self._clock().timestamp()

        def work(conn: sa.Connection) -> None:
            if state is NoticeState.DUE:
                notices.try_again(conn, notice, at, detail=detail)
            else:
                notices.settle(conn, notice.id, state, at, detail=detail)

        await self._store.write(work)
        if state is not NoticeState.SENT:
            log.warning("notice not sent", kind=notice.kind, channel=notice.channel, state=state, reason=detail)


def _official(conn: sa.Connection, official_id: str) -> Official | None:
    found = roster.granted(conn, official_id)
    return apply_wishes(*found) if found else None


def _body(notice: Notice, official: Official) -> str:
    language = official.language
    if notice.kind is Kind.WELCOME:
        return say_welcome(official)
    return answer(language, _HOW[notice.kind], **notice.values)


_HOW = {
    Kind.CODE: "letter_code_how",
    Kind.SIGN_IN: "letter_sign_in_how",
    Kind.INVITED: "letter_invited_how",
    Kind.STOPPED: "letter_stopped_how",
    Kind.RESUMED: "letter_resumed_how",
    Kind.STOPPED_BY_LINK: "letter_link_stopped_how",
    Kind.RESUMED_BY_LINK: "letter_link_resumed_how",
}
_SUBJECT = {
    Kind.CODE: "letter_code",
    Kind.SIGN_IN: "letter_sign_in",
    Kind.INVITED: "letter_invited",
    Kind.WELCOME: "letter_welcome",
    Kind.STOPPED: "letter_stopped",
    Kind.RESUMED: "letter_resumed",
    Kind.STOPPED_BY_LINK: "letter_stopped",
    Kind.RESUMED_BY_LINK: "letter_resumed",
}


def write_notice(notice: Notice, official: Official, email: Email, sign: Sign, now: datetime) -> Letter:
    """The letter of a notice; an answer to it proves itself by its signed Message-ID."""
    language = official.language
    subject, text = answer(language, _SUBJECT[notice.kind]), _body(notice, official)
    footer = [words_for(language).labels["intro"]]
    box = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    server = email.server
    return Letter(
        sender=server.sender,
        recipient=notice.address,
        subject=subject,
        text=f"{text}\n\n-- \n{footer[0]}\n",
        html=page(language, subject, [box], footer),
        message_id=signed_message_id(
            f"notice-{notice.id}", official.official_id, notice.kind, server.domain, sign
        ),
        date=now,
    )
