"""Draw hostile headlines: the scripts of the region, marks that change direction, markup, encoded words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_BLOCKS = {
    "latin": (0x20, 0x17F), "khmer": (0x1780, 0x17FF), "lao": (0x0E80, 0x0EFF), "thai": (0x0E00, 0x0E7F),
    "arabic": (0x0600, 0x06FF), "hebrew": (0x0590, 0x05FF), "combining": (0x0300, 0x036F),
    "surrogate": (0xD800, 0xDFFF), "controls": (0x00, 0x1F), "format": (0x200B, 0x206F),
    "private": (0xE000, 0xE0FF), "emoji": (0x1F300, 0x1FAFF), "tags": (0xE0000, 0xE007F), "cjk": (0x4E00, 0x4FFF),
}  # fmt: skip
_WORDS = ("Polisi", "gagalkan", "TPPO", "ស្រុក", "ពលកម្ម", "ແຮງງານ", "แรงงาน", "الشرطة", "מעצר", "12", "Nunukan", "–")
_JOINED = (
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "👩🏽‍🚒",
    "🇮🇩",
    "🇰🇭",
    "e\u0301\u0323\u0308",
    "ក្ខ្ម",
    "ก็้",
    "\u202eabc\u202c",
    "\u2067x\u2069",
)
_MARKUP = (
    "<b>", "</b>", "<", ">", "&", "&lt;", "&amp;lt;", "&#60;b&#62;", "&nbsp;", "<a href='tg://user?id=1'>", "</a>",
    "<tg-spoiler>", "<code>", "<!--", "]]>", "\"", "'", "*_`[](){}.!|~#+-=", "tg://resolve?domain=x", "http://x.y/z",
    "@admin", "/stop", "#tag", "%0A", "\\u003c", "{0}", "%s", "${x}",
)  # fmt: skip
_MAIL = (
    "=?utf-8?q?x=0ABcc=3A_e=40example.org?=", "=?utf-8?b?WAoKQmNjOiBlQGV4YW1wbGUub3Jn?=", "=?", "?=", "=?=?",
    "\r\nBcc: e@example.org", "\nBcc: e@example.org", "\rTo: e@example.org", "\u2028Bcc: e@example.org",
    "\u0085Bcc: e@example.org", "\x0bBcc: e@example.org", "\r\n\r\nbody", ".\r\n", "=\u200b?utf-8?q?x=0ABcc:e?=",
    "=?iso-2022-jp?b?GyRC?=", "=?utf-7?q?+AAo-Bcc:?=", "=?x?y?z?=", "=?us-ascii?q?=0D=0A?=", "Subject: x", "\x00",
)  # fmt: skip


def _characters(dice: random.Random) -> str:
    low, high = _BLOCKS[dice.choice([*_BLOCKS])]
    return "".join(chr(dice.randint(low, high)) for _ in range(dice.randint(1, 12)))


_PARTS: tuple[Callable[[random.Random], str], ...] = (
    _characters,
    lambda dice: dice.choice(_WORDS),
    lambda dice: dice.choice(_JOINED),
    lambda dice: dice.choice(_MARKUP),
    lambda dice: dice.choice(_MAIL),
    lambda dice: " " * dice.randint(1, 3),
)


def a_headline(dice: random.Random) -> str:
    """One to sixteen parts; now and then one that is far too long."""
    text = "".join(dice.choice(_PARTS)(dice) for _ in range(dice.randint(1, 16)))
    return text * dice.randint(5, 60) if dice.random() < 0.03 else text


def headlines(count: int, seed: int) -> Iterator[str]:
    """So many, the same for the same seed."""
    dice = random.Random(seed)
    return (a_headline(dice) for _ in range(count))
