"""The tagger's own figures: speed, share of the stages, patterns, length, crafted texts, workers, weight."""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from ahocorasick_rs import BytesAhoCorasick, Implementation

from bench.tagging import corpus, crafted
from services.cli.tag import line_tagger
from services.tagger.book_files import load_for_good
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook, signs_of
from services.tagger.core.facts import read_facts
from services.tagger.core.first_look import may_fire
from services.tagger.core.folding import fold
from services.tagger.core.kind import decide_kind
from services.tagger.core.language import detect
from services.tagger.core.lexicon import Lexicon, Pattern
from services.tagger.core.matching import Matcher
from services.tagger.core.places import find_places
from services.tagger.core.read_story import read
from services.tagger.core.severity import score
from services.tagger.core.story import Article, tag_stories, tag_story
from services.tagger.core.topics import decide

ROOT = Path(__file__).resolve().parents[2]
SIZE = 3_800
#: One raw story in so many is of the field.
_RAW = 100
#: Twice the patterns that are shipped.
MANY = 100_000
Figures = dict[str, Any]


def book() -> Rulebook:
    """The rules as they are shipped, loaded as the service and ``siaga tag`` load them."""
    return load_for_good(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")


def article(row: corpus.Row) -> Article:
    """As ``siaga tag`` reads it, without the date."""
    return Article(row["id"], row["title"], row["text"], row["language"])


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this process; another's turn on the core does not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def interleaved(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Every work once a round, in turn, so that a slow minute of the machine is everybody's."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(cpu(work))
    return taken


def spread(values: Sequence[float], digits: int = 2) -> Figures:
    """Median with the quarters beside it, smallest and greatest."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    named = {"median": statistics.median(values), "q1": low, "q3": high, "min": min(values), "max": max(values)}
    return {name: round(value, digits) for name, value in named.items()}


def speed(rules: Rulebook, *, stories: int, rounds: int) -> Figures:
    """Stories a second of one core, by what they are about; beside the bare scan on the same texts."""
    found: Figures = {}
    kinds = {
        "a feed's mixture": corpus.of_size(stories, 1, SIZE),
        "raw news": raw_news(stories),
        "not of the field": corpus.of_size(stories, 1, SIZE, event=False),
        "of the field": corpus.of_size(stories, 1, SIZE, event=True),
    }
    for name, rows in kinds.items():
        articles, lines = [article(row) for row in rows], [orjson.dumps(row) for row in rows]
        scan, tag = bare_scan(rules, articles), line_tagger(rules, explain=False)
        works: dict[str, Callable[[], object]] = {
            "tag": lambda articles=articles: list(tag_stories(articles, rules)),  # type: ignore[misc]
            "line": lambda lines=lines, tag=tag: tag(lines),  # type: ignore[misc]
            "bare": scan,
        }
        taken = interleaved(works, rounds)
        found[name] = {
            "relevant": round(sum(one.relevant for one in tag_stories(articles, rules)) / stories, 3),
            "hits_per_kb": round(sum(map(len, scan())) / stories / SIZE * 1000, 1),
            "stories_per_s": spread([stories / one for one in taken["tag"]], 0),
            "lines_per_s": spread([stories / one for one in taken["line"]], 0),
            "us_per_story": spread([one / stories * 1e6 for one in taken["tag"]], 0),
            "bare_us_per_story": spread([one / stories * 1e6 for one in taken["bare"]], 0),
            "times_bare": spread([a / b for a, b in zip(taken["tag"], taken["bare"], strict=True)]),
        }
    return found


def raw_news(count: int) -> list[corpus.Row]:
    """Stories of which as many are of the field as of all that outlets bring: 0.9 % of 44,474 were told."""
    field = corpus.of_size(-(-count // _RAW), 1, SIZE, event=True)
    others = corpus.of_size(count - len(field), 1, SIZE, event=False)
    for place, story in enumerate(field):
        others.insert(place * _RAW, story)
    return others


def bare_scan(rules: Rulebook, articles: Sequence[Article]) -> Callable[[], list[list[tuple[int, int, int]]]]:
    """The floor: fold, and one pass of one automaton of all terms and names; every hit, overlapping ones too."""
    folded = dict.fromkeys(term for terms in (*_lexica(rules), rules.matcher.names) for term in terms.folded)
    automaton = BytesAhoCorasick(
        [b" " + term + b" " for term in folded], implementation=Implementation.ContiguousNFA
    )
    scan = automaton.find_matches_as_indexes
    return lambda: [scan(b" " + fold(f"{one.title}\n{one.text}") + b" ", overlapping=True) for one in articles]


def _lexica(rules: Rulebook) -> tuple[Lexicon, Lexicon]:
    return rules.matcher.signs, rules.matcher.others


def patterns_of(rules: Rulebook) -> list[Pattern]:
    """Every pattern of the lexicon, then of the gazetteer."""
    return [
        pattern for terms in (*_lexica(rules), rules.matcher.names) for group in terms.groups for pattern in group
    ]


def stages(rules: Rulebook, *, stories: int, rounds: int) -> Figures:
    """Where a story's time goes, measured inside the run: the stages of ``tag_story`` in turn."""
    articles = [article(row) for row in corpus.of_size(stories, 1, SIZE)]
    shares: dict[str, list[float]] = {}
    for _ in range(rounds):
        spent: dict[str, float] = {}
        for one in articles:
            _staged(one, rules, spent)
        whole = sum(spent.values())
        for name, seconds in spent.items():
            shares.setdefault(name, []).append(seconds / whole)
    return {name: round(statistics.median(values), 3) for name, values in shares.items()}


def _staged(one: Article, rules: Rulebook, spent: dict[str, float]) -> None:
    """One story by the steps of ``tag_story``."""

    def timed(name: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter_ns()
        answer = work()
        spent[name] = spent.get(name, 0.0) + (time.perf_counter_ns() - began) / 1e9
        return answer

    cleared = timed("names masked", lambda: rules.clearer.clear(f"{one.title}\n{one.text}").whole)
    timed("language", lambda: detect(one.text, one.language))
    raw = timed("boilerplate", lambda: blank(one.title, one.text))
    found = timed("scan for signs of a topic", lambda: rules.matcher.glance(raw))
    possible = timed("rules possible by them", lambda: rules.possible(found.everything()))
    if not possible or not timed(
        "first look at these", lambda: may_fire(possible, found, raw, cleared, has_title=bool(one.title))
    ):
        return
    reading = timed(
        "the rest's scan, sentences, their concepts",
        lambda: read(raw, cleared, rules, has_title=True, found=found.complete()),
    )
    topics = timed("topics", lambda: decide(reading, rules, possible).topics)
    if not topics:
        return
    kind = timed("kind", lambda: decide_kind(reading, rules, topics[0].topic, topics[0].evidence).kind)
    about = frozenset(reading.sentences.at(span.start) for topic in topics for span in topic.evidence)
    places = timed("places", lambda: find_places(reading, rules, kind, about))
    facts = timed("facts", lambda: read_facts(reading, rules, places, language=one.language, published=None))
    codes, spans = [topic.topic for topic in topics], topics[0].evidence
    timed("severity", lambda: score(reading, rules, codes, kind, facts, fallback=spans))


def patterns(rules: Rulebook, *, stories: int, rounds: int) -> Figures:
    """The whole tagger and the bare scan with fewer and with more names in the gazetteer."""
    own = patterns_of(rules)
    articles = [article(row) for row in corpus.of_size(stories, 2, SIZE)]
    works: dict[str, Callable[[], object]] = {}
    for count in (5_000, 20_000, len(own), MANY):
        chosen = own[:count] + [_invented(index) for index in range(count - len(own))]
        other = replace(rules, matcher=Matcher(chosen, rules.blockers, signs_of(rules.topics), rules.place_words))
        works[f"{count}"] = lambda other=other: list(tag_stories(articles, other))  # type: ignore[misc]
        works[f"bare {count}"] = bare_scan(other, articles)
    taken = interleaved(works, rounds)
    return {name: spread([one / stories * 1e6 for one in values], 0) for name, values in taken.items()}


def _invented(index: int) -> Pattern:
    chance = random.Random(index)
    syllables = (
        "ba",
        "ru",
        "ke",
        "lang",
        "to",
        "si",
        "man",
        "ngu",
        "pe",
        "rai",
        "wo",
        "tan",
        "ju",
        "mbe",
        "lo",
        "ka",
    )
    words = ("".join(chance.choices(syllables, k=chance.choice((2, 3)))).capitalize() for _ in range(2))
    return Pattern(f"{' '.join(words)} {index}", places=(0,), capital=True)


def length(rules: Rulebook, *, rounds: int) -> Figures:
    """Microseconds a KB by the length of a story."""
    works: dict[str, Callable[[], object]] = {}
    amounts = {}
    for size in (500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000):
        articles = [article(row) for row in corpus.of_size(max(4, 200_000 // size), 3, size)]
        amounts[str(size)] = sum(len(one.text) for one in articles) / 1000
        works[str(size)] = lambda articles=articles: list(tag_stories(articles, rules))  # type: ignore[misc]
    taken = interleaved(works, rounds)
    return {name: spread([one / amounts[name] * 1e6 for one in values], 0) for name, values in taken.items()}


def hostile(rules: Rulebook, *, rounds: int) -> Figures:
    """Crafted texts of 64 KB against a made story of the field and one of the mixture, microseconds a KB."""
    size = 64_000
    terms = [group[0].term for terms in _lexica(rules) for group in terms.groups if len(group) == 1]
    makers = {**crafted.TEXTS, "every term of the rules": crafted.triggers(terms)}
    texts = {name: make(size) for name, make in makers.items()}
    plain = {
        "a made story of the mixture": [article(row) for row in corpus.of_size(40, 5, SIZE)],
        "a made story of the field": [article(row) for row in corpus.of_size(17, 5, SIZE, event=True)],
    }
    works: dict[str, Callable[[], object]] = {
        name: lambda text=text: tag_story(Article("x", "Judul", text), rules)  # type: ignore[misc]
        for name, text in texts.items()
    }
    works |= {name: lambda those=those: list(tag_stories(those, rules)) for name, those in plain.items()}  # type: ignore[misc]
    taken = interleaved(works, rounds)
    kb = {name: len(text) / 1000 for name, text in texts.items()}
    kb |= {name: len(those) * SIZE / 1000 for name, those in plain.items()}
    cost = {name: statistics.median(values) / kb[name] * 1e6 for name, values in taken.items()}
    return {name: round(value, 1) for name, value in sorted(cost.items(), key=lambda item: -item[1])}


def workers(*, stories: int, rounds: int) -> Figures:
    """``siaga tag`` as a command: wall seconds and CPU seconds by its number of processes, start included."""
    found: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "stories.jsonl"
        lines.write_bytes(corpus.lines(corpus.stories(stories, 6)))
        for _ in range(rounds):
            for count in (1, 2):
                found.setdefault(f"{count}", []).append(_command(lines, count))
    pairs = zip(found["1"], found["2"], strict=True)
    return {
        "stories": stories,
        "wall_s": {name: spread([wall for wall, _ in values]) for name, values in found.items()},
        "cpu_s": {name: spread([used for _, used in values]) for name, values in found.items()},
        "wall_ratio_1_to_2": spread([one[0] / two[0] for one, two in pairs]),
    }


def _command(lines: Path, count: int) -> tuple[float, float]:
    command = [sys.executable, "-m", "services.cli.main", "tag", "--jsonl", "--workers", str(count)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with lines.open("rb") as given:
        subprocess.run(command, cwd=ROOT, stdin=given, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


_WEIGH = """
import json, re, time
began = time.process_time()
from services.tagger.book_files import load_for_good
from services.tagger.core.severity import score
from services.tagger.core.story import Article, tag_story
imported = time.process_time()
from pathlib import Path
book = load_for_good(Path("seeds/topics"), Path("seeds/places"))
loaded = time.process_time()
tag_story(Article("x", "Judul", "Polisi menangkap dua orang."), book)
# Not ru_maxrss: it begins with what the process weighed that started this one.
peak = int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"import_cpu_s": imported - began, "load_cpu_s": loaded - imported, "peak_mb": peak}))
"""


def weight(*, rounds: int) -> Figures:
    """CPU seconds to import the tagger and to load its rules, and the peak memory then; fresh processes."""
    seen: dict[str, list[float]] = {}
    for _ in range(rounds):
        ran = subprocess.run([sys.executable, "-c", _WEIGH], cwd=ROOT, capture_output=True, check=True)
        for name, value in json.loads(ran.stdout).items():
            seen.setdefault(name, []).append(value)
    return {name: spread(values) for name, values in seen.items()}
