"""The page that stops mails: one question, one button, readable on a small phone and without a script."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape

from services.notifier.core.outlets.stop_words import StopWords

#: RFC 8058, section 3.1: what a mail program posts, and our own button too.
FIELD, STOP, UNDO = "List-Unsubscribe", "One-Click", "Undo"
_CSS = """
:root{color-scheme:light dark;--page:#f3f5f7;--card:#fff;--ink:#1b2430;--soft:#55606d;--line:#d9dfe5;--go:#a3261b}
@media(prefers-color-scheme:dark){:root{--page:#12171d;--card:#1b222b;--ink:#eef2f6;--soft:#a9b4c0;--line:#333d49;
--go:#c8402f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:17px/1.55 system-ui,"Noto Sans",Arial,sans-serif}
main{max-width:30rem;margin:0 auto;padding:1.25rem 1rem 2rem}
header{padding:.25rem 0 1rem;font-weight:700;letter-spacing:.02em}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.25rem}
h1{font-size:1.4rem;line-height:1.25;margin:0 0 .75rem}
p{margin:0 0 1rem}
.soft,footer{color:var(--soft);font-size:.9rem}
form{margin:0}
button{display:block;width:100%;min-height:3.25rem;padding:.75rem 1rem;border:0;border-radius:10px;
background:var(--go);color:#fff;font:inherit;font-weight:700;cursor:pointer}
button.quiet{background:transparent;color:var(--ink);border:1px solid var(--soft);font-weight:600}
button:focus-visible{outline:3px solid currentColor;outline-offset:3px}
hr{border:0;border-top:1px solid var(--line);margin:1.25rem 0}
footer{padding:1rem .25rem 0}
"""
_CSS_HASH = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
#: Nothing but this page's own style, and its form only to where it came from.
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_CSS_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True)
class _Button:
    value: str
    label: str
    style: str = ""


@dataclass(frozen=True)
class _Content:
    title: str
    said: str
    small: str = ""
    question: str = ""
    button: _Button | None = None


def ask_page(words: StopWords) -> str:
    """Before anything is done."""
    button = _Button(STOP, words.ask_button)
    return _page(words, _Content(words.ask_title, words.ask, small=words.critical, button=button))


def done_page(words: StopWords, *, reachable: bool) -> str:
    """After the mails are stopped; ``reachable``: another channel is left."""
    said = words.done if reachable else words.done_alone
    button = _Button(UNDO, words.undo_button, "quiet")
    return _page(words, _Content(words.done_title, said, question=words.undo, button=button))


def back_page(words: StopWords) -> str:
    """After the mails are on again."""
    return _page(words, _Content(words.back_title, words.back))


def held_page(words: StopWords) -> str:
    """Where the mails were stopped otherwise, which no link turns on again."""
    return _page(words, _Content(words.held_title, words.held))


def _page(words: StopWords, content: _Content) -> str:
    body = f"<p>{escape(content.said)}</p>"
    body += f'<p class="soft">{escape(content.small)}</p>' if content.small else ""
    body += f"<hr><p>{escape(content.question)}</p>" if content.question else ""
    return (
        f'<!doctype html><html lang="{escape(words.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(content.title)}</title><style>{_CSS}</style></head><body><main><header>Siaga</header>"
        f"<section><h1>{escape(content.title)}</h1>{body}{_form(content.button)}</section>"
        f"<footer>{escape(words.foot)}</footer></main></body></html>\n"
    )


def _form(button: _Button | None) -> str:
    if button is None:
        return ""
    style = f' class="{button.style}"' if button.style else ""
    return (
        f'<form method="post"><button name="{FIELD}" value="{button.value}"{style}>{escape(button.label)}'
        "</button></form>"
    )
