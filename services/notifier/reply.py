"""What the bot sends back: a message with or without a menu, an edited one, or the answer to a pressed button."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.notifier.menu_buttons import Keyboard


@dataclass(frozen=True)
class Reply:
    """``callback_id`` answers a press, ``edits`` replaces a message of ours."""

    chat_id: int
    text: str
    callback_id: str | None = None
    keyboard: Keyboard = ()
    edits: int | None = None

    def request(self) -> tuple[str, dict[str, Any]]:
        """The Bot API's method and parameters."""
        if self.callback_id is not None:
            # Telegram takes at most 200 characters here.
            return "answerCallbackQuery", {"callback_query_id": self.callback_id, "text": self.text[:200]}
        given: dict[str, Any] = {"chat_id": self.chat_id, "text": self.text}
        if self.keyboard:
            given["reply_markup"] = _markup(self.keyboard)
        if self.edits is not None:
            return "editMessageText", given | {"message_id": self.edits}
        return "sendMessage", given


def _markup(keyboard: Keyboard) -> Mapping[str, Any]:
    return {
        "inline_keyboard": [[{"text": label, "callback_data": data} for label, data in row] for row in keyboard]
    }
