"""Write the page on the pipeline that a person reads in five minutes, and its plots."""
# ruff: noqa: E501  # the page's own sentences

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.pipeline import plots

Figures = dict[str, Any]
GOAL_PER_S, GOAL_P99_S = 1000, 30


def write(figures: Figures, folder: Path) -> None:
    """``pipeline.md`` and its plots into ``folder``, of whatever figures there are."""
    text = "\n\n".join(_page(figures, folder))
    (folder / "pipeline.md").write_text(text + "\n", encoding="utf-8")


def _page(figures: Figures, folder: Path) -> Iterable[str]:
    made = figures["made"]
    yield "# What the pipeline carries"
    yield (
        f"Made by `python -m bench.pipeline` on {made['cores']} shared, noisy cores, Python {made['python']}, FastStream "
        f"{made['faststream']}, aiokafka {made['aiokafka']}, pydantic {made['pydantic']}, SQLAlchemy {made['sqlalchemy']}; one "
        "Apache Kafka node on the same cores, its log flushed at every record, stores on SQLite with `synchronous=FULL` "
        "unless said otherwise. Stories are made up: both languages, all lengths, 8 % of the field. "
        f"Load of the machine before each part: {_loads(figures)} on {made['cores']} cores. Trust ratios within one part first."
    )
    for name, part in (
        ("hop", _hop),
        ("stages", _stages),
        ("scaling", _scaling),
        ("backlog", _backlog),
        ("pace", _pace),
    ):
        if name in figures:
            yield from part(figures[name], folder)


def _loads(figures: Figures) -> str:
    return ", ".join(f"{name} {part['load_before']:g}" for name, part in figures.items() if "load_before" in part)


def _hop(hop: Figures, folder: Path) -> Iterable[str]:
    yield "## The tagger's hop, beside a loop by hand"
    yield (
        "From Kafka to Kafka: read a story, label it, join it, write it with its events in one transaction, publish the events. "
        "The loop by hand (`bench/pipeline/bare.py`) is aiokafka with the same rules, transaction and outbox, and nothing else: "
        f"no FastStream, no dead letters, no retries, no drain, no metrics, no health page. {hop['stories']:,} stories of "
        f"{hop['bytes']:,} bytes at once, in turn."
    )
    yield _table(
        ["", "stories a second", "CPU of the process, µs a story"],
        [
            [kind, _ends(hop[kind]["stories_per_s"]), _ends(hop[kind]["cpu_us_per_story"])]
            for kind in ("service", "by hand")
        ],
    )
    ratio = hop["cpu_ratio"]
    yield f"The service takes {_ends(ratio)} x the CPU of the loop by hand (median of {ratio['rounds']} pairs, lowest and highest in brackets)."


def _stages(stages: Figures, folder: Path) -> Iterable[str]:
    shares = {part: 100 * share for part, share in stages["share"].items()}
    _save(folder / "pipeline-stages.svg", plots.bars("Share of the tagger's time, per cent", shares))
    yield "## Where the tagger's time goes"
    yield "![stages](pipeline-stages.svg)"
    yield (
        f"{stages['samples']:,} stacks of the service under {stages['stories']:,} stories, counted for the innermost frame that names a part: "
        + ", ".join(f"{part} {share:.0f} %" for part, share in shares.items())
        + "."
    )


def _scaling(scaling: Figures, folder: Path) -> Iterable[str]:
    yield "## Partitions, batches, taggers"
    rows = [
        *([f"{count} partitions", "service, SQLite", *_one(run)] for count, run in scaling["partitions"].items()),
        *([f"at most {size} a batch", "by hand, SQLite", *_one(run)] for size, run in scaling["batches"].items()),
        *(
            [f"{count} tagger{'s' if str(count) != '1' else ''}", "service, PostgreSQL", *_one(run)]
            for count, run in scaling["taggers"].items()
        ),
    ]
    yield f"{scaling['stories']:,} stories, one run each."
    yield _table(["", "", "stories a second", "CPU, µs a story"], rows)
    one, two = (scaling["taggers"].get(key) or scaling["taggers"][int(key)] for key in ("1", "2"))
    yield (
        f"Two taggers carry {two['stories_per_s'] / one['stories_per_s']:.2f} x what one does here, where broker, PostgreSQL and both share "
        "two cores; labelling runs in both, the join is one transaction after the other by design."
    )


