"""Write the page of the notifier's proofs and figures, with its plots, from what the measurements left.

python -m bench.notifier.page
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

DATA, PAGE = Path("bench/report/data"), Path("bench/report/notifier.md")
_MISSING = "Not measured yet: `{command}`.\n"
_NAMES = ("crash", "orderings", "pace", "messages", "schedules", "fanout", "ledger")
_INK, _BAD, _SEEN = "#35516b", "#b3412f", "#d9b25f"

HEAD = """# The notifier, proven and measured

Each incident once, to the right official, or visibly not. What is below is what the *servers* have (chats of a
Bot API double, mails on an aiosmtpd), not what the notifier thinks. Machine: two noisy cores shared with other
work, Python 3.11; read ratios, not absolutes. Every figure is made by the command under it.

In the crash matrix "broker none" means that the acknowledgement of `deliveries` is not real; ledger, dispatcher,
Bot API and SMTP clients are. "Broker apache" is one Apache Kafka node with real consumer groups: there a death may
also come between the decision and its commit. The pace is kept on the receiver's clock, and who takes over waits
until what was sent before is out of its window.

"""


def table(header: tuple[str, ...], lines: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    rows = [header, tuple("---" for _ in header), *lines]
    return "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows) + "\n"


def crash(found: Mapping[str, Any]) -> str:
    """Two workers, killed."""
    ways = {name: way for name, way in found.items() if name != "legs"}
    lines = [
        (
            name, f"{way['deliveries']:,}", way["kills"], f"**{way['lost']}**", f"**{way['blind_repeats']}**",
            way["left_open"], way["unknown"], way["unknown_but_shown"], way["marked_second_copies"],
        )
        for name, way in ways.items()
    ]  # fmt: skip
    boundaries = sorted({boundary for way in ways.values() for boundary in way["by_boundary"]})
    deaths = [(b, *(way["by_boundary"].get(b, 0) for way in ways.values())) for b in boundaries]
    return (
        table(
            ("store", "deliveries", "kill -9", "lost", "repeated blindly", "left open", "unknown, visible",
             "of these shown", "marked second copies"),
            lines,
        )
        + "\nWhere they died:\n\n" + table(("after", *ways), deaths)
        + "\nTwo workers on one store: one leads and sends, the other takes over. 7 % of the requests fail"
        " (429, 502, cut lines before and after delivery). An unknown is listed again in the official's digest, an"
        " urgent one goes out on the next channel, marked. At most 16 Telegram messages and 8 mails wait for an"
        " answer at once: that bounds what one crash can leave unknown.\n"
    )  # fmt: skip


def orderings(found: Mapping[str, Any]) -> str:
    """Beside the classic ones."""
    lines = [
        (name, one["deliveries"], one["kills"], one["lost"], one["blind_repeats"], one["unknown"])
        for name, one in found.items()
    ]
    header = ("ordering", "deliveries", "kill -9", "lost silently", "repeated blindly", "unknown, visible")
    note = (
        "\nThe classic ones run on our ledger, where a torn row is unknown and visible; on a ledger of their own"
        " those rows would be lost or repeated as well.\n"
    )
    return table(header, lines) + note + "\n![orderings](notifier-orderings.svg)\n"


def pace(found: Mapping[str, Any]) -> str:
    """Real time."""
    lines = [
        ("most in any second", found["most_in_a_second"], "25"),
        ("most in any second to one chat", found["most_in_a_second_to_one_chat"], "1"),
        ("most in any minute to one group", found["most_in_a_minute_to_one_group"], "20"),
        (f"{found['recipients']:,} recipients told within, s", found["seconds_for_all_recipients"], "420"),
        (
            f"{found['urgent']} urgent out behind 300 to one chat, within s (each run)",
            ", ".join(map(str, found["urgent_behind_one_chat_s"])),
            "2",
        ),
        ("the same with all the recipients waiting as well, s", found["seconds_from_urgent_alert_to_last"], ""),
    ]
    note = (
        f"\nReal time, at a load of {found['load']} on two cores. With the pace kept at our door, a run at a"
        " load of 20 took 421 s and saw 30 in one second. On a clock that jumps the same code meets both times"
        " (`tests/notifier/test_pacing_log.py`).\n"
    )
    return table(("sliding windows in the server's log", "seen", "goal"), lines) + note


def messages(found: Mapping[str, Any]) -> str:
    """Parsers."""
    return table(
        ("", "asked", "refused", "altered", "too long", "wrong headers", "parsers differ"),
        [
            ("Telegram messages, by TDLib", f"{found['telegram_messages']:,}", found["refused"], found["altered"],
             found["too_long"], "", ""),
            ("mails, by a Rust parser, two of Python and the bytes", f"{found['mails']:,}", "",
             found["subject_altered"], "", found["wrong_headers"], found["parsers_differ"]),
        ],
    ) + (
        f"\n{found['headlines']:,} hostile headlines: Latin, Khmer, Lao, Thai, Arabic, Hebrew, emoji sequences,"
        " combining marks, lone surrogates, controls, entities, markup, encoded words. Unescaped, TDLib refuses"
        f" {found['unescaped_refused']:,} of them.\n"
    )  # fmt: skip


def schedules(found: Mapping[str, Any]) -> str:
    """Quiet hours."""
    zones = ", ".join(f"{zone.split('/')[1]} {count:,}" for zone, count in found["by_zone"].items())
    return table(
        ("schedules", "dropped", "latest release after its window", "pushed through quiet hours (critical)",
         "held back by quiet hours", "within 2 min of midnight"),
        [(f"{found['schedules']:,}", found["dropped"], f"{found['longest_release_s']:.1f} s",
          f"{found['pushed_through_quiet_hours']:,}", f"{found['held_back_by_quiet_hours']:,}",
          f"{found['near_midnight']:,}")],
    ) + f"\nAgainst arithmetic that knows no time zones; {zones} (with its clock changes).\n"  # fmt: skip


def fanout(found: list[Mapping[str, Any]]) -> str:
    """The index."""
    lines = [
        (
            f"{one['subscriptions']:,}", one["build_s"], one["added_mib"], one["match_p50_ms"],
            one["match_p99_ms"], one["recipients_median"], one["scan_p50_ms"],
            f"{one['times_faster_than_scan']} x", "yes" if one["equal_to_scan"] else "**no**",
        )
        for one in found
    ]  # fmt: skip
    header = (
        "subscriptions", "build, s", "memory, MiB", "match p50, ms", "p99, ms", "recipients", "scan p50, ms",
        "index faster", "equal",
    )  # fmt: skip
    return table(header, lines)


def ledger(found: list[Mapping[str, Any]]) -> str:
    """Rows a second."""
    slowest = {one["store"]: one["rows_a_second"] for one in found if one["way"] == "row by row"}
    lines = [
        (
            one["store"], one["way"], one["rows_a_second"], f"{one['lowest']} - {one['highest']}",
            f"{one['rows_a_second'] / slowest[one['store']]:.1f} x", one["p50_ms"], one["p99_ms"],
        )
        for one in found
    ]  # fmt: skip
    header = ("store", "way", "rows/s", "spread", "beside row by row", "p50, ms", "p99, ms")
    note = (
        "\nA row is a delivery and its announcement, through SQLAlchemy and durable. Measured at a load of 35, the"
        " processes, PostgreSQL's included, ahead of the other work. Telegram takes 25 a second.\n"
    )
    return table(header, lines) + note + "\n![ledger](notifier-ledger.svg)\n"


def plot_orderings(found: Mapping[str, Any], path: Path) -> None:
    """Lost, repeated, visible, side by side."""
    figure, axes = plt.subplots(figsize=(7.5, 2.6))
    names = list(found)
    for offset, (key, label, colour) in enumerate((
        ("lost", "lost silently", _BAD), ("blind_repeats", "repeated blindly", _INK),
        ("unknown", "unknown, and visible", _SEEN),
    )):  # fmt: skip
        places = [row + (offset - 1) * 0.26 for row in range(len(names))]
        bars = axes.barh(places, [found[name][key] for name in names], 0.24, color=colour, label=label)
        axes.bar_label(bars, padding=3, fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"deliveries of {found[names[0]]['deliveries']:,}, under {found[names[0]]['kills']} kill -9")
    _finish(figure, axes, path)


def plot_ledger(found: list[Mapping[str, Any]], path: Path) -> None:
    """Rows a second, each way."""
    figure, axes = plt.subplots(figsize=(7.5, 2.6))
    names = [f"{one['store']}, {one['way']}" for one in found]
    bars = axes.barh(names, [one["rows_a_second"] for one in found], color=_INK)
    axes.bar_label(bars, padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("ledger rows a second, each with its announcement, durable")
    _finish(figure, axes, path)


def _finish(figure: Any, axes: Any, path: Path) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


_SECTIONS: list[tuple[str, str, str, Callable[[Any], str]]] = [
    ("crash", "Killed at every boundary", "python -m tests.notifier.proof_crash", crash),
    ("orderings", "Beside the two classic orderings", "python -m bench.notifier.orderings", orderings),
    ("pace", "As fast as Telegram allows and no faster", "python -m bench.notifier.pace", pace),
    ("messages", "Hostile headlines", "python -m tests.notifier.proof_messages", messages),
    ("schedules", "Nights and digests", "python -m tests.notifier.proof_schedules", schedules),
    ("fanout", "One alert against many subscriptions", "python -m bench.notifier.fanout", fanout),
    ("ledger", "The ledger", "python -m bench.notifier.ledger", ledger),
]


def main() -> int:
    """Write page and plots."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "siaga"  # the same figures give the same file
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    found = {
        name: json.loads(path.read_text()) for name in _NAMES if (path := DATA / f"notifier-{name}.json").exists()
    }
    text = HEAD
    for name, title, command, write in _SECTIONS:
        text += f"## {title}\n\n"
        text += (
            f"{write(found[name])}\n`{command}`\n\n" if name in found else _MISSING.format(command=command) + "\n"
        )
    PAGE.write_text(text.rstrip() + "\n")
    if "orderings" in found:
        plot_orderings(found["orderings"], PAGE.with_name("notifier-orderings.svg"))
    if "ledger" in found:
        plot_ledger(found["ledger"], PAGE.with_name("notifier-ledger.svg"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
