"""Find the places of a story, and what each has to do with the event."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.contracts.codes import Kind, Role
from services.tagger.core.book import PlaceEntry, Rulebook
from services.tagger.core.folding import fold
from services.tagger.core.lexicon import Hit
from services.tagger.core.place_words import (
    ABOUT_TO,
    AIMED_AT,
    BEFORE_A_TOWN,
    CITY_TYPE,
    DEMONYM,
    DESTINATION,
    LOCATIVE,
    LODGING,
    OF_A_PEOPLE,
    OF_A_STATE,
    OFFICE,
    ORIGIN,
    PEOPLE,
    SENT_TO,
    STATE_BODY,
    STATE_OFFICE,
    STATE_OFFICER,
    TOWNSPEOPLE,
    TRANSIT,
)
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span

MAX_PLACES = 14
#: A state named less than this part of the most named one is no side of a border.
_ONE_SIDE = 3
#: A town of a state that is hardly named beside the most named one: the foot of the page, or another story.
_ONE_TOWN = 8
_EVIDENCE = 3
#: Where the agencies sit.
_WIRE_DESKS = frozenset(
    (
        *(b"jakarta", b"kuala lumpur", b"putrajaya", b"singapore", b"bangkok", b"manila", b"hanoi", b"yangon"),
        *(b"naypyitaw", b"nay pyi taw", b"phnom penh", b"vientiane", b"dili", b"port moresby", b"indonesia"),
        *(b"malaysia", b"thailand", b"philippines", b"vietnam", b"myanmar", b"cambodia", b"laos"),
    )
)
_NO_PERSON = BEFORE_A_TOWN | TOWNSPEOPLE | ORIGIN | DESTINATION | TRANSIT | LODGING
_STATED = re.compile(
    rb"\b(?:kata|ujar|ujarnya|katanya|menurut|jelas|ungkap|tutur|menyebut|mengatakan|keterangan|said|told)\b"
)
_AFTER_STATED = re.compile(
    r"^[^.\n]{0,24}?,?\s*\(?(?:Senin|Selasa|Rabu|Kamis|Jumat|Jum'at|Sabtu|Minggu|Ahad)\b|^,? \(\d{1,2}/\d"
)


@dataclass(frozen=True)
class FoundPlace:
    """A place with its role and what says so."""

    entry: PlaceEntry
    role: Role
    evidence: tuple[Span, ...]
    weight: float


@dataclass(frozen=True)
class _Scene:
    """What every mention of a story is judged against."""

    reading: Reading
    folded: bytes
    kind: Kind
    meets: int


class _Mention(NamedTuple):  # twenty a story: a quarter of what a frozen class costs
    hit: Hit
    entry: PlaceEntry
    sentence: int
    role: Role
    weight: float


def find_places(
    reading: Reading, book: Rulebook, kind: Kind, about: frozenset[int], *, both_sides: bool = False
) -> tuple[FoundPlace, ...]:
    """The places that carry the story, the weightiest first.

    ``about`` are the sentences the topics rest on: a place far from all of them is not the event's.
    ``both_sides``: the story is about a border, so a state named beside another is part of the event.
    """
    hits = reading.place_names
    if not hits:
        return ()
    folded = reading.folded
    scene = _Scene(reading, folded, kind, book.bit("k_meet"))
    chosen = _resolve(hits, book, folded, reading.whole)
    mentions = []
    for hit, entry in chosen:
        sentence = reading.sentences.at(hit.start)
        role = _role(hit, scene, state=entry.region is None)
        mentions.append(_Mention(hit, entry, sentence, role, _weight(sentence, reading, about, entry)))
    settled = _abroad(_settle(mentions, kind), reading, book, both_sides)
    return _merge(settled, reading)


def countries_named(reading: Reading, book: Rulebook) -> Counter[str]:
    """How often each country, or a place in it, is named outside datelines; a town's own dateline counts once.

    The capitals, whose desks write about the whole world, say nothing of where a story is set.
    A country outside the area that people are only said to be from, or to be sent to, is not where it happened.
    """
    counted: Counter[str] = Counter()
    folded, title_end = reading.folded, reading.sentences.ends[0] if reading.has_title else -1
    for hit in reading.place_names:
        _, plain, _, countries = book.namesakes(hit.pattern.places)
        if reading.in_dateline(hit.start):
            desk = folded[hit.start : hit.end] in _WIRE_DESKS
            counted[countries[0]] += bool(plain) and not desk and countries[0] in book.area
            continue
        if not plain or (countries[0] not in book.area and _only_of_people(hit, folded, countries[0])):
            continue
        for country in countries:
            counted[country] += 3 if hit.end <= title_end else 1
    return counted


def set_elsewhere(reading: Reading, book: Rulebook) -> bool:
    """Whether the headline itself is set outside the area: "at Prague airport", "Panama finds", "Polisi India".

    A state that stands first is the one that acts; "Taiwanese nabbed" and "cartel of Mexico" only say who.
    """
    title_end = reading.sentences.ends[0] if reading.has_title else -1
    for hit in reading.place_names:
        if hit.end > title_end:
            continue
        same = book.namesakes(hit.pattern.places)
        if same.countries[0] in book.area or not same.plain:
            continue
        before = _before(reading.folded, hit.start, 2)
        if before and (before[-1] in LOCATIVE or (len(before) == 1 and before[0] in STATE_BODY)):
            return True
        if not before and (_is_a_state(hit, reading, same.entries) or _follows(hit, reading.folded) in STATE_BODY):
            return True
    return False


def _is_a_state(hit: Hit, reading: Reading, entries: Sequence[PlaceEntry]) -> bool:
    """A state by its name in any language, and not the English word for its people."""
    name = reading.folded[hit.start : hit.end].strip()
    if any(fold(entry.name).strip() == name for entry in entries):
        return True
    return any(entry.type == "country" for entry in entries) and not name.endswith(OF_A_PEOPLE)


def _follows(hit: Hit, folded: bytes) -> bytes:
    after = folded[hit.end : hit.end + 24].split(None, 1)
    return after[0] if after else b""


def _only_of_people(hit: Hit, folded: bytes, country: str) -> bool:
    """ "Chinese nationals", "to China": where people are from or sent to."""
    before = _before(folded, hit.start, 1)
    if before and (
        before[0] in ORIGIN or before[0] in AIMED_AT or (country in SENT_TO and before[0] in DESTINATION)
    ):
        return True
    return _of_people(hit, folded)


def _resolve(hits: Sequence[Hit], book: Rulebook, folded: bytes, whole: str) -> list[tuple[Hit, PlaceEntry]]:
    """Which place of a name is meant: the one whose region or country the story names elsewhere."""
    regions: dict[str, int] = defaultdict(int)
    support: dict[str, set[str]] = defaultdict(set)
    # A story names the same few places again and again: what a name stands for is looked up once.
    for (term, places), times in Counter((hit.pattern.term, hit.pattern.places) for hit in hits).items():
        same = book.namesakes(places)
        for entry in same.entries:
            support[entry.region or ""].add(term)
        for area in (*same.regions, *same.countries):
            regions[area] += times
    chosen = []
    for hit in hits:
        same = book.namesakes(hit.pattern.places)
        before = _before(folded, hit.start, 1)
        wanted = same.entries if before and before[-1] in BEFORE_A_TOWN else same.plain
        if not wanted or _in_a_name(hit, wanted, support, before, whole):
            continue
        best = wanted[0]
        if len(wanted) > 1:
            best = max(
                wanted,
                key=lambda e: (regions[e.region or ""] + 0.3 * regions[e.country], -e.rank),
            )
        chosen.append((hit, best))
    return chosen


def _in_a_name(
    hit: Hit, entries: Sequence[PlaceEntry], support: dict[str, set[str]], before: list[bytes], whole: str
) -> bool:
    """A town named once, right after a capitalised word that is no office: part of somebody's name."""
    if entries[0].type not in {"city", "regency", "district"} or not before:
        return False
    glued = whole[hit.start - 1 : hit.start] == " " and whole[hit.start - 2 : hit.start - 1].isalpha()
    word = whole[max(0, hit.start - 1 - len(before[-1])) : hit.start - 1]
    if not glued or not word[:1].isupper() or before[-1] in _NO_PERSON:
        return False
    return word[1:].islower() and len(support[entries[0].region or ""]) <= 1


