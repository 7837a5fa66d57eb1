"""Compare two sets of rules story by story: what the change gained and what it lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.tagger.core.figures import Answer, Figures, Gold, compare

Pairs = Sequence[tuple[Gold, Answer]]


class Effect(StrEnum):
    """What a change of rules did to one answer, held against the label."""

    GAINED = "gained"
    LOST = "lost"
    CHANGED = "changed"  # neither answer is the label's, or the label is not sure


@dataclass(frozen=True)
class Change:
    """One field of one story that two rule sets answer differently."""

    story_id: str
    title: str
    part: str
    before: str
    after: str
    effect: Effect


def changes(before: Pairs, after: Pairs) -> list[Change]:
    """Every difference, losses first."""
    found = [
        change
        for (gold, old), (_, new) in zip(before, after, strict=True)
        for change in _differences(gold, old, new)
    ]
    order = (Effect.LOST, Effect.GAINED, Effect.CHANGED)
    return sorted(found, key=lambda change: (order.index(change.effect), change.part, change.title))


def _differences(gold: Gold, old: Answer, new: Answer) -> Iterator[Change]:
    for part, meant in _PARTS.items():
        wanted, was, now = meant(gold), meant(old), meant(new)
        if was == now or (part != "relevant" and not (old.relevant and new.relevant)):
            continue
        yield Change(gold.story_id, gold.title, part, was, now, _effect(gold, wanted, was, now))


def _effect(gold: Gold, wanted: str, was: str, now: str) -> Effect:
    if gold.sure and wanted in {was, now}:
        return Effect.GAINED if now == wanted else Effect.LOST
    return Effect.CHANGED


def _relevant(said: Gold | Answer) -> str:
    return "relevant" if said.relevant else "not relevant"


def _topics(said: Gold | Answer) -> str:
    return ", ".join(said.topics) or "none"


def _kind(said: Gold | Answer) -> str:
    return said.kind or "none"


def _severity(said: Gold | Answer) -> str:
    return str(said.severity or 0)


def _regions(said: Gold | Answer) -> str:
    return ", ".join(sorted(said.regions)) or "none"


_PARTS = {
    "relevant": _relevant,
    "topics": _topics,
    "kind": _kind,
    "severity": _severity,
    "regions": _regions,
}


def lines_of(before: Pairs, after: Pairs, names: tuple[str, str], limit: int) -> Iterator[str]:
    """The comparison as it is printed."""
    old, new = compare(before), compare(after)
    yield f"{'':22} {'before':>14}  {'after':>14}"
    for name in old.shares:
        yield f"{name:22} {_share(old, name):>14}  {_share(new, name):>14}{_arrow(old, new, name)}"
    yield f"{'topic macro F1':22} {old.macro_f1_of_many:14.3f}  {new.macro_f1_of_many:14.3f}"
    found = changes(before, after)
    count = {effect: sum(change.effect is effect for change in found) for effect in Effect}
    stories = len({change.story_id for change in found})
    yield ""
    yield f"before: {names[0]}    after: {names[1]}"
    yield (
        f"{stories} of {len(after)} stories answered otherwise: {count[Effect.GAINED]} answers gained, "
        f"{count[Effect.LOST]} lost, {count[Effect.CHANGED]} neither"
    )
    for change in found[:limit]:
        yield (
            f"  {_SIGN[change.effect]} {change.part:9} {change.before} -> {change.after} | "
            f"{change.story_id} {change.title[:70]}"
        )
    if len(found) > limit:
        yield f"  and {len(found) - limit} more (--errors {len(found)} shows all)"


_SIGN = {Effect.GAINED: "+", Effect.LOST: "-", Effect.CHANGED: "~"}


def _share(figures: Figures, name: str) -> str:
    share = figures.shares[name]
    return f"{share.value:.3f} {share.hits}/{share.of}"


def _arrow(old: Figures, new: Figures, name: str) -> str:
    gain = new.shares[name].value - old.shares[name].value
    return f"  {gain:+.3f}" if abs(gain) >= 0.0005 else ""
