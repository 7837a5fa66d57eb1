"""Made stories, their syndicated copies and their look-alikes: seeded, no outlet's words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.tagger.core.incident_words import USUAL

#: Sentences that officials say every week and outlets print every week.
_STOCK_SENTENCES = 60
_SYLLABLES = [consonant + vowel for consonant in "bdgklmnprst" for vowel in "aeiou"]
_TITLES = (
    "Warga resah, aparat turun tangan",
    "What the police say now",
    "Begini kronologinya",
    "Five things known",
)
_LINKS = ("Baca juga: {}", "Read also: {}", "Simak juga: {}")
_FOOTERS = (
    "Artikel ini telah tayang di laman kami dengan judul yang sama",
    "Dapatkan pembaruan berita pilihan setiap hari di gawai Anda",
    "All rights reserved, republication needs permission",
)


@dataclass(frozen=True)
class Text:
    """One made story."""

    title: str
    body: str

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.body}"


class Writer:
    """Writes stories of 120 to 900 words; a third of the words are rare, some sentences are stock."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._common = sorted(word.decode() for word in USUAL)
        self.chance.shuffle(self._common)
        self._rare = ["".join(self.chance.choices(_SYLLABLES, k=3)) for _ in range(8000)]
        self._stock = [self.sentence() for _ in range(_STOCK_SENTENCES)]

    def word(self) -> str:
        """Common words by Zipf's law, rare ones alike."""
        if self.chance.random() < 0.33:
            return self.chance.choice(self._rare)
        rank = int(len(self._common) ** self.chance.random()) - 1
        return self._common[rank]

    def sentence(self) -> str:
        """Eight to 22 words, a comma in two of five."""
        words = [self.word() for _ in range(self.chance.randint(8, 22))]
        if self.chance.random() < 0.4:
            words[len(words) // 2] += ","
        return " ".join(words).capitalize() + "."

    def story(self, words: int | None = None) -> Text:
        """A story of its own; one sentence in twelve is stock."""
        wanted = words or min(900, max(120, int(self.chance.lognormvariate(5.6, 0.55))))
        sentences: list[str] = []
        while sum(map(len, sentences)) < wanted * 6.3:
            stock = self.chance.random() < 1 / 12
            sentences.append(self.chance.choice(self._stock) if stock else self.sentence())
        return Text(self.sentence()[:70], " ".join(sentences))


def dateline(text: Text, writer: Writer) -> Text:
    """Another outlet's dateline."""
    return Text(text.title, f"{writer.word().upper()}, {writer.word().title()}.com - {text.body}")


def boilerplate(text: Text, writer: Writer) -> Text:
    """Links between the paragraphs and a footer."""
    half = text.body.find(". ", len(text.body) // 2) + 1
    link = writer.chance.choice(_LINKS).format(writer.sentence())
    return Text(text.title, f"{text.body[:half]}\n{link}\n{text.body[half:]}\n{writer.chance.choice(_FOOTERS)}")


def truncated(text: Text, _writer: Writer) -> Text:
    """The first 30 % of the words."""
    words = text.body.split(" ")
    return Text(text.title, " ".join(words[: max(30, len(words) * 3 // 10)]))


def retitled(text: Text, writer: Writer) -> Text:
    """Another title."""
    return Text(writer.chance.choice(_TITLES), text.body)


def rewritten(text: Text, writer: Writer) -> Text:
    """15 % of the words changed: most replaced, some dropped, some added."""
    kept: list[str] = []
    for word in text.body.split(" "):
        if writer.chance.random() >= 0.15:
            kept.append(word)
        elif writer.chance.random() < 0.7:
            kept.append(writer.word() + (word[-1] if word[-1] in ".," else ""))
        elif writer.chance.random() < 0.5:
            kept += [writer.word(), word]
    return Text(text.title, " ".join(kept))


def embedded(text: Text, writer: Writer) -> Text:
    """The story is 40 % of a longer one."""
    around = writer.story(words=len(text.body.split()) * 3 // 2).body
    cut = around.find(". ", len(around) // 2) + 1
    return Text(writer.sentence()[:70], f"{around[:cut]} {text.body} {around[cut:]}")


def everything(text: Text, writer: Writer) -> Text:
    """Dateline, boilerplate, another title, and cut at 60 %."""
    words = text.body.split(" ")
    return retitled(
        boilerplate(dateline(Text("", " ".join(words[: len(words) * 6 // 10])), writer), writer), writer
    )


COPIES: dict[str, Callable[[Text, Writer], Text]] = {
    "dateline": dateline,
    "boilerplate": boilerplate,
    "cut to 30 %": truncated,
    "another title": retitled,
    "15 % of the words rewritten": rewritten,
    "40 % of a longer text": embedded,
    "dateline, links, title, cut to 60 %": everything,
}


def look_alikes(text: Text, writer: Writer) -> Iterator[Text]:
    """No copies: the same title over another text, and one of its sentences quoted in another story."""
    yield Text(text.title, writer.story().body)
    sentences = text.body.split(". ")
    other = writer.story()
    yield Text(other.title, f"{other.body} {writer.chance.choice(sentences)}.")