def _backlog(backlog: Figures, folder: Path) -> Iterable[str]:
    series = {
        name: [(at, sample[column]) for sample in backlog["samples"] for at in [sample[0]]]
        for column, name in ((1, "published by ingest"), (2, "tagged"), (3, "incidents in the ledger"))
    }
    _save(
        folder / "pipeline-backlog.svg",
        plots.steps("A backlog in ingest's outbox, worked off: records by second", series),
    )
    yield "## A backlog, worked off"
    yield "![backlog](pipeline-backlog.svg)"
    cpu = ", ".join(f"{name} {seconds:g} s" for name, seconds in backlog["cpu_s"].items())
    yield (
        f"{backlog['stories']:,} stories in ingest's outbox, as after an hour's outage of the broker at {backlog['stories'] / 3600:.3g} a second; ingest, one tagger and one notifier "
        f"on SQLite, ingest's start included: {backlog['seconds']:g} s until the last is labelled and the last incident is in the ledger, "
        f"{backlog['stories_per_s']:g} stories a second. Goal of {GOAL_PER_S:,} a second on one host: {_met(backlog['stories_per_s'] >= GOAL_PER_S)}. "
        f"An hour's outage at 50 stories a second (180,000) would take {backlog['an_hour_at_50_per_s_s'] / 60:.0f} minutes at this rate. "
        f"CPU meanwhile: {cpu}. {_limit(backlog)}"
    )
    if longer := backlog.get("longer"):
        yield (
            f"{longer['stories']:,} at once, while tests ran beside it: {longer['seconds']:g} s, {longer['stories_per_s']:g} a second. The made-up stories "
            "of one hour fall into few incidents, and one with hundreds of stories costs more each time it is told anew."
        )


def _limit(backlog: Figures) -> str:
    name, seconds = max(backlog["cpu_s"].items(), key=lambda item: item[1])
    return (
        f"The limit is the {name}: {seconds / backlog['seconds']:.2f} of a core all the time, {seconds / backlog['stories'] * 1e6:.0f} µs a story; "
        "it is one Python process, and the broker and the other two share the second core."
    )


def _pace(pace: Figures, folder: Path) -> Iterable[str]:
    yield f"## On its way at {pace['rate']:g} stories a second"
    yield _table(
        ["seconds", "p50", "p99", "longest"],
        [
            [way, f"{one['p50']:g}", f"{one['p99']:g}", f"{one['max']:g}"]
            for way, one in pace["seconds"].items()
            if one["p50"] is not None
        ],
    )
    whole = pace["seconds"]["fetch to receiver"]
    yield (
        f"Four feeds asked every second or two, {pace['stories']:,} stories, {pace['cards']} cards of incidents with one story at a Bot API that "
        f"takes everything, each chat at most one message a second. Goal of p99 at most {GOAL_P99_S} s from fetch to send: "
        f"{_met(whole['p99'] is not None and whole['p99'] <= GOAL_P99_S)}. All was tagged and sent {pace['caught_up_after_s']:g} s after the last story."
    )


