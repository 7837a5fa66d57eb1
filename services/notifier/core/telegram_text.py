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


#: So many incidents fit into one message even if each has the longest place and outlet there can be.
DIGEST_ENTRIES = 12
_NOTES, _NOTE_LIMIT = 2, 500


def render_digest(
    heading: str, entries: Sequence[tuple[Card, str]], footer: str, notes: Sequence[str] = ()
) -> TelegramText:
    """All of at most `DIGEST_ENTRIES` incidents; what would not fit whole is listed in short."""
    head, foot = _text(heading, "b"), _text(footer, "i")
    said = [_text(cut_utf16(note, _NOTE_LIMIT)) for note in notes[:_NOTES]]
    room = LIMIT - _units(head) - _units(foot) - sum(_units(note) + 2 for note in said) - 4
    short = [_entry(card, number, remark, whole=False) for number, (card, remark) in enumerate(entries, 1)]
    room -= sum(_units(entry) + 2 for entry in short)
    shown = []
    for number, (card, remark) in enumerate(entries, 1):
        whole = _entry(card, number, remark, whole=True)
        grows = _units(whole) - _units(short[number - 1])
        if grows <= room:
            room -= grows
            shown.append(whole)
        else:
            shown.append(short[number - 1])
    return _blocks([head, *shown, *said, *([foot] if foot.plain else [])])


def _units(line: _Line) -> int:
    return utf16_length(line.plain)


def _entry(card: Card, number: int, remark: str, *, whole: bool) -> _Line:
    """One incident: topic, what changed, where; and, if it is shown whole, what, when and the source."""
    lines = [_text(cut_utf16(f"{number}. {card.mark} {card.topics}", 110), "b")]
    banner = " · ".join(part for part in (card.banner, remark) if part)
    if banner:
        lines.append(_text(cut_utf16(banner, 60 if not whole else 200), "i"))
    lines.append(_text(f"📍 {cut_utf16(card.place, 110)}"))
    if whole:
        lines.append(_text(cut_utf16(card.sentence, 320), "s" if card.withdrawn else ""))
        if card.source:
            link = _link(card.source)
            tail = " · ".join(part for part in (card.more_sources, card.when) if part)
            lines.append(_Line(f"{link.html} · {escape(tail, quote=False)}", f"{link.plain} · {tail}"))
    joined = _joined(lines)
    return _Line(joined.html, joined.plain)


def _blocks(lines: Sequence[_Line]) -> TelegramText:
    html = "\n\n".join(line.html for line in lines)
    return TelegramText(html, cut_utf16("\n\n".join(line.plain for line in lines), LIMIT))
