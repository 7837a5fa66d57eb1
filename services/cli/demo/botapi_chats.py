"""The chats of the Bot API on loopback, kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Message:
    """One message of a chat as it stands."""

    message_id: int
    chat_id: int
    text: str
    shown: str
    at: float
    ours: bool
    keyboard: list[list[dict[str, str]]] = field(default_factory=list)
    edited: int = 0
    silent: bool = False
    is_html: bool = False
    reply_to: int | None = None
    pressed: str = ""


class Chats:
    """Every chat, rebuilt at start from a file that is only ever appended to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "chats.jsonl"
        self.messages: dict[int, Message] = {}
        self.known: set[int] = set()
        self.next_id = 1
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                if line.endswith("}"):  # a line cut by a crash is left out
                    self._apply(json.loads(line))
        self._file = self._path.open("a", encoding="utf-8")

    def record(self, entry: Mapping[str, Any]) -> None:
        """Apply an entry and append it."""
        self._apply(entry)
        self._file.write(json.dumps(dict(entry), ensure_ascii=False) + "\n")
        self._file.flush()

    def _apply(self, entry: Mapping[str, Any]) -> None:
        if entry["what"] == "chat":
            self.known.add(entry["chat_id"])
        elif entry["what"] == "message":
            message = Message(**{key: value for key, value in entry.items() if key != "what"})
            self.messages[message.message_id] = message
            self.known.add(message.chat_id)
            self.next_id = max(self.next_id, message.message_id + 1)
        elif entry["what"] == "edit":
            message = self.messages[entry["message_id"]]
            message.text, message.shown, message.keyboard = entry["text"], entry["shown"], entry["keyboard"]
            message.is_html = entry["is_html"]
            message.edited += 1
        elif entry["what"] == "delete":
            self.messages.pop(entry["message_id"], None)
        elif entry["what"] == "press":
            self.messages[entry["message_id"]].pressed = entry["label"]

    def of(self, chat_id: int) -> list[Message]:
        """The messages of one chat, oldest first."""
        found = (message for message in self.messages.values() if message.chat_id == chat_id)
        return sorted(found, key=lambda message: message.message_id)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