def write_soak(kept: Figures, folder: Path) -> None:
    """``pipeline-soak.md`` and its plot into ``folder``, of the last run that went to its end."""
    whole = [run for run in kept["runs"] if "halves" in run]
    if not whole:
        return
    run = whole[-1]
    series = {name: [(one["at"], one["rss_mb"]) for one in samples] for name, samples in run["samples"].items()}
    _save(folder / "pipeline-soak.svg", plots.steps("Memory of each service, MB by second", series))
    text = [*_soak(run), *(_heap(kept["heap"]) if "heap" in kept else ())]
    (folder / "pipeline-soak.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


def _soak(run: Figures) -> Iterable[str]:
    end = max(one["at"] for samples in run["samples"].values() for one in samples)
    full, members = run.get("full_at", 0.0), run["members"]
    yield "# An hour under feeds that never end"
    yield (
        f"Made by `python -m bench.pipeline.soak --rate {run['rate']:g}`: {end / 60:.0f} minutes from {run['began']}, {run['rate']:g} stories "
        f"a second through a real Kafka, {run['stories']:,} published, {run['tagged']:,} labelled, {run['messages']:,} messages, "
        f"{len(members):,} incidents of {sum(members) / max(1, len(members)):.1f} stories, the largest of {max(members, default=0)}. Load of the machine "
        f"{run['load_before']:g} before and {run['load_after']:g} after, on two cores."
        + (f" **It ended early: {run['ended']}.**" if "ended" in run else "")
    )
    yield "![memory](pipeline-soak.svg)"
    yield (
        f"Measured are the {(end - full) / 60:.0f} minutes after a quarter of an hour has passed and all that is kept to be read again is full, as the services "
        f"show it in `siaga_held_bytes`: {_bounds(run)}. It was after {full / 60:.0f} minutes and {run.get('full_after', 0):,} stories."
    )
    yield (
        "Slope an hour by least squares with its 95 % interval, widened by the correlation of neighbours; whether it differs from nought, and "
        "the slope of each half, and whether the second still does. In MB; `uss_mb` is what the processes alone would give back, `rest_mb` that without the "
        "index of texts, `heap_mb` the C library's part of it; `cpu` in per cent of one core."
    )
    first, second = run["halves"]
    yield _table(
        ["service", "what", "mean", "slope", "", "first half", "second half", ""],
        [
            [
                name,
                sign,
                f"{one['mean']:g}",
                _slope(one),
                _verdict(one),
                _slope(first[name][sign]),
                _slope(second[name][sign]),
                _verdict(second[name][sign]),
            ]
            for name, slopes in run["slopes"].items()
            for sign, one in slopes.items()
            if one is not None
        ],
    )
    yield _index(run, full)
    if pages := _pages(run):
        yield pages


def _heap(looks: Sequence[dict[str, float]]) -> Iterable[str]:
    yield "## Which part of the tagger's memory it is"
    yield (
        "`python -m bench.pipeline.heap`: the same stories through rules, join and store in one process at full speed, without broker and relay. "
        "Blocks are Python's objects; `heap` is the C library's, in use and free between what is in use; MB."
    )
    yield _table(
        ["stories", "memory", "index", "blocks", "heap in use", "heap free"],
        [
            [
                f"{one['stories']:,.0f}",
                f"{one['rss_mb']:.2f}",
                f"{one['index_mb']:.2f}",
                f"{one['blocks']:,.0f}",
                f"{one['used_mb']:.2f}",
                f"{one['free_mb']:.2f}",
            ]
            for one in looks
        ],
    )
    full, last = looks[2], looks[-1]
    grown = {sign: last[sign] - full[sign] for sign in last}
    yield (
        f"From {full['stories']:,.0f} stories on memory grew by {grown['rss_mb']:.2f} MB: the index by {grown['index_mb']:.2f}, the heap in use by "
        f"{grown['used_mb']:+.2f} and what lies free in it by {grown['free_mb']:+.2f}; blocks by {grown['blocks']:,.0f}, with {grown['texts']:,.0f} texts more in the index."
    )


def _bounds(run: Figures) -> str:
    return ", ".join(
        f"{name}'s {what} {most / 1024:.0f} KB as stored"
        for name, kept in run["bounds"].items()
        for what, most in kept.items()
    )


def _index(run: Figures, full: float) -> str:
    """What is left to grow, by design."""
    held = [(one["at"], one["texts"]) for one in run["samples"]["tagger"] if one["at"] >= full and "texts" in one]
    (began, least), (ended, most) = held[0], held[-1]
    return (
        f"The index of texts is how the tagger knows copies: the pieces of each story of the field, kept for 30 days; it ends there. Here it went from "
        f"{least / 1e6:.2f} to {most / 1e6:.2f} MB, {(most - least) / 1e6 / (ended - began) * 3600:+.2f} MB an hour at this pace, with {sum(run['members']):,} stories of the field in all."
    )


def _pages(run: Figures) -> str:
    """The other part that has an end; of a run in which it was noted."""
    most = {
        name: samples[-1]["pages_most_mb"]
        for name, samples in run["samples"].items()
        if "pages_most_mb" in samples[-1]
    }
    if not most:
        return ""
    told = ", ".join(f"{name}'s {held:.1f} MB" for name, held in most.items())
    return (
        f"What SQLite keeps of the pages it read is in `heap_mb` and has an end too, by the connections open at the last look: {told}. The index and these "
        "are all that may grow; what grows beyond them is a leak, or gaps in the heap."
    )


def _verdict(one: dict[str, float] | None) -> str:
    if one is None:
        return ""
    if one["low"] <= 0 <= one["high"]:
        return "flat"
    return "grows" if one["low"] > 0 else "falls"


def _slope(one: dict[str, float] | None) -> str:
    return f"{one['per_hour']:+g} ({one['low']:+g} to {one['high']:+g})" if one else ""


def _met(met: bool) -> str:
    return "met" if met else "missed"


def _one(run: Figures) -> list[str]:
    return [f"{run['stories_per_s']:,.0f}", f"{run['cpu_us_per_story']:,.0f}"]


def _ends(one: dict[str, float]) -> str:
    return f"{one['median']:,g} ({one['min']:,g}-{one['max']:,g})"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def _save(path: Path, drawn: str) -> None:
    path.write_text(drawn, encoding="utf-8")
