"""What else one could match with, on the tagger's own patterns; runs in ``var/bench-venv``, asked line by line.

Reads the material (``{"patterns": [...], "texts": [...]}``) named by its argument, answers ``{"ready": {...}}``,
then for each ``{"engine", "first", "count"}`` on stdin one line ``{"cpu_s", "hits"}``.
"""

from __future__ import annotations

import json
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")  # spaCy speaks of patterns without a trained pipeline

Engine = Callable[[str], int]


def main() -> None:
    """Build every engine, then time what is asked."""
    material = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    texts: list[str] = material["texts"]
    engines: dict[str, Engine] = {}
    built: dict[str, float] = {}
    for name, build in ENGINES.items():
        began = time.process_time()
        engines[name] = build(material["patterns"])
        built[name] = round(time.process_time() - began, 2)
    versions = {name: version(name) for name in ("spacy", "flashtext", "ahocorasick-rs")}
    print(json.dumps({"ready": {"build_s": built, "versions": versions}}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        engine, chosen = engines[asked["engine"]], texts[asked["first"] : asked["first"] + asked["count"]]
        began = time.process_time()
        hits = sum(map(engine, chosen))
        print(json.dumps({"cpu_s": time.process_time() - began, "hits": hits}), flush=True)


def _phrase_matcher(nlp: Any) -> Callable[[Sequence[str]], Engine]:
    def build(patterns: Sequence[str]) -> Engine:
        from spacy.matcher import PhraseMatcher  # noqa: PLC0415  # here and only here

        pipeline = nlp()
        matcher = PhraseMatcher(pipeline.vocab, attr="LOWER")
        matcher.add("term", [pipeline.make_doc(pattern) for pattern in patterns])
        return lambda text: len(matcher(pipeline.make_doc(text)))

    return build


def _entity_ruler(nlp: Any) -> Callable[[Sequence[str]], Engine]:
    def build(patterns: Sequence[str]) -> Engine:
        pipeline = nlp()
        ruler = pipeline.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
        ruler.add_patterns([{"label": "term", "pattern": pattern} for pattern in patterns])
        return lambda text: len(pipeline(text).ents)

    return build


def _blank() -> Any:
    import spacy  # noqa: PLC0415

    return spacy.blank("id")


def _tuned() -> Any:
    """Words and nothing else: no affix rules, no exceptions, no URL matching."""
    from spacy.tokenizer import Tokenizer  # noqa: PLC0415

    nlp = _blank()
    nlp.tokenizer = Tokenizer(nlp.vocab, infix_finditer=re.compile(r"[^\w\s]").finditer)
    return nlp


def _flashtext(patterns: Sequence[str]) -> Engine:
    from flashtext import KeywordProcessor  # noqa: PLC0415

    processor = KeywordProcessor(case_sensitive=False)
    processor.add_keywords_from_list(list(patterns))
    return lambda text: len(processor.extract_keywords(text, span_info=True))


def _alternation(patterns: Iterable[str]) -> Engine:
    longest = sorted(patterns, key=len, reverse=True)
    compiled = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b", re.IGNORECASE)
    return lambda text: sum(1 for _ in compiled.finditer(text))


def _find(_: Sequence[str]) -> Engine:
    return lambda text: text.find("\x00absent") >= 0


_FOLD = bytes(
    code + 32 if 65 <= code <= 90 else code if chr(code).isalnum() and code < 128 else 32 for code in range(256)
)


def _fold(text: str) -> bytes:
    return b" " + text.encode("latin-1", "replace").translate(_FOLD) + b" "


def _aho_corasick(patterns: Sequence[str]) -> Engine:
    from ahocorasick_rs import BytesAhoCorasick, Implementation  # noqa: PLC0415

    folded = {b" " + b" ".join(_fold(pattern).split()) + b" " for pattern in patterns}
    automaton = BytesAhoCorasick(sorted(folded), implementation=Implementation.ContiguousNFA)
    return lambda text: len(automaton.find_matches_as_indexes(_fold(text), overlapping=True))


ENGINES: dict[str, Callable[[Sequence[str]], Engine]] = {
    "str.find of one absent word": _find,
    "bare Aho-Corasick, folding included": _aho_corasick,
    "FlashText": _flashtext,
    "spaCy PhraseMatcher, tuned tokenizer": _phrase_matcher(_tuned),
    "spaCy EntityRuler, tuned tokenizer": _entity_ruler(_tuned),
    'spaCy PhraseMatcher, blank("id")': _phrase_matcher(_blank),
    'spaCy EntityRuler, blank("id")': _entity_ruler(_blank),
    "one compiled alternation": _alternation,
}

if __name__ == "__main__":
    main()
