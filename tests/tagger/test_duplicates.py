"""The index of texts: its window, what it forgets, and its copy in memory when a transaction is undone."""

from __future__ import annotations

import tracemalloc

import pytest
import sqlalchemy as sa

from services.runtime.store import Store
from services.tagger.clause_cache import ClauseCache, write_pieces
from services.tagger.core.duplicates import MAX_HOLDERS, WINDOW_S, ClauseIndex, Pieces, read_pieces
from services.tagger.tables import clause_sets

TEXT = (
    "Petugas menemukan dua puluh jeriken di semak dekat sungai. Pemiliknya lari ke seberang sebelum fajar tiba."
    " Warga desa mengaku mendengar suara perahu motor menjauh."
)


def filled(*stories: tuple[str, str, float]) -> ClauseIndex:
    index = ClauseIndex()
    for story_id, text, published in stories:
        pieces = read_pieces(text)
        index.add(story_id, [one for sentence in pieces for one in sentence], len(pieces), published)
    return index


def found(index: ClauseIndex, text: str = TEXT, published: float = 0.0) -> list[str]:
    return [one.story_id for one in index.find("asking", read_pieces(text), published)]


@pytest.mark.parametrize(
    "text", ["", "kata dia", "a b c. d e f. g h i.", "。、！", "Lain sekali isi kalimat ini daripada yang lain."]
)
def test_other_words_are_not_found(text: str) -> None:
    assert found(filled(("one", TEXT, 0.0)), text) == []


def test_the_same_sentences_are_found_whatever_their_case_and_marks() -> None:
    assert found(filled(("one", TEXT, 0.0)), TEXT.upper().replace(" dekat ", "  dekat ")) == ["one"]


def test_a_story_does_not_find_itself() -> None:
    assert found(filled(("asking", TEXT, 0.0))) == []


def test_a_story_of_72_hours_ago_is_found_and_an_older_one_is_not() -> None:
    index = filled(("near", TEXT, 0.0), ("far", TEXT, -1.0))
    assert found(index, published=WINDOW_S) == ["near"]


def test_a_story_put_in_again_is_known_by_its_new_text_only() -> None:
    index = filled(("one", TEXT, 0.0), ("one", "Sidang ditunda karena hakim ketua sakit sejak kemarin.", 0.0))
    assert found(index) == []
    assert len(index) == 1


def test_what_was_forgotten_is_not_found_and_the_rest_is() -> None:
    index = filled(("old", TEXT, 0.0), ("new", TEXT, 10.0))
    assert index.forget_before(5.0) == 1
    assert found(index, published=10.0) == ["new"]


@pytest.mark.parametrize("holders", [1, 2, 3, MAX_HOLDERS + 5])
def test_a_piece_whose_stories_are_all_forgotten_is_not_held_any_more(holders: int) -> None:
    index = filled(*((f"story:{n}", TEXT, float(n)) for n in range(holders)))
    assert index.forget_before(float(holders)) == holders
    assert index.pieces == 0


def test_a_piece_of_which_one_story_is_left_is_held_and_finds_it() -> None:
    index = filled(("old", TEXT, 0.0), ("older", TEXT, -1.0), ("new", TEXT, 10.0))
    held = index.pieces
    index.forget_before(5.0)
    assert index.pieces == held
    assert found(index, published=10.0) == ["new"]


def _measured(stories: int, words: int) -> tuple[float, float]:
    """What an index of so many stories says it weighs, and what it took."""
    texts = [
        " ".join(f"kata{story:05}{word:03}" + "." * (word % 8 == 7) for word in range(words))
        for story in range(stories)
    ]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        index = filled(*((f"outlet:{number}", text, float(number)) for number, text in enumerate(texts)))
        return index.weight, tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("stories", "words"), [(1, 8), (300, 8), (300, 80), (1000, 40)])
def test_an_index_weighs_what_it_says(stories: int, words: int) -> None:
    said, took = _measured(stories, words)
    assert said == pytest.approx(took, rel=0.25)


def test_an_index_that_forgot_all_weighs_no_stories() -> None:
    index = filled(*((f"story:{n}", TEXT, float(n)) for n in range(MAX_HOLDERS + 5)))
    held = index.weight
    index.forget_before(1e9)
    assert index.weight < held / 3  # the tables stay as large as they were


def test_a_piece_that_everybody_prints_finds_nobody() -> None:
    index = filled(*((f"story:{n}", TEXT, 0.0) for n in range(MAX_HOLDERS + 5)))
    assert found(index) == []


def test_a_piece_that_some_print_finds_them() -> None:
    assert len(found(filled(*((f"story:{n}", TEXT, 0.0) for n in range(4))))) == 4


def ask(conn: sa.Connection, cache: ClauseCache) -> list[str]:
    return [one.story_id for one in cache.find(conn, "asking", read_pieces(TEXT), 0.0)]


def put(conn: sa.Connection, story_id: str, pieces: Pieces) -> None:
    conn.execute(sa.delete(clause_sets).where(clause_sets.c.story_id == story_id))
    write_pieces(conn, story_id, pieces, 0.0)


async def test_what_another_replica_wrote_is_found(store: Store) -> None:
    mine, theirs = ClauseCache(), ClauseCache()
    await store.write(lambda conn: put(conn, "one", read_pieces(TEXT)))
    assert await store.read(lambda conn: ask(conn, mine)) == ["one"]
    await store.write(lambda conn: put(conn, "two", read_pieces(TEXT)))
    assert await store.read(lambda conn: ask(conn, mine)) == ["one", "two"]
    assert await store.read(lambda conn: ask(conn, theirs)) == ["one", "two"]


async def test_a_text_that_was_taken_back_is_not_found(store: Store) -> None:
    cache = ClauseCache()
    await store.write(lambda conn: put(conn, "one", read_pieces(TEXT)))
    assert await store.read(lambda conn: ask(conn, cache)) == ["one"]
    await store.write(lambda conn: put(conn, "one", ()))
    assert await store.read(lambda conn: ask(conn, cache)) == []


async def test_what_was_rolled_back_is_forgotten_and_its_number_given_again_is_read(store: Store) -> None:
    cache = ClauseCache()
    await store.write(lambda conn: put(conn, "one", read_pieces(TEXT)))

    def fails(conn: sa.Connection) -> None:
        put(conn, "two", read_pieces(TEXT))
        put(conn, "three", read_pieces(TEXT))
        assert ask(conn, cache) == ["one", "two", "three"]
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await store.write(fails)
    await store.write(cache.read_on)
    await store.write(lambda conn: put(conn, "four", read_pieces(TEXT)))
    assert await store.read(lambda conn: ask(conn, cache)) == ["one", "four"]
