"""The tagger under another build of the interpreter, in turn with this one: the same stories, the same packages.

The other has to be of the same minor version, for it reads the packages of this one.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from bench.tagging import corpus, measure
from services.tagger.core.story import tag_stories

_STORIES = 150
_KINDS = {"mixture": None, "plain": False, "field": True}


def compare(other: Path, *, rounds: int) -> dict[str, Any]:
    """Microseconds a story under both, and the other's share of this one's, round by round."""
    sides = {"this": _start(sys.executable), "other": _start(str(other))}
    found: dict[str, Any] = {name: _answer(side) for name, side in sides.items()}
    for kind in _KINDS:
        taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                assert side.stdin
                side.stdin.write(f"{kind}\n")
                side.stdin.flush()
                taken[name].append(float(_answer(side)))
        ratios = [a / b for a, b in zip(taken["other"], taken["this"], strict=True)]
        found[kind] = {name: measure.spread(values, 0) for name, values in taken.items()}
        found[kind] |= {"ratio": measure.spread(ratios, 3)}
        found[kind] |= {"stories_per_s": round(1e6 / statistics.median(taken["other"]))}
    for side in sides.values():
        side.communicate()
    found["profiled"] = "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
    return found


def _start(python: str) -> subprocess.Popen[str]:
    """A process that tags the stories it is asked for, and says what each cost."""
    paths = os.pathsep.join((str(measure.ROOT), sysconfig.get_path("purelib")))
    command = [python, "-m", "bench.tagging.interpreters"]
    environment = os.environ | {"PYTHONPATH": paths}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, cwd=measure.ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def _answer(side: subprocess.Popen[str]) -> str:
    assert side.stdout
    return side.stdout.readline().strip()


def main() -> None:
    """What ``_start`` runs."""
    rules = measure.book()
    articles = {
        kind: [measure.article(row) for row in corpus.of_size(_STORIES, 1, measure.SIZE, event=event)]
        for kind, event in _KINDS.items()
    }
    print(f"{sys.version.split()[0]}, {sys.version.partition('[')[2].rstrip(']')}", flush=True)
    for line in sys.stdin:
        chosen = articles[line.strip()]
        spent = measure.cpu(lambda those=chosen: list(tag_stories(those, rules)))  # type: ignore[misc]
        print(spent / _STORIES * 1e6, flush=True)


if __name__ == "__main__":
    main()
