"""Say an entry in a reader's language: facts in our own words, and of what is over only that it is over."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from zoneinfo import ZoneInfo

from services.notifier.core.card import Card, Note, Status, View, make_card
from services.notifier.core.outlets.entry import Entry, Standing
from services.notifier.core.outlets.xml_text import uri, xml_text

_STATUS = {
    Standing.OPEN: Status.NEW,
    Standing.WITHDRAWN: Status.WITHDRAWN,
    Standing.NOT_RELEVANT: Status.NOT_RELEVANT,
    Standing.MERGED: Status.MERGED,
    Standing.SPLIT: Status.SPLIT,
    Standing.LEFT: Status.LEFT,
}


@dataclass(frozen=True)
class Shown:
    """An entry as people read it, ``source`` being the address of its first report; XML can hold all of it."""

    language: str
    title: str
    lines: tuple[str, ...]
    html: str
    source: str | None

    @property
    def text(self) -> str:
        """The entry as plain text."""
        return "\n".join(self.lines)


def show(entry: Entry, language: str, zone: ZoneInfo) -> Shown:
    """The same for the same entry whenever it is asked for, so that an ETag holds."""
    note = Note(_STATUS[entry.standing], None, next(iter(entry.others), ""), len(entry.others))
    card = make_card(entry.alert, None, View(language, zone, entry.updated_at), note)
    headline = f"{card.mark} {card.title} · {card.place}"
    if entry.over:
        lines = [card.banner, card.thread, card.notice]
        return Shown(card.language, xml_text(f"{card.banner} · {headline}"), _clean(lines), _html_over(card), None)
    numbers = [f"{label}: {value}" for label, value in card.numbers]
    lines = [card.place, card.sentence, *numbers, card.when, _say_source(card), card.notice, card.thread]
    return Shown(card.language, xml_text(headline), _clean(lines), _html(card, numbers), _address(card))


def _clean(lines: list[str]) -> tuple[str, ...]:
    return tuple(xml_text(line) for line in lines if line)


def _address(card: Card) -> str | None:
    return uri(card.source.url) if card.source is not None and card.source.url else None


def _say_source(card: Card) -> str:
    if card.source is None:
        return card.more_sources
    where = f"{card.source.outlet} ({card.source.host})" if card.source.host else card.source.outlet
    return ", ".join(part for part in (where, card.more_sources) if part)


def _html(card: Card, numbers: list[str]) -> str:
    items = "".join(f"<li>{_safe(line)}</li>" for line in numbers)
    return "".join([
        f"<p><strong>{_safe(card.place)}</strong></p><p>{_safe(card.sentence)}</p>",
        f"<ul>{items}</ul>" if items else "",
        f"<p>{_safe(card.when)}<br>{_link(card)}</p>",
        _small(card),
    ])  # fmt: skip


def _html_over(card: Card) -> str:
    return f"<p><strong>{_safe(card.banner)}</strong></p>{_small(card)}"


def _small(card: Card) -> str:
    return f"<p><small>{_safe(card.notice)}<br>{_safe(card.thread)}</small></p>"


def _link(card: Card) -> str:
    source, address = card.source, _address(card)
    if source is None or address is None:
        return _safe(_say_source(card))
    anchor = f'<a href="{_safe(address)}" rel="noreferrer noopener">{_safe(source.outlet)}</a>'
    return ", ".join(part for part in (f"{anchor} ({_safe(source.host)})", _safe(card.more_sources)) if part)


def _safe(text: str) -> str:
    return escape(xml_text(text))
