"""Measure the tagger beside what else one could use, and write the page.

    .venv/bin/python -m bench.tagging [--rounds 9] [--only NAME ...] [--interpreter PYTHON]

Figures go to ``bench/report/data/tagging.json``, the page to ``bench/report/tagging.md``.  The peers live in a
venv of their own, ``var/bench-venv``, installed here from ``requirements/bench.txt``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from bench.tagging import corpus, interpreters, measure, page
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_stories

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "bench" / "report" / "data" / "tagging.json"
VENV = ROOT / "var" / "bench-venv"
#: Stories an engine is given a round: the slow ones fewer, or one round would take minutes.
_STORIES = {
    "one compiled alternation": 2,
    'spaCy EntityRuler, blank("id")': 10,
    'spaCy PhraseMatcher, blank("id")': 10,
}
_PEER_STORIES = 40


def main() -> None:
    """Measure what is asked, keep the rest of the figures, write the page."""
    asked = argparse.ArgumentParser(description="The tagger's speed beside its peers.")
    asked.add_argument("--rounds", type=int, default=9)
    asked.add_argument(
        "--only", nargs="*", default=[], help="speed stages peers patterns length hostile workers weight"
    )
    asked.add_argument("--interpreter", type=Path, help="another build of this Python, to measure beside it")
    options = asked.parse_args()
    rules, rounds = measure.book(), options.rounds
    parts: dict[str, Callable[[], Any]] = {
        "speed": lambda: measure.speed(rules, stories=150, rounds=rounds),
        "stages": lambda: measure.stages(rules, stories=150, rounds=rounds),
        "peers": lambda: peers(rules, rounds=rounds),
        "patterns": lambda: measure.patterns(rules, stories=60, rounds=rounds),
        "length": lambda: measure.length(rules, rounds=rounds),
        "hostile": lambda: measure.hostile(rules, rounds=3),
        "workers": lambda: measure.workers(stories=1_500, rounds=3),
        "weight": lambda: measure.weight(rounds=5),
    }
    if options.interpreter:
        parts["interpreter"] = lambda: interpreters.compare(options.interpreter, rounds=rounds)
    figures: dict[str, Any] = orjson.loads(DATA.read_bytes()) if DATA.exists() else {}
    DATA.parent.mkdir(parents=True, exist_ok=True)
    figures["made"] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "ahocorasick-rs": version("ahocorasick-rs"),
        "rules": rules.version,
        "patterns": len(measure.patterns_of(rules)),
        "corpus": corpus.digest(corpus.of_size(150, 1, measure.SIZE)),
    }
    for name, part in parts.items():
        if not options.only or name in options.only:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures[name] = part() | {"load_average": round(os.getloadavg()[0], 1), "rules": rules.version}
            DATA.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    replay = DATA.with_name("tagging-replay.json")
    if replay.exists():
        figures["replay"] = orjson.loads(replay.read_bytes())
    page.write(figures, DATA.parent.parent)


def peers(rules: Rulebook, *, rounds: int) -> dict[str, Any]:
    """Every engine and the whole tagger in turn, round by round, on the same stories and patterns."""
    install()
    rows = corpus.of_size(_PEER_STORIES, 8, measure.SIZE)
    articles = [measure.article(row) for row in rows]
    terms = sorted({pattern.term for pattern in measure.patterns_of(rules)})
    material = VENV / "material.json"
    material.write_text(json.dumps({"patterns": terms, "texts": [f"{a.title}\n{a.text}" for a in articles]}))
    command = [str(VENV / "bin" / "python"), str(Path(__file__).with_name("peers.py")), str(material)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        ready = json.loads(process.stdout.readline())["ready"]
        taken: dict[str, list[float]] = {}
        hits: dict[str, float] = {}
        for turn in range(rounds):
            for engine in ready["build_s"]:
                count = _STORIES.get(engine, _PEER_STORIES)
                first = turn * count % (_PEER_STORIES - count + 1)
                process.stdin.write(json.dumps({"engine": engine, "first": first, "count": count}) + "\n")
                process.stdin.flush()
                answer = json.loads(process.stdout.readline())
                taken.setdefault(engine, []).append(answer["cpu_s"] / count * 1e6)
                hits[engine] = round(answer["hits"] / count, 1)
            spent = measure.cpu(lambda: list(tag_stories(articles, rules)))
            taken.setdefault("Siaga, the whole tagger", []).append(spent / len(articles) * 1e6)
        process.stdin.close()
    own = taken["Siaga, the whole tagger"]
    return {
        "patterns": len(terms),
        "versions": ready["versions"],
        "engines": {
            engine: {
                "us_per_story": measure.spread(values, 1),
                "times_the_tagger": round(statistics.median(a / b for a, b in zip(values, own, strict=True)), 3),
                "hits": hits.get(engine),
                "build_s": ready["build_s"].get(engine),
            }
            for engine, values in taken.items()
        },
    }


def install() -> None:
    """The peers' own venv, made once; by hash, like the product's."""
    wanted = (ROOT / "requirements" / "bench.txt").read_bytes()
    done = VENV / "installed.txt"
    if done.exists() and done.read_bytes() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(VENV / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements" / "bench.txt")], check=True)
    done.write_bytes(wanted)


if __name__ == "__main__":
    main()
