"""Draw the chats of the local Bot API as a person would see them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Protocol

_TAG = re.compile(r"<(/?)(b|i|s|u|a|code|pre)((?:\s+href=\"https?://[^\"<>]*\")?)>")

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;background:#dfe5ea;font:15px/1.45 system-ui,"DejaVu Sans",Arial,sans-serif;color:#16202a}
header{padding:14px 20px;background:#2a6f97;color:#fff}
header b{font-size:18px}header span{opacity:.85;margin-left:10px}
main{display:flex;flex-wrap:wrap;gap:18px;padding:18px;align-items:flex-start}
.chat{width:430px;background:#c8d8c0 linear-gradient(#cfdfe8,#c3d7c0);border-radius:12px;overflow:hidden;
box-shadow:0 1px 4px #0003}
.chat h2{margin:0;padding:10px 14px;background:#fff;font-size:15px}.chat h2 small{color:#6b7a86;font-weight:normal}
.stream{padding:12px;max-height:1500px;overflow:auto;display:flex;flex-direction:column;gap:10px}
.m{background:#fff;border-radius:10px 10px 10px 2px;padding:8px 11px;max-width:96%;white-space:pre-wrap;
overflow-wrap:anywhere;box-shadow:0 1px 1px #0002}
.m.user{align-self:flex-end;background:#e3fdc8;border-radius:10px 10px 2px 10px}
.m a{color:#1c6ea4}.meta{display:block;text-align:right;color:#7b8a95;font-size:12px;
margin-top:2px;white-space:normal}
.reply{border-left:3px solid #2a6f97;padding-left:7px;color:#48606f;font-size:13px;margin-bottom:4px;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.keys{display:flex;gap:4px;margin-top:-6px}.keys form{flex:1}.keys button{width:100%;border:0;border-radius:7px;
padding:7px 4px;background:#5b7f95cc;color:#fff;font:inherit;font-size:13px;cursor:pointer}
.write{display:flex;background:#fff;padding:8px;gap:6px}.write input[type=text]{flex:1;border:1px solid #ccd5db;
border-radius:8px;padding:6px 9px;font:inherit}.write button{border:0;border-radius:8px;background:#2a6f97;
color:#fff;padding:6px 12px}.empty{padding:40px;color:#48606f}
"""


class Shown(Protocol):
    """A message as the page needs it."""

    message_id: int
    text: str
    shown: str
    at: float
    ours: bool
    keyboard: list[list[dict[str, str]]]
    edited: int
    silent: bool
    is_html: bool
    reply_to: int | None
    pressed: str


def draw_page(chats: Mapping[int, Sequence[Shown]], names: Mapping[int, str], *, refresh_s: int | None) -> str:
    """The whole page; it asks nothing of the network."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    boxes = "".join(_chat(chat_id, messages, names.get(chat_id, "")) for chat_id, messages in chats.items())
    empty = '<p class="empty">No message yet.</p>' if not chats else ""
    return (
        f'<!doctype html><html lang="id"><head><meta charset="utf-8">{refresh}<title>Siaga: chats</title>'
        f"<style>{_STYLE}</style></head><body><header><b>Siaga</b>"
        "<span>local stand-in for Telegram: nothing here leaves this machine</span></header>"
        f"<main>{boxes}{empty}</main></body></html>"
    )


def _chat(chat_id: int, messages: Sequence[Shown], name: str) -> str:
    texts = {message.message_id: message.shown for message in messages}
    stream = "".join(_message(message, texts) for message in messages)
    write = (
        f'<form class="write" method="post" action="/write"><input type="hidden" name="chat_id" value="{chat_id}">'
        '<input type="text" name="text" placeholder="/help" autocomplete="off"><button>Send</button></form>'
    )
    title = f"{escape(name)} <small>{chat_id}</small>" if name else f"Chat {chat_id}"
    return f'<section class="chat"><h2>{title}</h2><div class="stream">{stream}</div>{write}</section>'


def _message(message: Shown, texts: Mapping[int, str]) -> str:
    quoted = texts.get(message.reply_to or 0, "")
    reply = f'<div class="reply">{escape(quoted.splitlines()[0])}</div>' if quoted else ""
    body = _safe(message.text) if message.is_html else escape(message.text)
    marks = [f"{datetime.fromtimestamp(message.at).astimezone():%H:%M:%S}"]
    marks += ["silent"] if message.silent else []
    marks += [f"edited ×{message.edited}"] if message.edited else []
    marks += [f"pressed: {escape(message.pressed)}"] if message.pressed else []
    who = "m" if message.ours else "m user"
    bubble = f'<div class="{who}">{reply}{body}<span class="meta">{" · ".join(marks)}</span></div>'
    return bubble + "".join(_keys(message.message_id, row) for row in message.keyboard)


def _keys(message_id: int, row: Sequence[Mapping[str, str]]) -> str:
    forms = "".join(
        f'<form method="post" action="/press"><input type="hidden" name="message_id" value="{message_id}">'
        f'<input type="hidden" name="data" value="{escape(button["callback_data"])}">'
        f"<button>{escape(button['text'])}</button></form>"
        for button in row
    )
    return f'<div class="keys">{forms}</div>'


def _safe(text: str) -> str:
    """Only the few tags Telegram knows; everything else is shown as text.  The rules checked it before."""
    parts, last = [], 0
    for found in _TAG.finditer(text):
        parts.append(_no_tags(text[last : found.start()]))
        parts.append(found[0].replace("<a ", '<a rel="noreferrer noopener" target="_blank" '))
        last = found.end()
    return "".join([*parts, _no_tags(text[last:])])


def _no_tags(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")
