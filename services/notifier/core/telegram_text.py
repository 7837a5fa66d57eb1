"""Render cards and digests as Telegram HTML within 4096 UTF-16 units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from services.notifier.core.card import Card, Link

#: Telegram counts UTF-16 code units after its entities are parsed, and rejects more.
LIMIT = 4096
#: Room kept for what follows the part that may be cut.
_FIELD_LIMIT = 900


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: a character beyond U+FFFF counts twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut_utf16(text: str, limit: int) -> str:
    """The text within ``limit`` units, never half a character; ends in ``…`` where it was cut."""
    if utf16_length(text) <= limit:
        return text
    kept, used = [], 1  # the ellipsis
    for character in text:
        used += 2 if ord(character) > 0xFFFF else 1
        if used > limit:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


@dataclass(frozen=True)
class TelegramText:
    """A message; ``plain`` is what is sent if Telegram rejects the HTML."""

    html: str
    plain: str


@dataclass(frozen=True)
class _Line:
    html: str
    plain: str


# Cut first, escape after: an escape cut in half is a message refused.
def _text(text: str, tag: str = "") -> _Line:
    plain = cut_utf16(text, _FIELD_LIMIT)
    safe = escape(plain, quote=False)
    return _Line(f"<{tag}>{safe}</{tag}>" if tag else safe, plain)


def _link(link: Link) -> _Line:
    label = cut_utf16(f"{link.outlet} ({link.host})" if link.host else link.outlet, 120)
    language = f" [{link.language}]" if link.language != "und" else ""
    if link.url is None or utf16_length(link.url) > 2000:
        return _text(label + language)
    html = f'<a href="{escape(link.url)}">{escape(label, quote=False)}</a>{escape(language, quote=False)}'
    return _Line(html, f"{label}{language}: {link.url}")


def render_card(card: Card) -> TelegramText:
    """One alert is one message: level and topic, what changed, where, what, numbers, when, why, source."""
    lines = [_text(f"{card.mark} {card.title}", "b")]
    if card.banner:
        lines.append(_text(card.banner, "b"))
    lines.append(_text(f"📍 {card.place}"))
    lines.append(_text(card.sentence, "s" if card.withdrawn else ""))
    lines.append(_Line("", ""))
    lines += [_text(f"• {label}: {value}") for label, value in card.numbers[:8]]
    lines.append(_text(f"🕒 {card.when}"))
    if card.source:
        link = _link(card.source)
        more = f" · {card.more_sources}" if card.more_sources else ""
        lines.append(_Line(f"🔗 {link.html}{escape(more, quote=False)}", f"🔗 {link.plain}{more}"))
    if card.why:
        lines.append(_text(card.why))
    lines.append(_text(f"{card.notice} {card.thread}", "i"))
    return _joined(lines)


def _joined(lines: Sequence[_Line]) -> TelegramText:
    text = TelegramText("\n".join(line.html for line in lines), "\n".join(line.plain for line in lines))
    # Fields are cut far below this; a plain text still too long is cut once more.
    return TelegramText(text.html, cut_utf16(text.plain, LIMIT))


def render_entry(card: Card, number: int, remark: str = "") -> TelegramText:
    """One incident inside a digest: three lines and its source."""
    lines = [_text(f"{number}. {card.mark} {card.topics}", "b")]
    if card.banner or remark:
        lines.append(_text(" · ".join(part for part in (card.banner, remark) if part), "i"))
    lines.append(_text(f"📍 {cut_utf16(card.place, 160)}"))
    lines.append(_text(cut_utf16(card.sentence, 260), "s" if card.withdrawn else ""))
    if card.source:
        link = _link(card.source)
        tail = " · ".join(part for part in (card.more_sources, card.when) if part)
        lines.append(_Line(f"{link.html} · {escape(tail, quote=False)}", f"{link.plain} · {tail}"))
    return _joined(lines)


def render_digest(heading: str, entries: Sequence[TelegramText], footer: str) -> tuple[TelegramText, int]:
    """As many entries as one message holds, and how many that is; at least one."""
    head, foot = _text(heading, "b"), _text(footer, "i")
    room = LIMIT - utf16_length(head.plain) - utf16_length(foot.plain) - 8
    taken: list[TelegramText] = []
    for entry in entries:
        # The plain form also spells the link out, so it is never shorter than what Telegram counts.
        room -= utf16_length(entry.plain) + 2
        if room < 0 and taken:
            break
        taken.append(entry)
    html = "\n\n".join([head.html, *(entry.html for entry in taken), foot.html])
    plain = "\n\n".join([head.plain, *(entry.plain for entry in taken), foot.plain])
    return TelegramText(html, cut_utf16(plain, LIMIT)), len(taken)
