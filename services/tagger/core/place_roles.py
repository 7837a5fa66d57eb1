"""Tell from the words around a place what it has to do with the event."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.contracts.codes import Kind, Role
from services.tagger.core.lexicon import Hit
from services.tagger.core.place_words import PlaceWords, word_after, words_before
from services.tagger.core.reading import Reading

_STATED = re.compile(
    rb"\b(?:kata|ujar|ujarnya|katanya|menurut|jelas|ungkap|tutur|menyebut|mengatakan|keterangan|said|told)\b"
)
_AFTER_STATED = re.compile(
    r"^[^.\n]{0,24}?,?\s*\(?(?:Senin|Selasa|Rabu|Kamis|Jumat|Jum'at|Sabtu|Minggu|Ahad)\b|^,? \(\d{1,2}/\d"
)


@dataclass(frozen=True)
class Scene:
    """What every mention of a story is judged against."""

    reading: Reading
    folded: bytes
    kind: Kind
    meets: int  # the concept of a meeting
    words: PlaceWords


#: What joins the places of a list, or a town to the province it lies in: "asal NTT, Aceh dan Jawa", "Belu (NTT)".
_JOINED = re.compile(
    r"\s*(?:,|\(|,?\s(?:dan|serta|atau|maupun|and|or)\b)\s*(?:(?:Provinsi|provinsi|Prov\.?|Kab\.?|Kabupaten|Kota)\s+)?\(?\s*"
)
_INHERITED = frozenset({Role.ORIGIN, Role.DESTINATION, Role.TRANSIT})


def joined(reading: Reading, before: Hit, hit: Hit) -> bool:
    """Whether nothing but a comma, a bracket or an "and" stands between two mentions."""
    return hit.start - before.end < 24 and _JOINED.fullmatch(reading.whole, before.end, hit.start) is not None


def inherited(role: Role, hit: Hit, scene: Scene) -> bool:
    """Whether the next place of a list has this role as well; an office ("Polda NTT") acts by itself."""
    first = scene.folded[hit.start : hit.end].split(None, 1)[0]
    return role in _INHERITED and first not in scene.words.before_a_town


def role_of(hit: Hit, scene: Scene, *, state: bool) -> Role:
    """What a mention's words say it is to the event."""
    folded, words = scene.folded, scene.words
    if scene.reading.in_dateline(hit.start):
        return Role.VENUE if scene.kind is Kind.POLICY_COOPERATION else Role.STATEMENT
    earlier, last = ([b"", b"", *words_before(folded, hit.start, 3)])[-2:]
    if last == b"the":
        last = earlier  # "from the Philippines"
    acting = _acting(hit, scene, last, state=state) or _speaking(hit, scene)
    if acting:
        return acting
    if _is_origin(hit, scene, earlier, last, state=state):
        return Role.ORIGIN
    if last == b"masuk" and earlier in words.about_to:
        return Role.DESTINATION
    for said, role in (
        (words.office, Role.EVENT),
        (words.transit, Role.TRANSIT),
        (words.destination, Role.DESTINATION),
    ):
        if last in said:
            return role
    return _located(hit, scene, last in words.locative)


def _speaking(hit: Hit, scene: Scene) -> Role | None:
    """ "Jakarta said": a state, wherever the event was."""
    folded, words = scene.folded, scene.words
    capital = folded[hit.start : hit.end] in words.wire_desks
    return Role.STATEMENT if capital and word_after(folded, hit.end) in words.speaks else None


def _is_origin(hit: Hit, scene: Scene, earlier: bytes, last: bytes, *, state: bool) -> bool:
    """Whether the words around a place say that somebody or something comes from it."""
    folded, words = scene.folded, scene.words
    return (
        last in words.origin
        or folded[hit.start : hit.end] in words.demonym
        or (state and last in words.of_a_state)
        or (last in words.city_type and earlier in words.origin)
        or (last == b"negara" and earlier == b"warga")
        or word_after(folded, hit.end) in words.people  # "Myanmar migrants"
    )


def _acting(hit: Hit, scene: Scene, last: bytes, *, state: bool) -> Role | None:
    """A state that speaks of the event, or a town whose court sits where it is tried."""
    if state:
        return Role.STATEMENT if _speaks(hit, scene, last) else None
    return Role.EVENT if _has_a_court(hit, scene) else None


def _has_a_court(hit: Hit, scene: Scene) -> bool:
    """ "sent to Phnom Penh Municipal Court", "Dong Nai People's Court"."""
    after = scene.folded[hit.end : hit.end + 40].split(None, 4)[:4]
    at = next((at for at, word in enumerate(after) if word in scene.words.court), None)
    return at is not None and scene.words.of_a_court.issuperset(after[:at])


def _speaks(hit: Hit, scene: Scene, last: bytes) -> bool:
    """Whether a state is named for somebody who speaks for it."""
    return last in scene.words.state_office or word_after(scene.folded, hit.end) in scene.words.state_officer


def _located(hit: Hit, scene: Scene, locative: bool) -> Role:
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
