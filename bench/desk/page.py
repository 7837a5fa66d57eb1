"""Write the page on the desk from its figures.

python -m bench.desk.page
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA, PAGE = Path("bench/report/data/desk.json"), Path("bench/report/desk.md")
GOAL_MS, GOAL_BYTES = 1000, 150 * 1024


def write_page(found: Mapping[str, Any]) -> None:
    """The report in Markdown."""
    PAGE.write_text(text_of(found), encoding="utf-8")


def text_of(found: Mapping[str, Any]) -> str:
    """Goals, the first page under each condition, and every page's cost at the server."""
    first = found["first_page"]
    pages = found["pages"]
    visits = (("first_visit", "first"), ("next_visit", "next"))
    return "\n".join([
        *_head(found),
        "## The first page",
        "",
        "| conditions | visit | interactive, median | p95 | painted | over the wire | requests | 1 s |",
        "|---|---|---|---|---|---|---|---|",
        *(_line(one, visit, name) for one in first for visit, name in visits),
        "",
        _weight(first),
        "",
        "With 400 ms of latency a first visit cannot be quicker than three round trips (connection, page, style",
        "and script), 1.2 s, whatever the page; later visits need one, since style, script and land are kept.",
        "",
        "## Every page, at the server",
        "",
        "One request after the other over one connection, compressed, until the last byte. *CPU* is what server",
        "and asking client computed together, a request on average: others on the machine change it little.",
        "",
        "| page | CPU | median | p95 | bytes |",
        "|---|---|---|---|---|",
        *(_page_line(one) for one in pages),
        "",
    ])  # fmt: skip


def _head(found: Mapping[str, Any]) -> list[str]:
    machine = f"{found['machine']}, shared: load average {found['load_average']}; {found['browser']}"
    return [
        "# The desk: how soon, how heavy",
        "",
        f"Made by `python -m bench.desk`: {found['stored']:,} incidents of six days in a SQLite store, a third of",
        "them in the official's region; a phone's window of 360 x 740; server and browser on the same machine",
        f"({machine}),",
        "so the browser's work and the server's are in each other's way. Conditions are set through the browser's",
        "own protocol.",
        "",
        "*Interactive* is the latest of: first contentful paint, the end of the page's scripts, the end of the",
        f"last task longer than 50 ms. Goal: {GOAL_MS / 1000:g} s, and at most {GOAL_BYTES // 1024} KB for a",
        "first visit.",
        "",
    ]


def _line(one: Mapping[str, Any], visit: str, name: str) -> str:
    found = one[visit]
    verdict = "met" if found["interactive_ms_median"] <= GOAL_MS else "**missed**"
    cells = (
        one["conditions"],
        name,
        f"{found['interactive_ms_median']:,} ms",
        f"{found['interactive_ms_p95']:,} ms",
        f"{found['paint_ms_median']:,} ms",
        f"{found['bytes_median'] / 1024:.1f} KB",
        str(found["requests_median"]),
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def _page_line(one: Mapping[str, Any]) -> str:
    cells = (
        one["page"], f"{one['cpu_ms']:g} ms", f"{one['ms_median']:g} ms", f"{one['ms_p95']:g} ms",
        f"{one['bytes']:,}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _weight(first: list[Mapping[str, Any]]) -> str:
    heaviest = max(one["first_visit"]["bytes_median"] for one in first)
    verdict = "met" if heaviest <= GOAL_BYTES else "**missed**"
    return f"The first visit's weight, {heaviest / 1024:.1f} KB of {GOAL_BYTES // 1024} KB: {verdict}."


if __name__ == "__main__":
    write_page(json.loads(DATA.read_text(encoding="utf-8")))
