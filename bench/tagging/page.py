"""Write the page a person reads in five minutes, and its plots."""
# ruff: noqa: E501  # the page's own sentences

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

_WIDTH, _LEFT, _ROW = 760, 270, 24
_INK, _OURS, _OTHER = "#222222", "#b5482a", "#5b7f95"
_ABOUT = frozenset({"load_average", "rules"})  # of the run itself
_RULER = 'spaCy EntityRuler, blank("id")'
TAGGER = "Siaga, the whole tagger"
MIXTURE, RAW = "a feed's mixture", "raw news"
PLAIN, PLAIN_FIELD = "a made story of the mixture", "a made story of the field"


def shipped(rows: Iterable[str]) -> int:
    """How many patterns there were when this part was measured, which need not be when the others were."""
    return sorted(int(name) for name in rows if name.isdigit())[-2]


def write(figures: dict[str, Any], folder: Path) -> None:
    """``tagging.md`` and its plots into ``folder``, of whatever figures there are."""
    if not {"speed", "stages", "peers", "patterns", "length", "hostile", "workers", "weight"} <= figures.keys():
        return
    engines = {name: one["us_per_story"]["median"] for name, one in figures["peers"]["engines"].items()}
    shares = {name: 100 * share for name, share in figures["stages"].items() if name not in _ABOUT}
    _save(folder / "tagging-engines.svg", bars("Microseconds a story of 3.8 KB (log scale)", engines, log=True))
    _save(folder / "tagging-stages.svg", bars("Share of the tagger's time, per cent", shares))
    counts = sorted(int(name) for name in figures["patterns"] if name.isdigit())
    scaled: dict[str, list[tuple[float, float]]] = {
        "the tagger": [(n, figures["patterns"][f"{n}"]["median"]) for n in counts],
        "bare scan": [(n, figures["patterns"][f"bare {n}"]["median"]) for n in counts],
    }
    _save(folder / "tagging-patterns.svg", lines("Microseconds a story, by the number of patterns", scaled))
    sizes = sorted(int(name) for name in figures["length"] if name.isdigit())
    by_size = {"the tagger": [(n / 1000, figures["length"][f"{n}"]["median"]) for n in sizes]}
    _save(folder / "tagging-length.svg", lines("Microseconds a KB, by the KB of a story", by_size))
    (folder / "tagging.md").write_text("\n\n".join(_page(figures)) + "\n", encoding="utf-8")


def _save(path: Path, drawn: str) -> None:
    path.write_text(drawn, encoding="utf-8")


