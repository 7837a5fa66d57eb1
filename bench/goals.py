"""Write the first page of the benches: every goal, what was measured, by how much it is met or missed.

    python -m bench.goals

Nothing is measured here: the figures are those that the benches left in ``bench/report``.  A figure that nobody has
made yet is named with the command that makes it.
"""
# ruff: noqa: E501  # a goal a line, and the page's own sentences

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from bench.tagging.page import shipped

REPORT = Path("bench/report")
_WIDTH, _LEFT, _ROW, _TOP = 860, 330, 22, 34
_MET, _MISSED, _INK, _RULE = "#3f7d54", "#b5482a", "#222222", "#999999"
#: Bars end here: a goal reached a hundred times over says no more than one reached ten times.
_MOST = 10.0

HEAD = """# What Siaga does, beside what it set out to do

Every goal that can be counted, what was measured, and the page with its peers, spread and conditions.  The machine is
two shared, noisy cores (Python 3.11): trust ratios first; an absolute figure is what this machine gave while it was
doing other things too.  `make bench` makes the figures again and `python -m bench.goals` this page.
"""


@dataclass(frozen=True)
class Goal:
    """One figure and its aim; ``more`` says whether more of it is better."""

    what: str
    aim: float
    unit: str
    file: str
    find: Callable[[Any], float]
    page: str
    command: str
    more: bool = True
    #: Where it is missed: what stands between us and it, as the profiles on its page show.
    left: str = ""

    def found(self, report: Path) -> float | None:
        """What was measured, ``None`` where nobody has yet."""
        path = report / self.file
        if not path.is_file():
            return None
        try:
            return float(self.find(json.loads(path.read_text(encoding="utf-8"))))
        except (KeyError, IndexError, StopIteration, TypeError):
            return None

    def met(self, value: float) -> bool:
        return value >= self.aim if self.more else value <= self.aim

    def times(self, value: float) -> float:
        """How often the goal is reached: 1.0 is the goal itself."""
        over, under = (value, self.aim) if self.more else (self.aim, value)
        return over / under if under else math.inf


def _mixture(figure: str) -> Callable[[Any], float]:
    return lambda data: float(data["speed"]["a feed's mixture"][figure]["median"])


def _ruler(data: Any) -> float:
    return float(data["peers"]["engines"]['spaCy EntityRuler, blank("id")']["times_the_tagger"])


def _window(data: Any) -> float:
    row = next(row for row in data["ours"] if row["stories"] == 100_000)
    return float(row["ask_us"] + row["add_us"])


def _crafted(data: Any) -> float:
    rows = data["hostile"]
    plain = rows["a made story of the mixture"]
    about = {"load_average", "rules", "a made story of the mixture", "a made story of the field"}
    return max(float(cost) for name, cost in rows.items() if name not in about) / float(plain)


def _flat(data: Any) -> float:
    rows = data["patterns"]
    return float(rows["100000"]["median"] / rows[str(shipped(rows))]["median"])


def _kills(store: str, figure: str) -> Callable[[Any], float]:
    return lambda data: sum(way[figure] for name, way in data.items() if name.startswith(store))


def _wrong(leg: Any) -> float:
    """What an upgrade may not do: the counts of its judge, and of stories without a label."""
    verdict = leg["verdict"]
    named = ("lost", "blind_repeats", "accepted_but_not_shown", "left_open")
    return float(sum(verdict[name] for name in named) + leg["untagged"] + leg["pushed_twice"])


def _lost_in_weeks(data: Any) -> float:
    """Of the weeks at the intervals we ship; one more week shows what a longer interval would lose."""
    least = min(week["window_share"] for week in data)
    return float(sum(week["stories_lost"] for week in data if week["window_share"] == least))


def _bad(data: Any) -> float:
    ways = [way for name, way in data.items() if name != "legs"]
    return float(sum(way["lost"] + way["blind_repeats"] for way in ways))


_TAG, _INC = "python -m bench.tagging", "python -m bench.incidents"
_CRASH = "python -m tests.notifier.proof_crash"
_DESK, _PIPE = "python -m bench.desk", "python -m bench.pipeline"

