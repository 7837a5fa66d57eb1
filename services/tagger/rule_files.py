"""Compile the rules of the lexicon: of topics, frames, kinds, shapes, severity and facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import combinations
from operator import or_
from typing import Any

from services.contracts.codes import Kind, Topic
from services.runtime.errors import OperatorError
from services.tagger.concept_files import Draft
from services.tagger.core.book import Frame, Rule, SeverityRule, Shape, TermRule, TopicRules, Window
from services.tagger.seed_files import SeedFile, mapping_of, split_terms

TOP_KEYS = frozenset(
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


def topic_rules(file: SeedFile, draft: Draft) -> TopicRules:
    """The rules of a topic's file."""
    try:
        topic = Topic(file.content["topic"])
    except ValueError:
        raise OperatorError(file.at("topic"), f"{file.content['topic']!r} is no topic") from None
    rules = tuple(_rule(file, draft, topic.value, node) for node in file.content.get("rules", ()))
    return TopicRules(topic, _number(file.content.get("threshold", 3), file.at("threshold")), rules)


def offence(file: SeedFile, draft: Draft) -> int:
    """The offence of a topic as such, as it stands in enumerations."""
    mask = 0
    for name in file.content.get("offence", ()):
        mask |= draft.mask(name, file.at("offence"))
    return mask


def frames(file: SeedFile, draft: Draft) -> Iterator[Frame]:
    """What holds stories back."""
    for node in file.content.get("frames", ()):
        rule = _rule(file, draft, "frame", node)
        yield Frame(rule, _topics_of(node, file.at(rule.name, node)), bool(node.get("veto", False)))


def kinds(file: SeedFile, draft: Draft) -> Iterator[tuple[Kind, tuple[Rule, ...]]]:
    """The rules of each kind."""
    for code, nodes in mapping_of(file, "kinds"):
        kind = _kind(code, file.at(f"kinds.{code}"))
        yield kind, tuple(_rule(file, draft, kind.value, node) for node in nodes)


def shapes(file: SeedFile, draft: Draft) -> Iterator[Shape]:
    """What headlines are by their grammar."""
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


def severities(file: SeedFile, draft: Draft) -> Iterator[SeverityRule]:
    """The triggers of severity that are words."""
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


def fact_terms(files: list[SeedFile], draft: Draft) -> tuple[TermRule, ...]:
    """The facts that are words of a closed list; their terms join the draft."""
    rules = []
    for file in files:
        for slot, values in mapping_of(file, "facts"):
            if not isinstance(values, Mapping):
                raise OperatorError(file.at(f"facts.{slot}"), "has to be a mapping")
            for value, terms in values.items():
                name = f"fact:{slot}:{value}"
                draft.add(
                    name, split_terms(terms, file.at(f"facts.{slot}.{value}", values)), file.at(name, values)
                )
                rules.append(TermRule(str(slot), str(value), draft.bits[name]))
    return tuple(rules)


def _rule(file: SeedFile, draft: Draft, owner: str, node: Any, within: Window = Window.SENTENCE) -> Rule:
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


def _topics_of(node: Any, where: str) -> frozenset[Topic]:
    try:
        return frozenset(Topic(code) for code in node.get("topics", ()))
    except ValueError as error:
        raise OperatorError(where, str(error)) from None


def _kind(code: Any, where: str) -> Kind:
    try:
        return Kind(code)
    except ValueError:
        raise OperatorError(where, f"kind is {code!r}, which is no kind") from None
