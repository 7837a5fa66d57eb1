"""A story ends at the first look only where no rule fires; and what is left out by it is there when asked for."""

import json
import random
from functools import reduce
from operator import or_
from pathlib import Path

import pytest

from services.tagger.book_files import load_book
from services.tagger.core.book import Rule, Rulebook, Window, signs_of
from services.tagger.core.crowding import MAX_HITS_OF_A_TERM
from services.tagger.core.first_look import may_fire
from services.tagger.core.lexicon import Pattern
from services.tagger.core.matching import Matcher
from services.tagger.core.read_story import read
from services.tagger.core.sentences import MAX_SENTENCES, split, sure_starts

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
GOLD = Path(__file__).with_name("gold.jsonl")
BOAT, CAUGHT, OTHER, PHRASE = 1, 2, 4, 8
MATCHER = Matcher(
    [
        Pattern("kapal", BOAT),
        Pattern("ditangkap", CAUGHT),
        Pattern("kapal ditangkap lagi", OTHER),
        Pattern("nelayan", OTHER),
        Pattern("jurnal kapal", PHRASE),
    ],
    PHRASE,
    BOAT | CAUGHT,
)


def look(whole: str, window: Window = Window.SENTENCE, *, has_title: bool = True) -> bool:
    rule = Rule("a boat is caught", (BOAT, CAUGHT), window=window)
    return may_fire([(0, 0, rule)], MATCHER.glance(whole), whole, whole, has_title=has_title)


LONG = "Sebuah kalimat yang cukup panjang untuk awal berita ini."


@pytest.mark.parametrize(
    ("whole", "window"),
    [
        ("Judul\nAda kapal besar di sana. Pelakunya ditangkap.", Window.SENTENCE),
        ("Judul\nAda kapal besar di sana. Hari itu cerah. Pelakunya ditangkap.", Window.NEIGHBOUR),
        ("Ada kapal\nPelakunya ditangkap.", Window.TITLE),
        (f"Ada kapal\n{' '.join([LONG] * 4)} Pelakunya ditangkap.", Window.LEAD),
        ("Judul\nJurnal kapal ditangkap.", Window.SENTENCE),
    ],
)
def test_a_story_whose_parts_stand_too_far_apart_ends_here(whole: str, window: Window) -> None:
    assert not look(whole, window)


@pytest.mark.parametrize(
    ("whole", "window"),
    [
        ("Judul\nAda kapal besar dan pelakunya ditangkap.", Window.SENTENCE),
        ("Judul\nAda kapal dari Kab. Kupang ditangkap.", Window.SENTENCE),  # the end of an abbreviation
        ("Judul\nAda kapal besar di sana. Pelakunya ditangkap.", Window.NEIGHBOUR),
        ("Ada kapal ditangkap\nHari itu cerah.", Window.TITLE),
        (f"Ada kapal\n{' '.join([LONG] * 3)} Pelakunya ditangkap.", Window.LEAD),
        (f"Ada kapal\n{'Pendek saja. ' * 9}Pelakunya ditangkap.", Window.LEAD),
        (f"Judul\nAda kapal besar. {LONG * 9} Pelakunya ditangkap.", Window.STORY),
        ("Judul\n" + "Ada kapal. Hari. " * MAX_SENTENCES + "Pelakunya ditangkap.", Window.SENTENCE),
    ],
)
def test_a_story_in_which_a_rule_may_fire_goes_on(whole: str, window: Window) -> None:
    assert look(whole, window)


def test_a_title_rule_of_a_story_without_a_title_goes_on() -> None:
    assert look("\nAda kapal ditangkap di sana.", Window.TITLE, has_title=False)  # its first sentence is one


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_book(SEEDS / "topics", SEEDS / "places")


