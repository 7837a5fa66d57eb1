"""Write bench/report/ingest.md and its plot from the figures in bench/report/data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "report"
DATA = FOLDER / "data"
PAGE = FOLDER / "ingest.md"
PLOT = FOLDER / "ingest-week.svg"
Rows = list[dict[str, Any]]


def read_json(path: Path) -> Rows:
    """Figures written before; none where there is no file."""
    rows: Rows = json.loads(path.read_text()) if path.exists() else []
    return rows


def write_json(path: Path, rows: Rows) -> None:
    """Write figures so that a diff shows what changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n")


def write_report() -> None:
    """Page and plot from what there is."""
    weeks, costs = read_json(DATA / "ingest-week.json"), read_json(DATA / "ingest-cost.json")
    if weeks:
        plot(weeks)
    PAGE.write_text("\n".join([*_head(), *_week(weeks), *_cost(costs)]) + "\n")


def plot(weeks: Rows) -> None:
    """Lost stories by cause, one bar a run; the same bytes for the same figures."""
    # Only where it is drawn: it weighs 40 MB, and the cost of polling is measured in this process.
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcParams.update({"svg.hashsalt": "siaga", "font.size": 9})
    causes = sorted({_plain(why) for week in weeks for why in week["lost_why"]})
    figure = Figure(figsize=(9, 0.6 * len(weeks) + 2.0), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.add_subplot()
    names = [_name(week) for week in weeks]
    left = [0.0] * len(weeks)
    for cause in causes:
        lost = [sum(n for why, n in week["lost_why"].items() if _plain(why) == cause) for week in weeks]
        shares = [1000 * n / week["stories_visible"] for n, week in zip(lost, weeks, strict=True)]
        axes.barh(names, shares, left=left, label=cause, height=0.6)
        left = [a + b for a, b in zip(left, shares, strict=True)]
    for place, (week, end) in enumerate(zip(weeks, left, strict=True)):
        label = f" {week['stories_lost']} of {week['stories_visible']:,}, {week['requests_an_hour']:.0f} polls/h"
        axes.text(end, place, label, va="center")
    axes.set_xlim(0, max([*left, 0.5]) * 1.5)
    axes.invert_yaxis()
    axes.set_xlabel("lost of 1,000 stories that could politely be seen")
    if causes:
        figure.legend(loc="outside lower center", ncols=1, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLOT, metadata={"Date": None})


def _plain(why: str) -> str:
    """Causes without the detail that tells one server from another."""
    if why.startswith("all "):
        return "every poll of its time fell into an outage"
    return why.partition(" (")[0]


def _name(week: dict[str, Any]) -> str:
    return f"{week.get('schedule', 'now')}\n{week['days']:g} days, seed {week['seed']}"


_HEAD = """# Ingest: what a week loses, and what a poll costs

Made by `python -m bench.ingest.week` and `python -m bench.ingest.cost`; figures in `data/ingest-*.json`.
Machine: two cores shared with other work; CPU figures are medians, ratios mean more than absolute numbers.
"""
_WEEK = """## Simulated weeks

The 23 enabled sources on a simulated clock. Real: poller, schedule, pacing, conditional requests, readers,
tables and transactions. Simulated: newsrooms, servers, lines, time. In each run every domain is down for an
hour and every feed for two, each with 503, 500, resets, timeouts or a challenge page; each feed answers 429
with Retry-After (seconds or date) about twice a week; two answers in a hundred fail or are cut off; some
servers have no validators, some change them with every build, some hang and say 304 for hours. Stories are
edited, dated back, taken out and put back, imported by the dozen; feeds are shuffled; the process crashes
before or after a commit and is away for up to 15 minutes. A run of a day and a half has the same outages as a
week, so it is the harder one.

A story counts as **visible** when it stood in a feed for one unbroken stretch of 1.1 times the source's
minimum interval plus 90 s (the turn of the other feeds of its domain) in which it could politely be asked
for: outside outages, outside the pauses that good manners ask of us (Retry-After, for the whole domain where
two of its feeds ask; 2^n intervals after the n-th failure in a row; an hour, doubling, after a refusal), and
while our process ran. Nobody who keeps to these can be sure to see less. A hanging cache is no outage: asked
without validators it would have answered.

![Lost stories by cause](ingest-week.svg)
"""
_AFTER = """
"0.02 of the window, in trouble 0.2" (in use now) reads: a feed is left alone for a fiftieth of the time its
entries span, so that all but the slowest feeds are asked at their minimum interval of five or ten minutes,
and for a fifth at most after failures or where the server has no validators; what a server asks for
(Retry-After, 429) goes first. With larger shares stories are lost where a server goes down for longer than
the feed's window in the minutes between a story's coming and our next poll.

A poll that finds news cannot be answered 304: of all polls of servers that can, 41 to 44 % were, since the
feeds of a newsroom have news in most ten minutes of a day. Of the polls that found nothing new it was 93 %.
Below 100 % it is our doubt: a server that says 304 for longer than its feed is ever silent is asked once for
everything.
"""


def _head() -> list[str]:
    return [_HEAD]


def _week(weeks: Rows) -> list[str]:
    if not weeks:
        return []
    names = [_name(week).replace("\n", ", ") for week in weeks]
    return [
        _WEEK,
        *_table(("", *names), [(label, *(_cell(week, key) for week in weeks)) for label, key in _ROWS]),
        "",
        "Causes, of the stories lost:",
        "",
        *(f"- {name}: {_causes(week)}" for name, week in zip(names, weeks, strict=True)),
        _AFTER,
    ]


_ROWS = (
    ("stories visible", "stories_visible"),
    ("lost", "stories_lost"),
    ("lost, per thousand", "per_thousand"),
    ("too brief to be seen politely", "stories_too_brief_to_be_seen_politely"),
    ("of those, seen all the same", "of_those_seen_all_the_same"),
    ("published twice", "published_twice"),
    ("minutes to be seen, median", "seen_after_min_median"),
    ("minutes to be seen, 95 %", "seen_after_min_p95"),
    ("polls an hour", "requests_an_hour"),
    ("304, of polls that found nothing new", "share_304_where_nothing_was_new"),
    ("304, of all polls of servers that can", "share_304_of_able_servers"),
    ("Retry-After asked", "retry_after_asked"),
    ("Retry-After violated", "retry_after_violated"),
    ("most requests at once on a domain", "most_requests_at_once_on_a_domain"),
    ("shortest gap on a domain, s", "shortest_gap_on_a_domain_s"),
    ("crashes", "crashes"),
)


def _cell(week: dict[str, Any], key: str) -> str:
    if key == "per_thousand":
        return f"{1000 * week['stories_lost'] / week['stories_visible']:.2f}"
    value = week.get(key, "")
    if key.startswith("share_") and value != "":
        return f"{100 * value:.0f} %"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _causes(week: dict[str, Any]) -> str:
    merged: dict[str, int] = {}
    for why, count in week["lost_why"].items():
        merged[_plain(why)] = merged.get(_plain(why), 0) + count
    return "; ".join(f"{count} {why}" for why, count in sorted(merged.items(), key=lambda one: -one[1])) or "none"


def _cost(costs: Rows) -> list[str]:
    if not costs:
        return []
    kinds = (
        ("answered 304", "poll_304"),
        ("200, the same bytes", "poll_200_same_bytes"),
        ("200, 50 KB, one story more", "poll_200_one_story_more"),
    )
    rows = [
        (f"CPU a poll, ms: {label}", *(f"{one[key]['process_ms']:g} + {one[key]['worker_ms']:g}" for one in costs))
        for label, key in kinds
    ]
    for part in ("process", "parse worker"):
        rows.append(
            (
                f"{part}, MB PSS (RSS)",
                *(f"{one['memory_mb'][part]['pss']:g} ({one['memory_mb'][part]['rss']:g})" for one in costs),
            )
        )
    rows.append(("idle, share of a core", *(f"{100 * one['idle']['core_share']:.1f} %" for one in costs)))
    return [
        "## Cost of polling",
        "",
        "Everything real but the outlets, which are a server on the same machine; polling process + parse worker.",
        "",
        *_table(("sources", *(f"{one['sources']:,}" for one in costs)), rows),
        "",
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
