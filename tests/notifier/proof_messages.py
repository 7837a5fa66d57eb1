"""Put hostile headlines through every message and ask parsers that nobody here wrote.

    python -m tests.notifier.proof_messages --headlines 20000 --out bench/report/data

Telegram: TDLib must take each card and digest and show exactly what was meant.  Mail: a Rust parser, Python's
two parsers and the bytes on the wire must agree on exactly the expected headers and on one recipient.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import fast_mail_parser

from services.contracts.tagging import Facts
from services.notifier.core.card import Card, View, make_card
from services.notifier.core.clean import clean_line
from services.notifier.core.mail_text import Letter, clean_header, compose
from services.notifier.core.telegram_text import LIMIT, render_card, render_digest, utf16_length
from tests.notifier.builders import NOON, a_number, a_place, a_source, an_alert
from tests.notifier.headlines import headlines
from tests.notifier.telegram_oracle import parse_html

VIEW = View("id", ZoneInfo("Asia/Makassar"), NOON)
EXPECTED = ["auto-submitted", "content-type", "date", "from", "message-id", "mime-version", "subject", "to"]


@dataclass
class Figures:
    """What the parsers said."""

    headlines: int = 0
    telegram_messages: int = 0
    refused: int = 0
    altered: int = 0
    too_long: int = 0
    mails: int = 0
    wrong_headers: int = 0
    parsers_differ: int = 0
    subject_altered: int = 0
    unescaped_refused: int = 0
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        wrong = (
            self.refused, self.altered, self.too_long, self.wrong_headers, self.parsers_differ, self.subject_altered
        )  # fmt: skip
        return not any(wrong)


def card_of(text: str) -> Card:
    """A card every foreign field of which is this text."""
    place = a_place(name=text or "x", district=text)
    source = a_source(outlet=text or "x", url="https://www.example.org/a?b=1&c=<>\"'")
    facts = Facts(victims=(a_number(12, text),), quantities=(a_number(5, text, unit=text or "kg"),))
    card = make_card(an_alert(places=(place,), sources=(source,), facts=facts), None, VIEW)
    return dataclasses.replace(card, sentence=clean_line(text, 400) or "x")


def ask_telegram(html: str, wanted: str, figures: Figures) -> None:
    """Whether TDLib takes a message and shows the wanted line in it."""
    figures.telegram_messages += 1
    answer = parse_html(html)
    if answer["@type"] != "formattedText":
        figures.refused += 1
        return
    # TDLib trims the whole text and nothing else.
    figures.altered += answer["text"] != _as_meant(html) or wanted not in answer["text"]
    figures.too_long += utf16_length(answer["text"]) > LIMIT


def _as_meant(html: str) -> str:
    """Our own markup taken away and nothing of the text: what stands between tags, unescaped once."""
    text, inside = [], False
    for character in html:
        if character in "<>":
            inside = character == "<"
        elif not inside:
            text.append(character)
    return unescape("".join(text)).strip()


def ask_mail(text: str, figures: Figures) -> None:
    """Whether every parser sees exactly the headers that were meant."""
    figures.mails += 1
    data = compose(a_letter(text))
    modern, old = message_from_bytes(data, policy=policy.default), message_from_bytes(data)
    rust = fast_mail_parser.parse_email(data)
    seen = (
        headers_on_the_wire(data),
        sorted(name.lower() for name in modern),
        sorted(name.lower() for name in old),
    )
    figures.wrong_headers += any(names != EXPECTED for names in seen)
    figures.wrong_headers += sorted(name.lower() for name in rust.headers) != EXPECTED
    wanted = clean_header(text)
    figures.parsers_differ += rust.headers["To"] != [str(modern["To"])] or bool(rust.cc or rust.bcc)
    figures.subject_altered += " ".join(str(rust.subject).split()) != wanted


def headers_on_the_wire(data: bytes) -> list[str]:
    """The header lines as they are, without trusting a parser."""
    head = data.split(b"\r\n\r\n", 1)[0]
    lines = [line for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    return sorted(line.split(b":", 1)[0].decode().lower() for line in lines)


def a_letter(subject: str) -> Letter:
    return Letter(
        sender="siaga@example.org",
        recipient="ppa@example.org",
        subject=subject,
        text=subject,
        html="<p>x</p>",
        message_id="<a.b.push.email@example.org>",
        date=NOON,
    )


def prove(count: int, seed: int) -> Figures:
    """Ask about so many headlines: a card and a mail each, and a digest for every ten."""
    figures, began, cards = Figures(), time.monotonic(), []
    for text in headlines(count, seed):
        figures.headlines += 1
        card = card_of(text)
        ask_telegram(render_card(card).html, card.sentence, figures)
        ask_mail(text, figures)
        figures.unescaped_refused += parse_html(text)["@type"] == "error"
        cards.append((card, clean_line(text, 60)))
        if len(cards) == 10:
            ask_telegram(render_digest("Ringkasan", cards, "selesai").html, "Ringkasan", figures)
            cards = []
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


def main() -> int:
    """Print the figures and keep them; exit status 1 if a parser saw something else than was meant."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headlines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    found = prove(given.headlines, given.seed)
    figures = {"seed": given.seed, "holds": found.holds, **asdict(found)}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-messages.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))  # noqa: T201
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
