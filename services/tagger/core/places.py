"""Find the places of a story, and what each has to do with the event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.contracts.codes import Kind, Role
from services.tagger.core.book import PlaceEntry, Rulebook
from services.tagger.core.lexicon import Hit
from services.tagger.core.place_roles import Scene, inherited, joined, role_of
from services.tagger.core.place_words import PlaceWords, word_after, words_before
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span

MAX_PLACES = 14
#: A state named less than this part of the most named one is no side of a border.
_ONE_SIDE = 3
#: A town of a state that is hardly named beside the most named one: the foot of the page, or another story.
_ONE_TOWN = 8
_TOLD = 2.0
_EVIDENCE = 3


@dataclass(frozen=True)
class FoundPlace:
    """A place with its role and what says so."""

    entry: PlaceEntry
    role: Role
    evidence: tuple[Span, ...]
    weight: float


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
    scene = Scene(reading, folded, kind, book.bit("k_meet"), book.place_words)
    chosen = _resolve(hits, book, folded, reading.whole)
    mentions: list[_Mention] = []
    for hit, entry in chosen:
        sentence = reading.sentences.at(hit.start)
        role = _listed(mentions[-1], hit, entry, scene) if mentions else None
        role = role or role_of(hit, scene, state=entry.region is None)
        mentions.append(_Mention(hit, entry, sentence, role, _weight(sentence, reading, about, entry)))
    mentions = _arrivals(_missions(mentions, scene), reading, book)
    settled = _abroad(_settle(mentions, kind), reading, book, both_sides)
    return _merge(settled, reading)


def _arrivals(mentions: list[_Mention], reading: Reading, book: Rulebook) -> list[_Mention]:
    """Where one's own people who are sent home arrive is where it happens: "deported to Nunukan"."""
    sent, own = book.bit("sent_home_word"), book.bit("worker") | book.bit("own_national")
    if not reading.everything & sent or not reading.everything & own:
        return mentions
    return [
        m._replace(role=Role.EVENT)
        if m.role in {Role.DESTINATION, Role.TRANSIT}
        and m.entry.region
        and reading.bits[m.sentence] & sent
        and reading.bits[m.sentence] & own
        else m
        for m in mentions
    ]


def _missions(mentions: list[_Mention], scene: Scene) -> list[_Mention]:
    """An embassy speaks where it sits; it is the scene only of a story that has none else in that country."""
    told = [_of_a_mission(mention, scene) for mention in mentions]
    if not any(told):
        return mentions
    elsewhere = {
        (m.entry.country, m.entry.region)
        for m, mission in zip(mentions, told, strict=True)
        if not mission and m.role is Role.EVENT and m.entry.region and not scene.reading.in_dateline(m.hit.start)
    }
    countries = {country for country, _ in elsewhere}
    return [
        m._replace(role=Role.STATEMENT) if mission and m.entry.country in countries else m
        for m, mission in zip(mentions, told, strict=True)
    ]


def _of_a_mission(mention: _Mention, scene: Scene) -> bool:
    before = words_before(scene.folded, mention.hit.start, 2)
    return mention.role is Role.EVENT and any(word in scene.words.mission for word in before)


def _listed(before: _Mention, hit: Hit, entry: PlaceEntry, scene: Scene) -> Role | None:
    """The role of the place right before, where this one is the next of a list or says where that one lies."""
    alike = before.entry.country == entry.country or (before.entry.region is None and entry.region is None)
    if alike and joined(scene.reading, before.hit, hit) and inherited(before.role, hit, scene):
        return before.role
    return None


def _resolve(hits: Sequence[Hit], book: Rulebook, folded: bytes, whole: str) -> list[tuple[Hit, PlaceEntry]]:
    """Which place of a name is meant: the one whose region or country the story names elsewhere."""
    words = book.place_words
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
        before = words_before(folded, hit.start, 1)
        if _is_borne(hit, before, folded, whole, words):
            continue
        # "Polres Malang" is a place, whatever "malang" means.
        named = folded[hit.start : hit.end].partition(b" ")[0] in words.before_a_town
        wanted = same.entries if named or (before and before[-1] in words.before_a_town) else same.plain
        maybe_a_name = before and before[-1] not in words.no_person
        if before and before[-1].isdigit() and folded[hit.start : hit.end] in words.also_words:
            continue  # "286.560 Batang Rokok"
        if not wanted or (maybe_a_name and _in_a_name(hit, wanted, support, before[-1], whole)):
            continue
        best = wanted[0]
        if len(wanted) > 1:
            best = max(
                wanted,
                key=lambda e: (regions[e.region or ""] + 0.3 * regions[e.country], -e.rank),
            )
        chosen.append((hit, best))
    return chosen


def _is_borne(hit: Hit, before: Sequence[bytes], folded: bytes, whole: str, words: PlaceWords) -> bool:
    """Whether a ship, a company or a paper bears the name: "KN Tanjung Datu", "Bangkok Airways"."""
    if before and before[-1] in words.ships and whole[hit.start - 2 : hit.start - 1].isupper():
        return True
    return whole[hit.end + 1 : hit.end + 2].isupper() and word_after(folded, hit.end) in words.companies


def _in_a_name(
    hit: Hit, entries: Sequence[PlaceEntry], support: dict[str, set[str]], before: bytes, whole: str
) -> bool:
    """A town named once, right after a capitalised word that is no office: part of somebody's name."""
    if entries[0].type not in {"city", "regency", "district"}:
        return False
    glued = whole[hit.start - 1 : hit.start] == " " and whole[hit.start - 2 : hit.start - 1].isalpha()
    word = whole[max(0, hit.start - 1 - len(before)) : hit.start - 1]
    if not glued or not word[:1].isupper():
        return False
    return word[1:].islower() and len(support[entries[0].region or ""]) <= 1


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
        elif wanted is Role.STATEMENT:  # "339 held in Cambodia", told in Jakarta and by the embassy in Phnom Penh
            instead = [m for m in instead if m.entry.country in elsewhere] or instead
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
    found: list[FoundPlace] = []
    passing: list[FoundPlace] = []
    for (_, _, role), group in grouped.items():
        weight = sum(m.weight for m in group)
        spans = tuple(reading.span(m.hit.start, m.hit.end, f"places/{role.value}") for m in group[:_EVIDENCE])
        place = FoundPlace(group[0].entry, role, spans, weight)
        # Named once, far down: in passing, unless nothing else says where it was.
        (passing if role is Role.EVENT and weight < _TOLD else found).append(place)
    if not any(place.role in {Role.EVENT, Role.VENUE} and place.entry.region for place in found):
        found += [place for place in passing if place.entry.region]
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
