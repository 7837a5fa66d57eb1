"""Write the page on incidents and duplicates from the kept figures."""

# ruff: noqa: E501 - prose

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


def write_page(data: Path, page: Path) -> None:
    """Every section whose figures are there."""
    lines = ["# Incidents and duplicates", "", "`python -m bench.incidents` measures all of it again.", ""]
    for name, section in SECTIONS.items():
        path = data / f"incidents-{name}.json"
        if path.exists():
            lines += section(json.loads(path.read_text(encoding="utf-8")))
    page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _quality(found: Figures) -> Iterator[str]:
    stories = found["bcubed"]["all"]["stories"]
    yield "## One event, one incident"
    yield ""
    yield (
        f"{stories} stories written for this project tell of {found['incidents']} events"
        f" ({found['with_2_to_6_stories']} of them in two to six stories): other words, other order, follow-ups with"
        " changed counts, titles alone, Indonesian beside English; among them look-alikes of the same day in the next"
        " district, the same raid a week later, and round-ups of several events.  Every story goes through the real"
        " tagger and the real join in the order of publication."
    )
    yield ""
    yield (
        "The set has three parts.  The weights were fitted on the first.  The second was held back until the join had"
        f" reached F1 {found['first']['looked at since']['f1']:.3f} on it; since then its errors have been looked at and"
        f" mended, so its figure is no longer a held-back one.  The third, {found['bcubed']['fresh']['stories']} stories"
        f" of {found['fresh_incidents']} events, was written later without a look at the join or at its errors, and was"
        f" first measured with the rules {found['first']['fresh']['rules']}; its errors were not read and nothing was changed"
        " for it since."
    )
    yield ""
    yield "| stories | count | BCubed precision | recall | F1 (goal 0.90) | F1 when first measured |"
    yield "|---|---|---|---|---|---|"
    names = {
        "id": "in Indonesian",
        "en": "in English",
        "tuned": "the part tuned on",
        "looked at since": "the part once held back, looked at since",
        "fresh": "the fresh part, never looked at",
    }
    for part in ("all", "tuned", "looked at since", "fresh", "id", "en"):
        one = found["bcubed"][part]
        figures = f"{one['precision']:.3f} | {one['recall']:.3f} | **{one['f1']:.3f}**"
        first = f"{found['first'][part]['f1']:.3f}" if part in found["first"] else ""
        yield f"| {names.get(part, part)} | {one['stories']} | {figures} | {first} |"
    yield ""
    yield (
        f"{found['not_relevant']} stories were not recognised as relevant and stand alone, which costs recall."
        " The first join, by labelled places and counts alone, had F1 0.81 on the part tuned on and 0.88 on the part"
        " then held back."
    )
    yield ""
    yield "What goes wrong on the fresh part, counted and not read:"
    yield ""
    yield "| mistake | stories when first measured | now |"
    yield "|---|---|---|"
    first_errors, errors = found["first"]["fresh"]["errors"], found["fresh_errors"]
    for mistake in sorted({*first_errors, *errors}, key=lambda one: (-first_errors.get(one, 0), one)):
        yield f"| {mistake} | {first_errors.get(mistake, 0)} | {errors.get(mistake, 0)} |"
    yield ""


def _copies(found: Figures) -> Iterator[str]:
    asked = found["rensa"]["asked"]
    yield "## Copies among look-alikes"
    yield ""
    yield (
        f"{asked} made stories of 120 to 900 words, seven copies of each, two look-alikes of each (its title over"
        " another text; one of its sentences quoted elsewhere) in the index and two more asked for; one sentence in"
        " twelve is a stock phrase of sixty.  Peers: MinHash of 128 permutations over five-word shingles, threshold 0.5."
    )
    yield ""
    yield "| copy | " + " | ".join(found_names(found)) + " |"
    yield "|---|" + "---|" * len(found_names(found))
    for sort in found["rensa"]["found"]:
        yield (
            f"| {sort} | "
            + " | ".join(f"{found[n]['found'][sort] / asked:.3f}" for n in found_names(found))
            + " |"
        )
    yield (
        "| **recall** (goal 0.99) | "
        + " | ".join(f"**{found[n]['recall']:.4f}**" for n in found_names(found))
        + " |"
    )
    yield (
        "| **precision** (goal 0.995) | "
        + " | ".join(f"**{found[n]['precision']:.4f}**" for n in found_names(found))
        + " |"
    )
    yield ""


def found_names(found: Figures) -> list[str]:
    """The finders, without what else the file says."""
    return [name for name, value in found.items() if isinstance(value, dict)]


def _cost(found: Figures) -> Iterator[str]:
    signing = found["signing_us"]
    least = signing["pieces of sentences"]
    yield "## What a story costs in the index"
    yield ""
    yield (
        "Processor time, medians of nine rounds of 200, on two noisy cores shared with other work: the ratios hold,"
        " the microseconds are an upper bound.  Ours is filled with random pieces (60 a story, one in twelve stock)."
        "  Goal: at most 100 us a story with 100,000 in the window."
    )
    yield ""
    yield "| index | stories in the window | ask, us | add, us | KB a story |"
    yield "|---|---|---|---|---|"
    for name in ("ours", "datasketch", "rensa"):
        for one in found[name]:
            memory = "" if one["kb_a_story"] is None else f"{one['kb_a_story']:.1f}"
            figures = f"{one['ask_us']:.0f} | {one['add_us']:.0f} | {memory}"
            yield f"| {name} | {one['stories']:,} | {figures} |"
    yield ""
    told = ", ".join(f"{name} {us:.0f} us ({us / least:.1f} x)" for name, us in signing.items())
    yield f"Reading a text of 330 words into its signature: {told}."
    yield ""
    yield (
        "In the service the index is a cache in memory of a table (one row a story); it is taken out of the"
        " collector's sight (`gc.freeze`) once it is loaded."
    )
    yield ""


def _join(found: Figures) -> Iterator[str]:
    yield "## The join alone"
    yield ""
    hours = 500_000 / found["per_s"] / 3600
    yield (
        f"{found['stories']:,} labelled stories, {found['relevant']:,} of them relevant, in batches of 500 through the"
        f" serial transaction on SQLite: **{found['per_s']:.0f} stories a second** of processor time"
        f" ({found['stories'] / found['wall_s']:.0f} by the clock of a busy machine), {found['incidents']:,} incidents,"
        f" {found['peak_mb']:.0f} MB at most.  500,000 stories are joined again in {60 * hours:.0f} minutes of one core,"
        " labelling apart."
    )
    yield ""


SECTIONS = {"quality": _quality, "copies": _copies, "cost": _cost, "join": _join}
