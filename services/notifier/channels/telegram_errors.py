"""Read what the Bot API's answer means for a delivery.

Source: the Bot API server (github.com/tdlib/telegram-bot-api, ``Client.cpp``): its texts and its habit
of turning a 403 whose text is in capitals into a 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.notifier.channels.base import DeliveryError, Scope
from services.notifier.core.clean import clean_line
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason

#: The recipient is gone or never was: this address will not work again.
_GONE = (
    "chat not found",
    "peer_id_invalid",
    "bot was blocked by the user",
    "user_is_blocked",
    "user is deactivated",
    "input_user_deactivated",
    "bot was kicked",
    "group chat was deleted",
    "bot can't initiate conversation",
    "bot is not a member",
    "chat_write_forbidden",
    "need administrator rights",
    "not enough rights to send",
    "bot can't send messages to bots",
)
#: The message to edit is out of reach: a new one would be needed.
_NO_MESSAGE = ("message to edit not found", "message can't be edited", "message_id_invalid")
NOT_MODIFIED = "message is not modified"
_BAD_TEXT = ("can't parse entities", "message is too long", "message text is empty", "text must be non-empty")


def is_bad_text(error: Mapping[str, Any]) -> bool:
    """Whether the answer complains about our text rather than about the recipient."""
    return error.get("error_code") == 400 and _has(error, _BAD_TEXT)


def is_unchanged(error: Mapping[str, Any]) -> bool:
    """Whether the message already says exactly this."""
    return error.get("error_code") == 400 and _has(error, (NOT_MODIFIED,))


def _has(error: Mapping[str, Any], texts: tuple[str, ...]) -> bool:
    description = str(error.get("description", "")).lower()
    return any(text in description for text in texts)


def read_error(error: Mapping[str, Any], *, editing: bool = False) -> DeliveryError:
    """The meaning of an ``ok: false`` answer; ``editing`` makes a server error harmless to repeat."""
    code = error.get("error_code")
    detail = clean_line(f"{code} {error.get('description', '')}", 200)
    parameters = error.get("parameters")
    parameters = parameters if isinstance(parameters, Mapping) else {}
    moved_to = parameters.get("migrate_to_chat_id")
    if isinstance(moved_to, int):
        return _error(detail, Verdict.TRANSIENT, Reason.MIGRATED, moved_to=str(moved_to))
    if code == 429:
        return _flooded(detail, parameters)
    if code in {401, 404, 409, 421}:
        # The token is wrong, or somebody else polls with it: no message goes out, this one or another.
        reason = Reason.SERVER_BUSY if code == 409 else Reason.BAD_TOKEN
        return _error(detail, Verdict.TRANSIENT, reason, retry_after_s=60.0, scope=Scope.CHANNEL)
    if code in {400, 403}:
        return _error(detail, Verdict.PERMANENT, _why_refused(error, editing=editing))
    return _error(detail, Verdict.UNKNOWN, Reason.SERVER_ERROR)


def _flooded(detail: str, parameters: Mapping[str, Any]) -> DeliveryError:
    wait = parameters.get("retry_after")
    seconds = float(wait) if isinstance(wait, int | float) and wait >= 0 else 30.0
    return _error(detail, Verdict.TRANSIENT, Reason.RATE_LIMITED, retry_after_s=min(seconds, 86_400.0))


def _why_refused(error: Mapping[str, Any], *, editing: bool) -> Reason:
    if _has(error, _GONE):
        return Reason.GONE
    if editing and _has(error, _NO_MESSAGE):
        return Reason.NO_MESSAGE
    # A reason we do not know: not delivered, and the same again would not be either.
    return Reason.REJECTED


def _error(detail: str, verdict: Verdict, reason: Reason, **more: Any) -> DeliveryError:
    return DeliveryError(detail, verdict=verdict, reason=reason, **more)