def _page(figures: dict[str, Any]) -> Iterable[str]:
    speed, made, peers = figures["speed"], figures["made"], figures["peers"]
    engines, mixture, raw = peers["engines"], speed[MIXTURE], speed[RAW]
    ruler = engines[_RULER]["us_per_story"]["median"]
    bare = engines["bare Aho-Corasick, folding included"]["us_per_story"]["median"]
    yield "# How fast the tagger is"
    yield (
        f"Made by `python -m bench.tagging` on {made['cores']} shared, noisy cores, Python {made['python']}, "
        f"{made['patterns']:,} patterns of rules {made['rules']}, made-up stories ({made['corpus']}). CPU time of one "
        "process; medians of interleaved rounds with the quarters in brackets. Others used the machine meanwhile "
        f"(load {speed['load_average']} on {made['cores']} cores, which costs a process caches and turbo even in CPU "
        "time): trust ratios within one run first, and an absolute figure as what this machine gave then."
    )
    yield "## Stories a second on one core"
    yield _table(
        ["3.8 KB stories", "labels only", "JSON line in to line out", "µs a story", "bare scan, µs", "x bare"],
        [
            [
                f"{name} ({one['relevant']:.0%} relevant, {one['hits_per_kb']} hits a KB)",
                _quarters(one["stories_per_s"]),
                _quarters(one["lines_per_s"]),
                _quarters(one["us_per_story"]),
                _quarters(one["bare_us_per_story"]),
                _quarters(one["times_bare"]),
            ]
            for name, one in speed.items()
            if isinstance(one, dict)
        ],
    )
    yield (
        f"Goals: 1,500 a second at least ({_verdict(mixture['stories_per_s']['median'] >= 1500)}; best round "
        f"{mixture['stories_per_s']['max']:,.0f}, best quarter {mixture['stories_per_s']['q3']:,.0f}), "
        f"at most 5 x the bare scan ({_verdict(mixture['times_bare']['median'] <= 5)}). The mixture is richer than "
        "what outlets bring: of 44,474 stories of raw news 0.9 % were told. At that share ('raw news') both stand at "
        f"{raw['stories_per_s']['median']:,.0f} and {raw['times_bare']['median']:.2f}. "
        "The bare scan is folding and one pass of the automaton, alone in a hot loop. Beside it a story is masked, "
        "told its language and freed of boilerplate, and where any rule may fire it is cut and weighed by all of "
        "them; each of these is a pass of its own in Python."
    )
    if "interpreter" in figures:
        yield _interpreters(figures["interpreter"])
    yield "## Beside its peers"
    yield "![engines](tagging-engines.svg)"
    yield _table(
        ["engine, same patterns, same stories, same run", "µs a story", "x the tagger", "hits", "build, s"],
        [
            [
                name,
                _quarters(one["us_per_story"]),
                f"{one['times_the_tagger']:.2f}",
                "labels" if one["hits"] is None else f"{one['hits']:g}",
                "" if one["build_s"] is None else f"{one['build_s']:g}",
            ]
            for name, one in sorted(engines.items(), key=lambda item: -item[1]["us_per_story"]["median"])
        ],
    )
    yield (
        f'Goal: 50 x EntityRuler `blank("id")` ({_verdict(engines[_RULER]["times_the_tagger"] >= 50)}). Matching against matching it is {ruler / bare:.0f} x; the whole '
        f"tagger, which does far more than match, is {engines[_RULER]['times_the_tagger']:.1f} x. "
        "PhraseMatcher and EntityRuler compare words by their lower case; the tuned tokenizer knows no affix rules. "
        "FlashText and the alternation find no nested names. Versions: "
        + ", ".join(f"{name} {number}" for name, number in peers["versions"].items())
        + "."
    )
    yield "## Where the time goes"
    yield "![stages](tagging-stages.svg)"
    yield "## Patterns and length"
    own = shipped(figures["patterns"])
    yield "![patterns](tagging-patterns.svg)"
    yield "![length](tagging-length.svg)"
    yield (
        f"From the shipped {own:,} to 100,000 patterns a story costs "
        f"{_growth(figures['patterns'], str(own), '100000')} x; from 5,000 on "
        f"{_growth(figures['patterns'], '5000', '100000')} x, for with 5,000 the rules lack most of their words and label less. "
        "The bare scan from 5,000 to 100,000: "
        f"{_growth(figures['patterns'], 'bare 5000', 'bare 100000')} x; from 2 to 32 KB a KB costs "
        f"{_growth(figures['length'], '2000', '32000')} x: what is done once a story, and the evidence of its first sentences, weigh less in a long one."
    )
    yield "## Crafted texts"
    yield from _crafted(figures["hostile"])
    yield "## Workers, memory, start"
    workers, weight = figures["workers"], figures["weight"]
    yield (
        f"`siaga tag --jsonl` over {workers['stories']:,} stories, start included: one process "
        f"{_quarters(workers['wall_s']['1'])} s of wall and {_quarters(workers['cpu_s']['1'])} s of CPU; two processes "
        f"{_quarters(workers['wall_s']['2'])} s and {_quarters(workers['cpu_s']['2'])} s; wall ratio "
        f"{_quarters(workers['wall_ratio_1_to_2'])} at a load of {workers['load_average']}. "
        f"Import {_quarters(weight['import_cpu_s'])} s of CPU, rules loaded in {_quarters(weight['load_cpu_s'])} s, "
        f"{weight['peak_mb']['median']:.0f} MB at the peak."
    )
    if "replay" in figures:
        yield "## Again, bit for bit"
        yield _replay(figures["replay"])


def _interpreters(found: dict[str, Any]) -> str:
    kinds = (("mixture", "the mixture"), ("plain", "stories not of the field"), ("field", "stories of the field"))
    told = ", ".join(f"{found[kind]['ratio']['median']:.2f} of the time for {name}" for kind, name in kinds)
    built = "with" if found["profiled"] else "without"
    return (
        f"The interpreter counts too. This page's is {found['this']}, built {built} profile-guided optimisation. "
        f"A distribution's build ({found['other']}) in turn with it, with the same packages, takes {told}: "
        f"{found['mixture']['stories_per_s']:,} stories a second of the mixture. The image runs a build of that sort."
    )