def _before(folded: bytes, start: int, count: int) -> list[bytes]:
    return folded[max(0, start - 40) : start].rsplit(None, count)[-count:]


def _role(hit: Hit, scene: _Scene, *, state: bool) -> Role:
    """What a mention's words say it is to the event."""
    folded = scene.folded
    if scene.reading.in_dateline(hit.start):
        return Role.VENUE if scene.kind is Kind.POLICY_COOPERATION else Role.STATEMENT
    earlier, last = ([b"", b"", *_before(folded, hit.start, 3)])[-2:]
    if last == b"the":
        last = earlier  # "from the Philippines"
    if state and _speaks(hit, folded, last):
        return Role.STATEMENT
    if _is_origin(hit, folded, earlier, last, state=state):
        return Role.ORIGIN
    if last == b"masuk" and earlier in ABOUT_TO:
        return Role.DESTINATION
    for words, role in ((OFFICE, Role.EVENT), (TRANSIT, Role.TRANSIT), (DESTINATION, Role.DESTINATION)):
        if last in words:
            return role
    return _located(hit, scene, last in LOCATIVE)


def _is_origin(hit: Hit, folded: bytes, earlier: bytes, last: bytes, *, state: bool) -> bool:
    """Whether the words around a place say that somebody or something comes from it."""
    return (
        last in ORIGIN
        or folded[hit.start : hit.end] in DEMONYM
        or (state and last in OF_A_STATE)
        or (last in CITY_TYPE and earlier in ORIGIN)
        or (last == b"negara" and earlier == b"warga")
        or _of_people(hit, folded)
    )


