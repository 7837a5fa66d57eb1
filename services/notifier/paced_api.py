"""Carry answers and notices through the door that deliveries pass: the Bot API counts them all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from services.notifier.channels.base import DeliveryError
from services.notifier.channels.telegram import BotApiRefusedError, Calls
from services.notifier.channels.telegram_errors import is_unchanged, read_error
from services.notifier.core.reason import Reason
from services.notifier.metrics import NotifierMetrics
from services.notifier.paces import ANSWER, Paces, Passenger
from services.notifier.vault import Vault

log = structlog.get_logger(__name__)

CHANNEL = "telegram"
#: What Telegram counts as a message; the little answer to a press is none.
MESSAGES = frozenset({"sendMessage", "editMessageText"})


class PacedApi:
    """The Bot API for everything that is no delivery."""

    def __init__(self, api: Calls, paces: Paces, vault: Vault, metrics: NotifierMetrics) -> None:
        self._api = api
        self._paces = paces
        self._vault = vault
        self._metrics = metrics

    async def call(self, method: str, parameters: Mapping[str, Any], *, read_s: float | None = None) -> Any:
        """The result of a method; a message waits for its moment, for a bounded time.

        Raises:
            BotApiRefusedError: the server answered ``ok: false``.
            DeliveryError: as from the Bot API, or held back at the door: nothing has left.
        """
        if method not in MESSAGES:
            return await self._api.call(method, parameters, read_s=read_s)
        chat_id = int(parameters["chat_id"])
        who = Passenger(CHANNEL, self._vault.fingerprint(CHANNEL, str(chat_id)), chat_id < 0, ANSWER)
        try:
            ended = await self._paces.pass_beside(who)
        except DeliveryError as held_back:
            self._metrics.answer_not_sent(held_back.result.reason)
            raise
        error: DeliveryError | None = None
        try:
            return await self._api.call(method, parameters, read_s=read_s)
        except DeliveryError as failed:
            error = failed
            raise
        except BotApiRefusedError as refused:
            if not is_unchanged(refused.answer):
                error = read_error(refused.answer)
            raise
        finally:
            ended(error)
            if error is not None:
                self._metrics.answer_not_sent(error.result.reason)
                self._heed(error, who)

    def _heed(self, error: DeliveryError, who: Passenger) -> None:
        if error.result.reason is not Reason.RATE_LIMITED:
            return
        seconds = self._paces.heed(error, who)
        if seconds is not None:
            log.error("channel stopped", channel=CHANNEL, seconds=seconds, reason=error.result.reason)