_LABELS = "The profile is flat: each story is masked, cut, told its language, freed of boilerplate and weighed by every rule, each a pass of its own in Python, and only what the cheaper passes leave open goes on to the next. The largest part by far is hiding people's names, which no story is spared. An interpreter built with profile-guided optimisation, as the image's is, takes 0.9 of the time. Compiling the core (mypyc) takes 0.80 to 0.88 of the time, at the price of code bent to it, and is left out; what is left is an extension in another language, which nobody on call could mend."
_PASSES = "The scan is one pass in a compiled automaton over a text in cache; we make some twenty passes, most of them by compiled patterns too."
_RULED = "Matching beside matching the goal is reached (the page's table of peers): what we add to it, labels with evidence, places with roles, facts, people hidden, is what the ruler does not do."
_WHOLE = "Two cores carry everything, broker and file system included: the goal leaves two milliseconds of processor a story. Labelling and joining take about one, its store and Kafka another, the notifier's two readers (who is told, and the desk) as much again. More taggers and notifiers on more cores carry more: labelling runs in all of them, the join is one transaction after the other by design."
_UNSEEN = "A set written without a look at the join, or at its errors. Hardly any two events are lumped together (precision 0.96); what is lost is one event told as two: other words for it on the same day, a title alone, a follow-up a day later, and stories that no rule recognised and that stand alone."

GOALS = (
    Goal("labelling, stories a second and core", 1500, "/s", "data/tagging.json", _mixture("stories_per_s"), "tagging.md", _TAG, left=_LABELS),
    Goal("the same, what we would like", 2000, "/s", "data/tagging.json", _mixture("stories_per_s"), "tagging.md", _TAG, left=_LABELS),
    Goal("labelling beside the bare scan", 5, "x", "data/tagging.json", _mixture("times_bare"), "tagging.md", _TAG, more=False, left=_PASSES),
    Goal("spaCy EntityRuler beside labelling", 50, "x", "data/tagging.json", _ruler, "tagging.md", _TAG, left=_RULED),
    Goal("100,000 patterns beside the shipped ones", 1.5, "x", "data/tagging.json", _flat, "tagging.md", _TAG, more=False),
    Goal("the dearest crafted text beside a plain one", 3, "x", "data/tagging.json", _crafted, "tagging.md", _TAG, more=False),
    Goal("stories labelled again, bit for bit", 500_000, "", "data/tagging-replay.json", lambda d: d["bit_identical"] * d["passes"]["one process"]["stories"], "tagging.md", "make proof-replay"),
    Goal("500,000 stories labelled, joined and matched again", 60, "min", "data/replay.json", lambda d: d["wall_minutes"] if d["bit_identical"] else math.inf, "replay.md", "python -m bench.replay", more=False),
    Goal("copies found (recall at precision 1.0)", 0.99, "", "data/incidents-copies.json", lambda d: d["pieces of sentences"]["recall"], "incidents.md", _INC),
    Goal("one event, one incident (BCubed F1, fresh set)", 0.90, "", "data/incidents-quality.json", lambda d: d["first"]["fresh"]["f1"], "incidents.md", _INC, left=_UNSEEN),
    Goal("duplicates, a story, 100,000 in the window", 100, "µs", "data/incidents-cost.json", _window, "incidents.md", _INC, more=False),
    Goal("visible stories lost in simulated weeks", 0, "", "data/ingest-week.json", _lost_in_weeks, "ingest.md", "make proof-week", more=False),
    Goal("deliveries under kill -9, SQLite", 10_000, "", "data/notifier-crash.json", _kills("sqlite", "deliveries"), "notifier.md", _CRASH),
    Goal("deliveries under kill -9, PostgreSQL", 10_000, "", "data/notifier-crash.json", _kills("postgresql", "deliveries"), "notifier.md", _CRASH),
    Goal("of these lost or repeated blindly", 0, "", "data/notifier-crash.json", _bad, "notifier.md", _CRASH, more=False),
    Goal("stories under faults of brokers and services", 10_000, "", "data/chaos.json", lambda d: d["summary"]["stories"], "chaos.md", "make proof-chaos"),
    Goal("kills and pauses meanwhile", 200, "", "data/chaos.json", lambda d: d["summary"]["kills_and_pauses"], "chaos.md", "make proof-chaos"),
    Goal("of these stories lost, or told twice blindly", 0, "", "data/chaos.json", lambda d: sum(d["summary"][name] for name in ("untagged", "lost", "blind_repeats", "left_open")), "chaos.md", "make proof-chaos", more=False),
    Goal("an upgrade under load: lost, told twice, or a record unlabelled", 0, "", "data/upgrade.json", lambda d: sum(_wrong(leg) for leg in d["legs"]), "upgrade.md", "make proof-deploy", more=False),
    Goal("hostile headlines through Telegram's parser", 20_000, "", "data/notifier-messages.json", lambda d: d["headlines"], "notifier.md", "python -m tests.notifier.proof_messages"),
    Goal("10,000 recipients at Telegram's pace", 420, "s", "data/notifier-pace.json", lambda d: d["seconds_for_all_recipients"], "notifier.md", "python -m bench.notifier.pace", more=False),
    Goal("40 urgent ones behind 300 messages to one chat", 2, "s", "data/notifier-pace.json", lambda d: max(d["urgent_behind_one_chat_s"]), "notifier.md", "python -m bench.notifier.pace", more=False),
    Goal("the desk's first page, 10,000 incidents, to interact", 1, "s", "data/desk.json", lambda d: d["first_page"][0]["first_visit"]["interactive_ms_median"] / 1000, "desk.md", _DESK, more=False),
    Goal("the same, over the wire", 150, "KB", "data/desk.json", lambda d: d["first_page"][0]["first_visit"]["bytes_median"] / 1000, "desk.md", _DESK, more=False),
    Goal("stories through the whole pipeline, sustained", 1000, "/s", "data/pipeline.json", lambda d: d["backlog"]["stories_per_s"], "pipeline.md", _PIPE, left=_WHOLE),
    Goal("fetch to send at 50 stories a second, p99", 30, "s", "data/pipeline.json", lambda d: d["pace"]["seconds"]["fetch to receiver"]["p99"], "pipeline.md", _PIPE, more=False),
    Goal("`siaga why` over a year, the slowest median", 2, "s", "why.json", lambda d: max(one["command_s"]["median"] for one in d["figures"].values()), "why.md", "python -m bench.why --write", more=False),
)  # fmt: skip