def _crafted(hostile: dict[str, float]) -> Iterable[str]:
    costs = {name: value for name, value in hostile.items() if name not in _ABOUT}
    mixture, field = costs.pop(PLAIN), costs.pop(PLAIN_FIELD)
    over = [name for name, value in costs.items() if value > 3 * field]
    yield (
        f"64 KB each. A made story costs {mixture:.0f} µs a KB in the mixture and {field:.0f} when it is of the field. "
        f"All {len(costs)} grow with their length, not with its square (a test holds that). "
        f"Above 3 x a story of the field: {', '.join(over) if over else 'none'}; above 3 x the mixture: "
        f"{sum(value > 3 * mixture for value in costs.values())} of {len(costs)}. The ten dearest:"
    )
    yield _table(
        ["text", "µs a KB", "x the mixture", "x a story of the field"],
        [
            [name, f"{value:.0f}", f"{value / mixture:.1f}", f"{value / field:.1f}"]
            for name, value in list(costs.items())[:10]
        ],
    )


def _replay(replay: dict[str, Any]) -> str:
    one, two = replay["passes"].values()
    same = "the same, bit for bit" if replay["bit_identical"] else "NOT the same"
    return (
        f"{one['stories']:,} made stories tagged by one process and again by two (`python -m bench.tagging.replay500k`, "
        f"rules {replay['rules']}, resumable): labels {same} (`{one['labels_sha256'][:16]}`, {one['relevant']:,} "
        f"relevant). {_quarters(one['stories_per_cpu_second'])} stories a CPU second by one, "
        f"{_quarters(two['stories_per_cpu_second'])} by two."
        + (
            ""
            if one["stories"] >= 500_000
            else " The goal is 500,000: not done; under the same rules the command goes on where it stopped."
        )
    )


def _growth(measured: dict[str, Any], small: str, large: str) -> str:
    return f"{measured[large]['median'] / measured[small]['median']:.2f}"


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


def _quarters(one: dict[str, float]) -> str:
    return f"{one['median']:,g} ({one['q1']:,g}-{one['q3']:,g})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def bars(title: str, values: dict[str, float], *, log: bool = False) -> str:
    """Horizontal bars, the greatest first; ours in another colour."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    span = _WIDTH - _LEFT - 90
    low = math.log10(min(values.values())) - 0.3 if log else 0.0
    high = math.log10(max(values.values())) if log else max(values.values())
    drawn = []
    for index, (name, value) in enumerate(ordered):
        y = 44 + index * _ROW
        long = max(1.0, span * ((math.log10(value) if log else value) - low) / (high - low))
        colour = _OURS if name == TAGGER else _OTHER
        drawn += [
            f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{long:.1f}" height="17" fill="{colour}"/>',
            f'<text x="{_LEFT + long + 6:.1f}" y="{y + 13}">{value:,.3g}</text>'
            if value < 1000
            else f'<text x="{_LEFT + long + 6:.1f}" y="{y + 13}">{value:,.0f}</text>',
        ]
    return _svg(title, drawn, 56 + len(ordered) * _ROW)


def lines(title: str, series: dict[str, list[tuple[float, float]]]) -> str:
    """Lines from zero upwards over a logarithmic x, each with its name at its end."""
    points = [point for line in series.values() for point in line]
    left, right, top, bottom = 60, _WIDTH - 130, 50, 290
    first, last = (math.log10(pick(x for x, _ in points)) for pick in (min, max))
    high = 1.1 * max(y for _, y in points)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * (math.log10(x) - first) / (last - first), bottom - (bottom - top) * y / high

    drawn = [f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="{_INK}"/>']
    for x in sorted({x for x, _ in points}):
        drawn.append(f'<text x="{at(x, 0)[0]:.1f}" y="{bottom + 18}" text-anchor="middle">{x:,g}</text>')
    for step in range(1, 5):
        y = high * step / 4.4
        drawn.append(
            f'<text x="{left - 6}" y="{at(points[0][0], y)[1] + 4:.1f}" text-anchor="end">{y:,.0f}</text>'
        )
    for (name, line), colour in zip(series.items(), (_OURS, _OTHER), strict=False):
        placed = [at(x, y) for x, y in line]
        path = "L".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        drawn.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in placed]
        x, y = placed[-1]
        drawn.append(f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return _svg(title, drawn, bottom + 34)


def _svg(title: str, drawn: Iterable[str], height: float) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="12" fill="{_INK}">'
    )
    title_line = f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', title_line, *drawn, "</svg>\n"])