def _of_people(hit: Hit, folded: bytes) -> bool:
    """ "Myanmar migrants": a state's name before a word for people says where they come from."""
    after = folded[hit.end : hit.end + 24].split(None, 1)
    return bool(after) and after[0] in PEOPLE


def _speaks(hit: Hit, folded: bytes, last: bytes) -> bool:
    """Whether a state is named for somebody who speaks for it."""
    after = folded[hit.end : hit.end + 24].split(None, 1)
    return last in STATE_OFFICE or bool(after and after[0] in STATE_OFFICER)


def _located(hit: Hit, scene: _Scene, locative: bool) -> Role:
    """ "di Kupang": where it happened, where they met, or only where somebody spoke of it."""
    reading, folded = scene.reading, scene.folded
    index = reading.sentences.at(hit.start)
    start = reading.sentences.starts[index]
    tail = reading.whole[hit.end : hit.end + 40]
    if _AFTER_STATED.match(tail) and _STATED.search(folded[start : hit.start]):
        return Role.STATEMENT
    if locative and scene.kind is Kind.POLICY_COOPERATION and reading.bits[index] & scene.meets:
        return Role.VENUE
    return Role.EVENT


def _weight(sentence: int, reading: Reading, about: frozenset[int], entry: PlaceEntry) -> float:
    weight = 3.0 if reading.has_title and sentence == 0 else 2.0 if reading.in_lead(sentence) else 1.0
    if sentence in about:
        weight += 1.0
    return weight + (0.5 if entry.region else 0.0)


def _settle(mentions: list[_Mention], kind: Kind) -> list[_Mention]:
    """Where no event place has a region, the place of the statement stands in for it."""
    located = any(m.role in {Role.EVENT, Role.VENUE} and m.entry.region for m in mentions)
    if located:
        return mentions
    role = Role.VENUE if kind is Kind.POLICY_COOPERATION else Role.EVENT
    elsewhere = {m.entry.country for m in mentions if m.role is Role.EVENT}
    for wanted in (Role.STATEMENT, Role.DESTINATION, Role.TRANSIT, Role.ORIGIN):
        instead = [m for m in mentions if m.role is wanted and m.entry.region]
        if wanted is Role.ORIGIN:  # "deported 26 from Phnom Penh", but not "from Lampung" held abroad
            instead = [m for m in instead if elsewhere <= {m.entry.country}]
        if instead:
            first = instead[0].entry
            return [
                _Mention(m.hit, m.entry, m.sentence, role, m.weight)
                if m.entry is first and m.role is wanted
                else m
                for m in mentions
            ]
    return mentions


def _abroad(mentions: list[_Mention], reading: Reading, book: Rulebook, both_sides: bool) -> list[_Mention]:
    """A state only named beside the place of the event is where people were to go, or nothing at all."""
    scene = [m for m in mentions if m.role in {Role.EVENT, Role.VENUE}]
    home = {m.entry.country for m in scene if m.entry.region}
    if not scene:
        return mentions
    weight: Counter[str] = Counter()
    for mention in scene:
        weight[mention.entry.country] += round(10 * mention.weight)
    most = max(weight.values())
    if both_sides:
        return [
            m for m in mentions if weight[m.entry.country] * (_ONE_TOWN if m.entry.region else _ONE_SIDE) >= most
        ]
    movement = book.bit("recruit") | book.bit("lure") | book.bit("worker") | book.bit("smuggle")
    kept = []
    for mention in mentions:
        country = mention.entry.country
        named_only = mention.role in {Role.EVENT, Role.VENUE} and mention.entry.region is None
        if not named_only or country in home or (not home and weight[country] * 2 >= most):
            kept.append(mention)
        elif home and reading.bits[mention.sentence] & movement and country != "ID":
            kept.append(mention._replace(role=Role.DESTINATION))
    return kept


def _merge(mentions: Iterable[_Mention], reading: Reading) -> tuple[FoundPlace, ...]:
    grouped: dict[tuple[str, str | None, Role], list[_Mention]] = {}
    for mention in mentions:
        grouped.setdefault((mention.entry.name, mention.entry.region, mention.role), []).append(mention)
    found = []
    for (_, _, role), group in grouped.items():
        weight = sum(m.weight for m in group)
        if role is Role.EVENT and weight < 2.0:
            continue  # named once, in passing, far from the event
        spans = tuple(reading.span(m.hit.start, m.hit.end, f"places/{role.value}") for m in group[:_EVIDENCE])
        found.append(FoundPlace(group[0].entry, role, spans, weight))
    found.sort(key=lambda place: (-place.weight, place.entry.name))
    found = _one_scene(found)
    return tuple(found[:MAX_PLACES])


def _one_scene(found: list[FoundPlace]) -> list[FoundPlace]:
    """A place is the event's or the meeting's, whichever weighs more; where it was said adds nothing then."""
    scenes: set[str] = set()
    kept = []
    for place in found:
        if place.role in {Role.EVENT, Role.VENUE}:
            if place.entry.name in scenes:
                continue
            scenes.add(place.entry.name)
        kept.append(place)
    return [place for place in kept if place.role is not Role.STATEMENT or place.entry.name not in scenes]
