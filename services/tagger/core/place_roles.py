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


def role_of(hit: Hit, scene: Scene, *, state: bool) -> Role:
    """What a mention's words say it is to the event."""
    folded, words = scene.folded, scene.words
    if scene.reading.in_dateline(hit.start):
        return Role.VENUE if scene.kind is Kind.POLICY_COOPERATION else Role.STATEMENT
    earlier, last = ([b"", b"", *words_before(folded, hit.start, 3)])[-2:]
    if last == b"the":
        last = earlier  # "from the Philippines"
    if state and _speaks(hit, scene, last):
        return Role.STATEMENT
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
