"""Read the rulebook from ``seeds/topics`` and ``seeds/places``; every mistake names file, key and reason."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import combinations
from operator import or_
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from services.contracts.codes import Kind, Topic
from services.runtime.errors import OperatorError
from services.tagger.core.book import (
    Frame,
    Rule,
    Rulebook,
    SeverityRule,
    Shape,
    TermRule,
    TopicRules,
    Window,
    signs_of,
)
from services.tagger.core.clearing import Clearer
from services.tagger.core.lexicon import Pattern
from services.tagger.core.matching import Matcher
from services.tagger.core.terms import TermError, expand
from services.tagger.place_files import read_places
from services.tagger.rule_version import version_of

#: The countries whose crimes, and whose people abroad, are watched.
AREA = frozenset({"ID", "KH", "LA", "TL", "MY", "TH", "VN", "PH", "SG", "MM", "PG", "BN"})
#: New tuples and lists more than gone ones, before the collector looks for rings among them: a story makes none.
_BETWEEN_PASSES = 5_000
_TOP_KEYS = frozenset(
    {
        "topic",
        "threshold",
        "offence",
        "concepts",
        "rules",
        "proof",
        "frames",
        "kinds",
        "shapes",
        "severity",
        "facts",
        "blockers",
    }
)
_RULE_KEYS = frozenset(
    {"name", "all", "unless", "within", "points", "topics", "veto", "level", "adjust", "kinds"}
    | {"kind", "before", "quoted", "asks", "why"}
)
#: Of "Kecamatan Muruk Rian" no word alone is a place: Rian may be somebody.
_NAMED_WHOLE = ("Kecamatan ", "Distrik ", "Polsek ")


@dataclass
class _Draft:
    """What has been read so far."""

    bits: dict[str, int] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    together: dict[int, int] = field(default_factory=dict)  # concepts that share a single word with each

    def add(self, name: str, terms: list[str], where: str) -> None:
        if name in self.bits:
            raise OperatorError(where, f"concept {name!r} is already defined at {self.where[name]}")
        self.bits[name] = 1 << len(self.bits)
        self.terms[name] = terms
        self.where[name] = where

    def mask(self, names: str, where: str) -> int:
        """The mask of ``a|b``."""
        mask = 0
        for name in names.split("|"):
            if name.strip() not in self.bits:
                raise OperatorError(where, f"there is no concept {name.strip()!r}")
            mask |= self.bits[name.strip()]
        return mask

    def beside(self, mask: int) -> int:
        """The concepts that share a single word with any of ``mask``."""
        return reduce(or_, (self.together.get(bit, 0) for bit in _bits(mask)), 0)


@dataclass(frozen=True)
class _File:
    """One YAML file of the lexicon."""

    path: Path
    content: CommentedMap

    def at(self, key: str, node: Any = None) -> str:
        """Where a mistake is: ``file:line key``."""
        line = getattr(getattr(node if node is not None else self.content, "lc", None), "line", None)
        return f"{self.path}:{line + 1} {key}" if line is not None else f"{self.path} {key}"


def load_book(topics: Path, places: Path) -> Rulebook:
    """Compile the rulebook of these two folders.

    Raises:
        OperatorError: a folder is missing, or a file of it cannot be used.
    """
    files = [_read(path) for path in _listed(topics, "*.yaml")]
    missing = {topic.value for topic in Topic} - {file.content.get("topic") for file in files}
    if missing:
        raise OperatorError(str(topics), f"there is no file for topic {sorted(missing)[0]}")
    draft = _Draft()
    for file in files:
        for name, terms in _mapping(file, "concepts"):
            draft.add(
                name,
                _split(terms, file.at(f"concepts.{name}")),
                file.at(f"concepts.{name}", file.content["concepts"]),
            )
    if "_block" not in draft.bits:
        blocked = [
            term for file in files for term in _split(file.content.get("blockers", ""), file.at("blockers"))
        ]
        draft.add("_block", blocked, "blockers")
    terms_of_facts = _fact_terms(files, draft)
    entries, place_patterns = read_places(_listed(places, "*.csv"))
    patterns = [*_patterns(draft), *place_patterns]
    draft.together = _together(patterns)
    topic_rules = tuple(_topic(file, draft) for file in files if "topic" in file.content)
    return Rulebook(
        version=version_of(topics, places),
        matcher=Matcher(patterns, draft.bits["_block"], signs_of(topic_rules)),
        clearer=Clearer(pattern.term for pattern in patterns if not pattern.term.startswith(_NAMED_WHOLE)),
        concepts=draft.bits,
        topics=topic_rules,
        frames=tuple(frame for file in files for frame in _frames(file, draft)),
        kinds=tuple(entry for file in files for entry in _kinds(file, draft)),
        severities=tuple(rule for file in files for rule in _severities(file, draft)),
        terms=terms_of_facts,
        offences=tuple(_offence(file, draft) for file in files if "topic" in file.content),
        blockers=draft.bits["_block"],
        places=entries,
        area=AREA,
        names={bit: name for name, bit in draft.bits.items()},
        shapes=tuple(shape for file in files for shape in _shapes(file, draft)),
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
    for path in _listed(topics, "*.yaml"):
        file = _read(path)
        for key in ("must", "must_not"):
            for sentence in file.content.get("proof", {}).get(key, ()):
                yield path.name, Topic(file.content["topic"]), key == "must", str(sentence)


def _listed(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise OperatorError(str(folder), f"holds no {pattern}")
    return found


def _read(path: Path) -> _File:
    try:
        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise OperatorError(str(path), f"cannot be read: {error}") from None
    if not isinstance(content, CommentedMap):
        raise OperatorError(str(path), "has to be a mapping")
    unknown = set(content) - _TOP_KEYS
    if unknown:
        raise OperatorError(f"{path} {sorted(unknown)[0]}", f"is none of {', '.join(sorted(_TOP_KEYS))}")
    return _File(path, content)


def _mapping(file: _File, key: str) -> Iterator[tuple[str, Any]]:
    value = file.content.get(key, {})
    if not isinstance(value, Mapping):
        raise OperatorError(file.at(key), "has to be a mapping")
    yield from value.items()


def _split(terms: Any, where: str) -> list[str]:
    if isinstance(terms, str):
        terms = terms.split(";")
    if not isinstance(terms, Iterable) or not all(isinstance(term, str) for term in terms):
        raise OperatorError(where, 'has to be terms divided by ";"')
    return [term.strip() for term in terms if term.strip()]


def _patterns(draft: _Draft) -> Iterator[Pattern]:
    masks: dict[tuple[str, bool], int] = {}
    for name, terms in draft.terms.items():
        for term in terms:
            try:
                surfaces = list(expand(term))
            except TermError as error:
                raise OperatorError(draft.where[name], str(error)) from None
            for surface, exact in surfaces:
                key = (surface, exact)
                masks[key] = masks.get(key, 0) | draft.bits[name]
    for (surface, exact), mask in masks.items():
        yield Pattern(surface, concepts=mask, exact=exact)


def _together(patterns: Iterable[Pattern]) -> dict[int, int]:
    """For each concept those that share a single word with it, itself where it has any."""
    found: dict[int, int] = {}
    for mask in {pattern.concepts for pattern in patterns if " " not in pattern.term}:
        for bit in _bits(mask):
            found[bit] = found.get(bit, 0) | mask
    return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest


def _rule(file: _File, draft: _Draft, owner: str, node: Any, within: Window = Window.SENTENCE) -> Rule:
    """A rule of ``owner``, within this window where it names none."""
    where = file.at(owner, node)
    if not isinstance(node, Mapping) or "name" not in node or "all" not in node:
        raise OperatorError(where, 'a rule has "name" and "all"')
    where = file.at(f"{owner}/{node['name']}", node)
    if unknown := set(node) - _RULE_KEYS:
        raise OperatorError(where, f"{sorted(unknown)[0]!r} is no key of a rule")
    try:
        window = Window(node.get("within", within))
    except ValueError:
        raise OperatorError(where, f"within is {node['within']!r}, not one of {', '.join(Window)}") from None
    groups = tuple(draft.mask(names, where) for names in _texts(node, "all", where))
    if not groups and owner != "shape":  # of headlines alone some are told by their grammar
        raise OperatorError(where, "all names no concept")
    return Rule(
        name=f"{owner}/{node['name']}",
        groups=groups,
        doubles=any(draft.beside(one) & other for one, other in combinations(groups, 2)),
        unless=reduce(or_, (draft.mask(names, where) for names in _texts(node, "unless", where)), 0),
        window=window,
        points=_number(node.get("points", 1), where),
    )


def _texts(node: Mapping[str, Any], key: str, where: str) -> list[str]:
    """The concepts that a rule names under this key, each ``a`` or ``a|b``."""
    names = node.get(key, ())
    if (
        isinstance(names, str)
        or not isinstance(names, Iterable)
        or not all(isinstance(name, str) for name in names)
    ):
        raise OperatorError(where, f"{key} is {names!r}, not a list of concepts")
    return list(names)


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OperatorError(where, f"points is {value!r}, not a number")
    return float(value)


def _topic(file: _File, draft: _Draft) -> TopicRules:
    try:
        topic = Topic(file.content["topic"])
    except ValueError:
        raise OperatorError(file.at("topic"), f"{file.content['topic']!r} is no topic") from None
    rules = tuple(_rule(file, draft, topic.value, node) for node in file.content.get("rules", ()))
    return TopicRules(topic, _number(file.content.get("threshold", 3), file.at("threshold")), rules)


def _offence(file: _File, draft: _Draft) -> int:
    mask = 0
    for name in file.content.get("offence", ()):
        mask |= draft.mask(name, file.at("offence"))
    return mask


def _topics_of(node: Any, where: str) -> frozenset[Topic]:
    try:
        return frozenset(Topic(code) for code in node.get("topics", ()))
    except ValueError as error:
        raise OperatorError(where, str(error)) from None


def _frames(file: _File, draft: _Draft) -> Iterator[Frame]:
    for node in file.content.get("frames", ()):
        rule = _rule(file, draft, "frame", node)
        yield Frame(rule, _topics_of(node, file.at(rule.name, node)), bool(node.get("veto", False)))


def _kind(code: Any, where: str) -> Kind:
    try:
        return Kind(code)
    except ValueError:
        raise OperatorError(where, f"kind is {code!r}, which is no kind") from None


def _kinds(file: _File, draft: _Draft) -> Iterator[tuple[Kind, tuple[Rule, ...]]]:
    for code, nodes in _mapping(file, "kinds"):
        kind = _kind(code, file.at(f"kinds.{code}"))
        yield kind, tuple(_rule(file, draft, kind.value, node) for node in nodes)


def _shapes(file: _File, draft: _Draft) -> Iterator[Shape]:
    for node in file.content.get("shapes", ()):
        rule = _rule(file, draft, "shape", node, Window.TITLE)
        where = file.at(rule.name, node)
        yield Shape(
            rule,
            _kind(node.get("kind"), where),
            topics=_topics_of(node, where),
            before=draft.mask(node["before"], where) if "before" in node else 0,
            quoted=bool(node.get("quoted", False)),
            asks=bool(node.get("asks", False)),
        )


def _severities(file: _File, draft: _Draft) -> Iterator[SeverityRule]:
    for node in file.content.get("severity", ()):
        rule = _rule(file, draft, "severity", node)
        where = file.at(rule.name, node)
        yield SeverityRule(
            rule,
            level=int(_number(node.get("level", 0), where)),
            adjust=int(_number(node.get("adjust", 0), where)),
            topics=_topics_of(node, where),
            kinds=frozenset(_kind(code, where) for code in node.get("kinds", ())),
        )


def _fact_terms(files: list[_File], draft: _Draft) -> tuple[TermRule, ...]:
    rules = []
    for file in files:
        for slot, values in _mapping(file, "facts"):
            if not isinstance(values, Mapping):
                raise OperatorError(file.at(f"facts.{slot}"), "has to be a mapping")
            for value, terms in values.items():
                name = f"fact:{slot}:{value}"
                draft.add(name, _split(terms, file.at(f"facts.{slot}.{value}", values)), file.at(name, values))
                rules.append(TermRule(str(slot), str(value), draft.bits[name]))
    return tuple(rules)