def page(goals: tuple[Goal, ...], report: Path) -> str:
    """The page as Markdown."""
    rows = [(goal, goal.found(report)) for goal in goals]
    met = sum(1 for goal, value in rows if value is not None and goal.met(value))
    open_ = sum(1 for _, value in rows if value is None)
    lines = [
        HEAD,
        f"**{met} of {len(rows)} goals are met**, {len(rows) - met - open_} missed, {open_} not measured.\n",
    ]
    lines.append("![goals](goals.svg)\n")
    lines.append("| what | goal | measured | | more |\n|---|---|---|---|---|")
    for goal, value in rows:
        sign = "at least" if goal.more else "at most"
        if value is None:
            lines.append(
                f"| {goal.what} | {sign} {_number(goal.aim, goal.unit)} | not yet: `{goal.command}` | | |"
            )
            continue
        verdict = "met" if goal.met(value) else "**missed**"
        lines.append(
            f"| {goal.what} | {sign} {_number(goal.aim, goal.unit)} | {_number(value, goal.unit)} | {verdict} "
            f"| [{goal.page}]({goal.page}) |"
        )
    left: dict[str, list[str]] = {}
    for goal, value in rows:
        if value is not None and not goal.met(value) and goal.left:
            left.setdefault(goal.left, []).append(goal.what)
    if left:
        lines.append("\n## Missed, and what is left between us and the goal\n")
        lines.extend(f"- **{', '.join(whats)}**: {why}" for why, whats in left.items())
    return "\n".join(lines) + "\n"


def plot(goals: tuple[Goal, ...], report: Path) -> str:
    """How often each goal is reached, as SVG on a logarithmic scale."""
    rows = [(goal, value) for goal in goals if (value := goal.found(report)) is not None and goal.aim]
    height = _TOP + _ROW * len(rows) + 12
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}"><rect width="100%" height="100%" fill="white"/>'
    ]
    for mark in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        at = _at(mark)
        width, colour = (2, _INK) if mark == 1 else (1, "#dddddd")
        out.append(f'<path d="M{at:.0f} {_TOP - 6}V{height - 8}" stroke="{colour}" stroke-width="{width}"/>')
        label = "the goal" if mark == 1 else f"{mark:g} x"
        out.append(f'<text x="{at:.0f}" y="{_TOP - 12}" text-anchor="middle">{label}</text>')
    out.extend(_bars(rows))
    return "".join(out) + "</svg>\n"


def _bars(rows: list[tuple[Goal, float]]) -> Iterator[str]:
    for number, (goal, value) in enumerate(rows):
        times = min(max(goal.times(value), 0.1), _MOST)
        low, high = sorted((_at(1), _at(times)))
        y = _TOP + _ROW * number
        colour = _MET if goal.met(value) else _MISSED
        yield f'<text x="{_LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(goal.what.replace("`", ""))}</text>'
        yield f'<rect x="{low:.0f}" y="{y + 4}" width="{max(high - low, 3):.0f}" height="{_ROW - 9}" fill="{colour}"/>'


def _at(times: float) -> float:
    share = (math.log10(times) + 1) / 2
    return _LEFT + share * (_WIDTH - _LEFT - 30)


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{shown} {unit}".replace(" /s", "/s").strip()


def main() -> int:
    """Write ``README.md`` and ``goals.svg`` into ``bench/report``."""
    (REPORT / "README.md").write_text(page(GOALS, REPORT), encoding="utf-8")
    (REPORT / "goals.svg").write_text(plot(GOALS, REPORT), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
