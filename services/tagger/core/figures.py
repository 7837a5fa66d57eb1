"""Compare labels with a labelled set: shares with 95 % Wilson intervals, and the errors behind them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_Z = 1.96


@dataclass(frozen=True)
class Gold:
    """What a person said of a story."""

    story_id: str
    title: str
    language: str
    relevant: bool
    topics: tuple[str, ...] = ()
    kind: str | None = None
    severity: int | None = None
    regions: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    sure: bool = True


@dataclass(frozen=True)
class Answer:
    """What the tagger said of it; ``regions`` are those of events and venues."""

    relevant: bool
    topics: tuple[str, ...] = ()
    kind: str | None = None
    severity: int = 0
    regions: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True)
class Share:
    """``hits`` of ``of``, with the interval the true share lies in."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson, E. B. (1927); unlike the normal one it holds for few and for extreme shares."""
        if not self.of:
            return 0.0, 1.0
        share, n = self.value, self.of
        middle = (share + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
        half = _Z * math.sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
        return max(0.0, middle - half), min(1.0, middle + half)


#: Fewer rows of a topic than this say nothing about it.
MIN_ROWS = 3


@dataclass(frozen=True)
class TopicFigures:
    """How well one topic is found."""

    right: int
    wrong: int
    missed: int

    @property
    def rows(self) -> int:
        """How many stories carry the topic."""
        return self.right + self.missed

    @property
    def f1(self) -> float:
        return 2 * self.right / (2 * self.right + self.wrong + self.missed) if self.right else 0.0


@dataclass
class Figures:
    """All shares of one set, in the order they are printed."""

    stories: int = 0
    shares: dict[str, Share] = field(default_factory=dict)
    topics: dict[str, TopicFigures] = field(default_factory=dict)
    errors: list[tuple[int, str]] = field(default_factory=list)

    @property
    def macro_f1(self) -> float:
        """Over every topic that was said or meant."""
        return _mean([t.f1 for t in self.topics.values()])

    @property
    def macro_f1_of_many(self) -> float:
        """Over the topics with at least ``MIN_ROWS`` rows."""
        return _mean([t.f1 for t in self.topics.values() if t.rows >= MIN_ROWS])

    @property
    def micro_f1(self) -> float:
        """Over all labels at once."""
        right, wrong, missed = (sum(getattr(t, part) for t in self.topics.values()) for part in _CELL)
        return TopicFigures(right, wrong, missed).f1


_CELL = ("right", "wrong", "missed")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def compare(pairs: Iterable[tuple[Gold, Answer]]) -> Figures:
    """Figures over the stories whose label is sure."""
    sure = [(gold, answer) for gold, answer in pairs if gold.sure]
    both = [(g, a) for g, a in sure if g.relevant and a.relevant]
    said = [(g, a) for g, a in sure if a.relevant]
    wanted = [(g, a) for g, a in sure if g.relevant]
    negatives = [(g, a) for g, a in sure if not g.relevant]
    placed = [(g, a) for g, a in both if g.regions]
    near = sum(abs(a.severity - (g.severity or 0)) <= 1 for g, a in both)
    shares = {
        "precision": Share(len(both), len(said)),
        "recall": Share(len(both), len(wanted)),
        "negatives relevant": Share(sum(a.relevant for _, a in negatives), len(negatives)),
        "negatives pushed": Share(sum(a.relevant and a.severity >= 3 for _, a in negatives), len(negatives)),
        "primary topic": Share(sum(a.topics[:1] == g.topics[:1] for g, a in both), len(both)),
        "kind": Share(sum(a.kind == g.kind for g, a in both), len(both)),
        "severity exact": Share(sum(a.severity == g.severity for g, a in both), len(both)),
        "severity within one": Share(near, len(both)),
        "regions found": Share(sum(g.regions <= a.regions for g, a in placed), len(placed)),
        "no foreign country": Share(sum(_at_home(g, a) for g, a in both), len(both)),
    }
    return Figures(len(sure), shares, _topics(wanted), _errors(sure))


def _at_home(gold: Gold, answer: Answer) -> bool:
    """Whether no event is placed in a country that the label does not name."""
    allowed = gold.countries | {region.partition("-")[0] for region in gold.regions}
    return {*answer.countries, *(region.partition("-")[0] for region in answer.regions)} <= allowed


def topics_only(pairs: Iterable[tuple[Gold, Answer]]) -> Figures:
    """Only the topics of ``compare``: what is drawn again hundreds of times has to be cheap."""
    return Figures(topics=_topics([(g, a) for g, a in pairs if g.sure and g.relevant]))


def by_language(pairs: Sequence[tuple[Gold, Answer]]) -> dict[str, Figures]:
    """The same figures for each language."""
    grouped: dict[str, list[tuple[Gold, Answer]]] = defaultdict(list)
    for gold, answer in pairs:
        grouped[gold.language].append((gold, answer))
    return {language: compare(group) for language, group in sorted(grouped.items())}


def _topics(wanted: Sequence[tuple[Gold, Answer]]) -> dict[str, TopicFigures]:
    cells: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for gold, answer in wanted:
        for code in {*gold.topics, *answer.topics}:
            found, true = code in answer.topics, code in gold.topics
            cells[code][0 if found and true else 1 if found else 2] += 1
    return {code: TopicFigures(*cell) for code, cell in sorted(cells.items())}


def _errors(sure: Sequence[tuple[Gold, Answer]]) -> list[tuple[int, str]]:
    """The worst first: what would have been pushed wrongly, what was missed, then the small ones."""
    errors = []
    for gold, answer in sure:
        if not gold.relevant and answer.relevant:
            errors.append((10 + answer.severity, f"wrongly relevant ({answer.reason}): {gold.title}"))
        elif gold.relevant and not answer.relevant:
            errors.append((9 + (gold.severity or 0), f"missed ({answer.reason}): {gold.title}"))
        elif gold.relevant:
            errors += _small_errors(gold, answer)
    return sorted(errors, key=lambda one: -one[0])


def _small_errors(gold: Gold, answer: Answer) -> list[tuple[int, str]]:
    found = []
    if gold.topics[:1] != answer.topics[:1]:
        found.append((4, f"topic {answer.topics[:1]} for {gold.topics[:1]}: {gold.title}"))
    if gold.kind != answer.kind:
        found.append((3, f"kind {answer.kind} for {gold.kind}: {gold.title}"))
    distance = abs(answer.severity - (gold.severity or 0))
    if distance > 1:
        found.append((5, f"severity {answer.severity} for {gold.severity}: {gold.title}"))
    if not gold.regions <= answer.regions:
        found.append((2, f"regions {sorted(answer.regions)} for {sorted(gold.regions)}: {gold.title}"))
    elif not _at_home(gold, answer):
        found.append((1, f"countries {sorted(answer.countries)} for {sorted(gold.countries)}: {gold.title}"))
    return found
