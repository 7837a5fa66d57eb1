"""Send, edit and take back messages through the Telegram Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from services.contracts.delivery import Action
from services.notifier.channels.base import DeliveryError, Outgoing, Receipt
from services.notifier.channels.telegram_errors import is_bad_text, is_unchanged, read_error
from services.notifier.core.card import Card
from services.notifier.core.ledger import Verdict
from services.notifier.core.pacing import TELEGRAM_PACE
from services.notifier.core.reason import Reason
from services.notifier.core.telegram_text import TelegramText, render_card, render_digest

#: The server holds a flooded request for 3 s; an answer later than this is not worth waiting for.
READ_S = 30.0
CONNECT_S = 8.0
_OPEN_AT_FIRST = 4


class Calls(Protocol):
    """Whoever carries out methods of the Bot API."""

    async def call(self, method: str, parameters: Mapping[str, Any], *, read_s: float | None = None) -> Any:
        """The result of a method."""


class BotApi:
    """The few methods we need, over HTTP; the token is part of the URL and is never in an error's text."""

    def __init__(self, token: str, base_url: str = "https://api.telegram.org", *, read_s: float = READ_S) -> None:
        self._path = f"/bot{token}/"
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(read_s, connect=CONNECT_S, pool=CONNECT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            follow_redirects=False,
        )

    async def call(self, method: str, parameters: Mapping[str, Any], *, read_s: float | None = None) -> Any:
        """The result of a method.

        Raises:
            BotApiRefusedError: the server answered ``ok: false``.
            DeliveryError: no connection (certainly not delivered) or no readable answer (unknown).
        """
        try:
            timeout = httpx.Timeout(read_s, connect=CONNECT_S) if read_s else httpx.USE_CLIENT_DEFAULT
            response = await self._client.post(self._path + method, json=dict(parameters), timeout=timeout)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _failed(error, Verdict.TRANSIENT, Reason.NOT_CONNECTED) from None
        except httpx.HTTPError as error:
            # The request was written, at least in part: it may have been carried out.
            raise _failed(error, Verdict.UNKNOWN, Reason.NO_ANSWER) from None
        return _read(response)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class BotApiRefusedError(Exception):
    """The server understood and said no; ``answer`` is its whole JSON."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer.get("description", "")))
        self.answer = answer


def _failed(error: Exception, verdict: Verdict, reason: Reason) -> DeliveryError:
    # The text of an httpx error may hold the URL, and with it the token: its class says enough.
    return DeliveryError(type(error).__name__, verdict=verdict, reason=reason)


def _read(response: httpx.Response) -> Any:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping) or "ok" not in answer:
        raise DeliveryError(
            f"HTTP {response.status_code} without a readable answer",
            verdict=Verdict.UNKNOWN,
            reason=Reason.NO_ANSWER,
        )
    if answer["ok"] is not True:
        raise BotApiRefusedError({"error_code": response.status_code} | dict(answer))
    return answer.get("result")


class Telegram:
    """The channel ``telegram``."""

    pace = TELEGRAM_PACE

    def __init__(self, api: BotApi) -> None:
        self._api = api

    async def open(self) -> None:
        """Open connections; what is wrong with them the first message will hear."""
        hellos = (self._api.call("getMe", {}, read_s=CONNECT_S) for _ in range(_OPEN_AT_FIRST))
        await asyncio.gather(*hellos, return_exceptions=True)

    async def send(self, message: Outgoing) -> Receipt:
        """One alert is one message: sent anew, or the last one of its thread edited."""
        text = _render(message)
        editing = message.action in {Action.EDIT, Action.WITHDRAW}
        if editing and not message.thread:
            raise DeliveryError("nothing to edit", verdict=Verdict.PERMANENT, reason=Reason.NO_MESSAGE)
        method = "editMessageText" if editing else "sendMessage"
        parameters = _parameters(message, editing=editing)
        try:
            return await self._call(method, parameters | {"text": text.html, "parse_mode": "HTML"}, message)
        except BotApiRefusedError as error:
            if not is_bad_text(error.answer):
                raise read_error(error.answer, editing=editing) from None
        # Our HTML was refused, so nothing is out: the same words once more without markup.
        if message.again is not None:
            await message.again()
        try:
            receipt = await self._call(method, parameters | {"text": text.plain}, message)
        except BotApiRefusedError as error:
            raise read_error(error.answer, editing=editing) from None
        return Receipt(receipt.ref, "sent as plain text")

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def _call(self, method: str, parameters: Mapping[str, Any], message: Outgoing) -> Receipt:
        try:
            result = await self._api.call(method, parameters)
        except BotApiRefusedError as error:
            if is_unchanged(error.answer):
                return Receipt(message.thread[-1], "unchanged")
            raise
        if not isinstance(result, Mapping) or not isinstance(result.get("message_id"), int):
            # Accepted without saying which message it became: accepted, but it cannot be edited.
            return Receipt("", "accepted without a message id")
        return Receipt(str(result["message_id"]))


def _parameters(message: Outgoing, *, editing: bool) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "chat_id": int(message.address),
        # A preview would be fetched from Telegram's side and can burn one-time links.
        "link_preview_options": {"is_disabled": True},
    }
    keyboard = [[{"text": label, "callback_data": data} for label, data in row] for row in message.buttons]
    if keyboard:
        parameters["reply_markup"] = {"inline_keyboard": keyboard}
    if editing:
        return parameters | {"message_id": int(message.thread[-1])}
    if message.silent:
        parameters["disable_notification"] = True
    if message.thread:
        reply = {"message_id": int(message.thread[-1]), "allow_sending_without_reply": True}
        parameters["reply_parameters"] = reply
    return parameters


def _render(message: Outgoing) -> TelegramText:
    if isinstance(message.body, Card):
        return render_card(message.body)
    body = message.body
    return render_digest(
        body.heading, [(entry.card, entry.remark) for entry in body.entries], body.footer, body.notes
    )
