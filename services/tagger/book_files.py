"""Read the rulebook from ``seeds/topics`` and ``seeds/places``; every mistake names file, key and reason."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

from services.contracts.codes import Topic
from services.runtime.errors import OperatorError
from services.tagger.concept_files import BLOCKERS, patterns_of, read_concepts, shared_words
from services.tagger.core.book import Rulebook, signs_of
from services.tagger.core.clearing import Clearer
from services.tagger.core.matching import Matcher
from services.tagger.place_files import read_places
from services.tagger.place_word_files import read_words
from services.tagger.rule_files import (
    TOP_KEYS,
    fact_terms,
    frames,
    kinds,
    offence,
    severities,
    shapes,
    topic_rules,
)
from services.tagger.rule_version import version_of
from services.tagger.seed_files import listed, read_seeds

#: New tuples and lists more than gone ones, before the collector looks for rings among them: a story makes none.
_BETWEEN_PASSES = 5_000


def load_book(topics: Path, places: Path) -> Rulebook:
    """Compile the rulebook of these two folders.

    Raises:
        OperatorError: a folder is missing, or a file of it cannot be used.
    """
    files = [read_seeds(path, TOP_KEYS) for path in listed(topics, "*.yaml")]
    of_topics = [file for file in files if "topic" in file.content]
    missing = {topic.value for topic in Topic} - {file.content["topic"] for file in of_topics}
    if missing:
        raise OperatorError(str(topics), f"there is no file for topic {sorted(missing)[0]}")
    words = read_words(places)
    draft = read_concepts(files)
    terms_of_facts = fact_terms(files, draft)
    entries, place_patterns = read_places(listed(places, "*.csv"))
    patterns = [*patterns_of(draft), *place_patterns]
    draft.together = shared_words(patterns)
    rules = tuple(topic_rules(file, draft) for file in of_topics)
    whole = tuple(f"{word} " for word in words.named_whole)
    return Rulebook(
        version=version_of(topics, places),
        matcher=Matcher(patterns, draft.bits[BLOCKERS], signs_of(rules), words),
        clearer=Clearer(pattern.term for pattern in patterns if not pattern.term.startswith(whole)),
        concepts=draft.bits,
        topics=rules,
        frames=tuple(frame for file in files for frame in frames(file, draft)),
        kinds=tuple(entry for file in files for entry in kinds(file, draft)),
        severities=tuple(rule for file in files for rule in severities(file, draft)),
        terms=terms_of_facts,
        offences=tuple(offence(file, draft) for file in of_topics),
        blockers=draft.bits[BLOCKERS],
        places=entries,
        place_words=words,
        names={bit: name for name, bit in draft.bits.items()},
        shapes=tuple(shape for file in files for shape in shapes(file, draft)),
    )


def load_for_good(topics: Path, places: Path) -> Rulebook:
    """The rulebook of a process that tags as long as it lives: out of the collector's sight.

    Each of its full passes walks every rule and place otherwise, which costs one twentieth of tagging; and its
    small ones, begun with every few hundred tuples of a story that are gone by its end, another.
    """
    book = load_book(topics, places)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_BETWEEN_PASSES)
    return book


def proofs(topics: Path) -> Iterator[tuple[str, Topic, bool, str]]:
    """Every sentence that proves the rules: file name, topic, must match, sentence."""
    for path in listed(topics, "*.yaml"):
        file = read_seeds(path, TOP_KEYS)
        for key in ("must", "must_not"):
            for sentence in file.content.get("proof", {}).get(key, ()):
                yield path.name, Topic(file.content["topic"]), key == "must", str(sentence)