def _crossed(seed: int, count: int) -> list[str]:
    """Stories of sentences and pieces of several gold rows, glued by anything that may end a sentence or not."""
    rows = [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    chance, made = random.Random(seed), []
    pieces = [piece for row in rows for piece in row["text"].replace("\n", ". ").split(". ") if piece]
    for _ in range(count):
        body = ""
        for _again in range(chance.randrange(1, 12)):
            piece = chance.choice(pieces)
            at = chance.randrange(len(piece)) if chance.random() < 0.3 else 0
            glue = chance.choice(
                (". ", ".\n", "\n", " ", '." ', "? ", "! ", ".", " Pol. ", ".  \n\n", "… ", "██. ")
            )
            body += piece[at:] + glue
        title = "" if chance.random() < 0.2 else chance.choice(rows)["title"]
        made.append(f"{title}\n{body}")
    return made


def test_where_no_rule_may_fire_none_does(book: Rulebook) -> None:
    ended = 0
    for whole in _crossed(14, 600):
        has_title = not whole.startswith("\n")
        found = book.matcher.glance(whole)
        possible = book.possible(found.everything())
        for one in possible:
            if may_fire([one], found, whole, whole, has_title=has_title):
                continue
            ended += 1
            reading = read(whole, whole, book, has_title=has_title)
            assert not reading.fire(one[2]), (one[2].name, whole)
    assert ended > 500


def _made_rules(chance: random.Random, standing: list[int], others: list[int]) -> list[Rule]:
    """One of each window, of one to four groups that mostly stand in the story, some with what speaks against."""
    made = []
    for window in Window:
        groups = [
            reduce(or_, chance.choices(standing, k=chance.randrange(1, 4))) for _ in range(chance.randrange(1, 5))
        ]
        unless = reduce(or_, chance.choices(others, k=3)) if chance.random() < 0.3 else 0
        made.append(Rule(f"made/{window}", tuple(groups), unless, window, doubles=chance.random() < 0.3))
    return made


def _rewritten(whole: str, chance: random.Random) -> str:
    """Written small, in capitals, without marks, partly masked, with one word again and again, or as it is."""
    title, _, text = whole.partition("\n")
    how = chance.randrange(8)
    if how < 3:
        return [whole.lower(), whole.upper(), f"{title}\n{text.replace('.', '').replace(chr(10), ' ')}"][how]
    words = text.split(" ")
    at = chance.randrange(len(words))
    if how == 3:
        words[at] = "█" * len(words[at])
    elif how == 4:
        words += words[at : at + 2] * 40
    return f"{title}\n{' '.join(words)}"


def test_where_no_made_rule_may_fire_none_does(book: Rulebook) -> None:
    """Rules of every window over what stands in a story, also as the book has none yet."""
    chance, ended, fired = random.Random(16), 0, 0
    signs = signs_of(book.topics)
    told = [bit for bit in book.concepts.values() if bit & signs]
    for story in _crossed(16, 400):
        whole = _rewritten(story, chance)
        has_title = bool(whole.partition("\n")[0].strip())
        found = book.matcher.glance(whole)
        standing = [bit for bit in told if bit & found.everything()] + chance.choices(told, k=2)
        reading = read(whole, whole, book, has_title=has_title, found=found.complete())
        for rule in _made_rules(chance, standing, list(book.concepts.values())):
            fires = bool(reading.fire(rule))
            goes_on = may_fire([(0, 0, rule)], found, whole, whole, has_title=has_title)
            assert goes_on or not fires, (rule, whole)
            ended, fired = ended + (not goes_on), fired + fires
    assert ended > 100 and fired > 300, (ended, fired)


def test_sure_starts_are_starts() -> None:
    for whole in _crossed(15, 600):
        assert set(sure_starts(whole)) <= set(split(whole).starts), whole


def test_a_glance_leaves_out_what_is_no_sign_and_completing_brings_it_back() -> None:
    found = MATCHER.glance("Kapal ditangkap lagi, kata nelayan.")
    assert found.everything() == BOAT | CAUGHT
    assert found.complete().everything() == BOAT | CAUGHT | OTHER
    told = found.told(found.by_sentence([0]), 0, 0, 99)
    assert [hit.pattern.term for hit in told] == ["kapal", "ditangkap", "kapal ditangkap lagi", "nelayan"]


def test_of_terms_that_end_together_the_longest_comes_first() -> None:
    matcher = Matcher([Pattern("kapal", BOAT), Pattern("anak kapal", OTHER)], 0, BOAT)
    found = matcher.find("Ada anak kapal.")
    told = found.told(found.by_sentence([0]), 0, 0, 99)
    assert [hit.pattern.term for hit in told] == ["anak kapal", "kapal"]


def test_a_glance_at_a_crowded_text_is_complete() -> None:
    crowded = "kapal ditangkap nelayan " * 600
    found = MATCHER.glance(crowded)
    assert found.everything() == BOAT | CAUGHT | OTHER
    assert len(found.told(found.by_sentence([0]), 0, 0, len(crowded))) == 3 * MAX_HITS_OF_A_TERM
    assert found.complete() is found
