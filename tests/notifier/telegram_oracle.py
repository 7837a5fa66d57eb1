"""Ask TDLib, Telegram's own library, what it makes of a text; nobody here wrote its parser."""

from __future__ import annotations

import functools
import json
from typing import Any, cast

import tdjson


@functools.cache
def _silence() -> None:
    _execute({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0})


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(tdjson.td_execute(json.dumps(request).encode())))


def parse_html(text: str) -> dict[str, Any]:
    """TDLib's answer: ``formattedText`` with ``text`` and ``entities``, or ``error`` with a message."""
    _silence()
    mode = {"@type": "textParseModeHTML"}
    return _execute({"@type": "parseTextEntities", "text": text, "parse_mode": mode})


def shown(text: str) -> str:
    """What a reader would see.  Fails the test if Telegram would refuse the text."""
    answer = parse_html(text)
    assert answer["@type"] == "formattedText", f"{answer}\n{text!r}"
    return cast(str, answer["text"])
