"""Measure the pipeline through a real Kafka, keep the figures, write the page.

python -m bench.pipeline [--only hop stages scaling backlog pace] [--backlog 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from bench.pipeline import measure, page
from bench.pipeline.host import ROOT, Host, a_host

DATA = ROOT / "bench" / "report" / "data" / "pipeline.json"
LIBRARIES = ("faststream", "aiokafka", "pydantic", "sqlalchemy")


def main() -> None:
    """Measure what is asked, keep the rest, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], help="hop stages scaling backlog pace")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stories", type=int, default=3000)
    parser.add_argument("--backlog", type=int, default=20_000, help="180000 is an hour at 50 a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the pace is kept")
    asyncio.run(_measure(parser.parse_args()))


async def _measure(asked: argparse.Namespace) -> None:
    figures: dict[str, Any] = orjson.loads(DATA.read_bytes()) if DATA.exists() else {}
    figures["made"] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        **{name: version(name) for name in LIBRARIES},
    }
    async with a_host() as host:
        for name, part in _parts(host, asked).items():
            if asked.only and name not in asked.only:
                continue
            print(f"{name} ...", file=sys.stderr, flush=True)
            before = measure.load()
            figures[name] = await part() | {"load_before": before, "load_after": measure.load()}
            DATA.write_bytes(orjson.dumps(figures, option=_OPTIONS))
    page.write(figures, Path(DATA).parent.parent)


_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS


def _parts(host: Host, asked: argparse.Namespace) -> dict[str, Callable[[], Awaitable[dict[str, Any]]]]:
    return {
        "hop": lambda: measure.against_by_hand(host, asked.stories, asked.rounds),
        "stages": lambda: measure.stages(host, asked.stories),
        "scaling": lambda: measure.scaling(host, asked.stories // 2),
        "pace": lambda: measure.at_a_pace(host, 50.0, asked.seconds),
        "backlog": lambda: measure.backlog(host, asked.backlog),
    }


if __name__ == "__main__":
    main()
