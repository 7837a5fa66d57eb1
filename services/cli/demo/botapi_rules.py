"""What Telegram's server refuses: the checks of the local Bot API, with the server's own texts."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

#: core.telegram.org/bots/api, "HTML style".
TAGS = frozenset({
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler",
})  # fmt: skip
TEXT_LIMIT = 4096
CALLBACK_BYTES = 64
_TOKEN = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s+[a-z-]+(?:=\"[^\"]*\")?)*)\s*>|(<)|([^<]+)")
# Other named entities are shown as they stand.
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});")


class RefusedError(Exception):
    """An ``ok: false`` answer."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


def bad(description: str) -> RefusedError:
    """A 400 with its usual opening."""
    return RefusedError(400, f"Bad Request: {description}")


def parse_html(text: str) -> str:
    """The text a reader sees.

    Raises:
        RefusedError: a tag that is not allowed, not closed or closed in the wrong order.
    """
    seen: list[str] = []
    open_tags: list[str] = []
    for closing, tag, _, stray, plain in _TOKEN.findall(text):
        if plain:
            seen.append(_ENTITY.sub(lambda found: html.unescape(found[0]), plain))
        elif stray:
            raise bad("can't parse entities: Unsupported start tag")
        elif tag.lower() not in TAGS:
            raise bad(f'can\'t parse entities: Unsupported start tag "{tag}"')
        elif not closing:
            open_tags.append(tag.lower())
        elif not open_tags or open_tags.pop() != tag.lower():
            raise bad(f'can\'t parse entities: Unexpected end tag "{tag}"')
    if open_tags:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{open_tags[-1]}\"")
    return "".join(seen)


def check_text(parameters: Mapping[str, Any]) -> str:
    """The text as shown; refuses what is empty or longer than 4096 UTF-16 units."""
    text = parameters.get("text")
    if not isinstance(text, str):
        raise bad("message text is empty")
    shown = parse_html(text) if parameters.get("parse_mode") == "HTML" else text
    if not shown.strip():
        raise bad("message text is empty")
    if len(shown.encode("utf-16-le", "surrogatepass")) // 2 > TEXT_LIMIT:
        raise bad("message is too long")
    return shown


def check_keyboard(parameters: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    """The inline keyboard; refuses buttons Telegram would refuse."""
    markup = parameters.get("reply_markup")
    rows = markup.get("inline_keyboard", []) if isinstance(markup, Mapping) else []
    if sum(len(row) for row in rows) > 100 or any(len(row) > 8 for row in rows):
        raise bad("too many inline keyboard buttons")
    for button in (button for row in rows for button in row):
        data = str(button.get("callback_data", ""))
        if not button.get("text") or not 1 <= len(data.encode()) <= CALLBACK_BYTES:
            raise bad("BUTTON_DATA_INVALID")
    return [[{"text": str(b["text"]), "callback_data": str(b["callback_data"])} for b in row] for row in rows]
