"""Write the page on chaos, and its plot."""
# the page's own sentences

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.pipeline import plots


def write(kept: dict[str, Any], folder: Path) -> None:
    """``chaos.md`` and ``chaos-recovery.svg`` into ``folder``."""
    (folder / "chaos.md").write_text("\n\n".join(_page(kept, folder)) + "\n", encoding="utf-8")


def _page(kept: dict[str, Any], folder: Path) -> Iterable[str]:
    whole, rounds = kept["summary"], kept["rounds"]
    yield "# What it survives"
    yield (
        "Made by `python -m tests.chaos.proof`, resumable. Three Apache Kafka nodes on loopback (broker and controller in one, 256 MB "
        "of heap, every topic on all three, two must have a record), our services as real processes behind a TCP proxy each: two "
        "taggers and two notifiers on PostgreSQL in one half of the rounds, one of each on SQLite in the other, where disks fill up and "
        "clocks jump as well. Outlets, a Bot API and a mail server on loopback, the last two failing by themselves now and then; their own "
        "books are the judge. The plan of each round is drawn from its seed."
    )
    yield _table(
        ["", ""],
        [
            ["rounds", f"{whole['rounds']}"],
            ["stories in the feeds", f"{whole['stories']:,}"],
            [
                "faults",
                f"{whole['faults']:,}: "
                + ", ".join(f"{count} {kind}" for kind, count in whole["by_kind"].items()),
            ],
            ["of these kills and pauses", f"{whole['kills_and_pauses']:,}"],
            ["**stories without a label**", f"**{whole['untagged']}**"],
            ["**dead letters**", f"**{whole['dead_letters']}**"],
            ["rows of the ledger, messages received", f"{whole['deliveries']:,}, {whole['messages']:,}"],
            [
                "accepted, refused, visible unknown",
                f"{whole['accepted']:,}, {whole['refused']:,}, {whole['unknown']:,}",
            ],
            ["marked as possibly a second copy", f"{whole['marked_second_copies']:,}"],
            ["**official and incident, neither told nor visible**", f"**{whole['lost']}**"],
            ["**repeats the ledger does not explain**", f"**{whole['blind_repeats']}**"],
            ["**accepted, but not at the receiver**", f"**{whole['accepted_but_not_shown']}**"],
            ["**left open**", f"**{whole['left_open']}**"],
            ["every promise", "holds" if whole["holds"] else "**BROKEN**"],
        ],
    )
    yield "## Recovery"
    recovery = {name: one for name, one in whole["recovery_s"].items() if isinstance(one, dict)}
    _save(
        folder / "chaos-recovery.svg",
        plots.bars(
            "Seconds until every stage moved again, median",
            {name: max(0.01, one["median"]) for name, one in recovery.items()},
        ),
    )
    yield "![recovery](chaos-recovery.svg)"
    loads = [one["load"] for one in rounds]
    yield (
        "From the end of a fault (of a kill: from the death, so the half second until it is noticed and the cold start are in it) until "
        "a further story was ingested, one tagged and one message received; faults overlap, and what another one delays counts here too. "
        f"Load of the machine, two cores, at the end of each round: {min(loads):g} to {max(loads):g}. "
        f"{whole['recovery_s']['not_measured']} faults ended when nothing was left to come."
    )
    yield _table(
        ["fault", "count", "median s", "p95 s", "longest s"],
        [
            [name, f"{one['faults']}", f"{one['median']:g}", f"{one['p95']:g}", f"{one['max']:g}"]
            for name, one in recovery.items()
        ],
    )
    yield from _rolling([one["rolling"] for one in rounds if one["rolling"]])


def _rolling(found: Sequence[dict[str, Any]]) -> Iterable[str]:
    if not found:
        return
    yield "## Rolling restart under load"
    yield _table(
        [
            "replicas",
            "exit statuses",
            "seconds in all",
            "longest s without a story ingested",
            "tagged",
            "without a message",
        ],
        [
            [
                f"{len(one['statuses'])}",
                ", ".join(sorted({str(status) for status in one["statuses"].values()})),
                f"{one['seconds']:g}",
                *(f"{one['longest_gap_s'][name]:g}" for name in ("ingested", "tagged", "received")),
            ]
            for one in found
        ],
    )
    yield (
        "SIGTERM to one replica after the other, each started anew and ready before the next goes, while stories keep coming; ingest "
        "is one process, so its own restart is the gap that is seen. What came meanwhile is in the counts above: nothing lost, nothing double."
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def _save(path: Path, drawn: str) -> None:
    path.write_text(drawn, encoding="utf-8")
