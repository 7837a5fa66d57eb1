"""Constructed incidents through the real tagger, and constructed syndication: how often the join is right."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benches are not installed

from bench.incidents.copies import Ours, measure
from bench.incidents.quality import bcubed, clusters_of, join_stories
from bench.incidents.rejoin import rejoin
from bench.incidents.stories import Told, read_stories
from services.tagger.core.book import Rulebook
from services.tagger.join import label
from tests.tagger.builders import a_story, received

#: What a change of rules must not lose.
GOAL_F1 = 0.90
GOAL_PRECISION = 0.95


@pytest.fixture(scope="module")
def told() -> list[Told]:
    return read_stories()


@pytest.fixture(scope="module")
def found(told: list[Told], book: Rulebook) -> dict[str, str]:
    return clusters_of(join_stories(told, book))


def test_the_set_is_large_in_both_languages_and_has_look_alikes(told: list[Told]) -> None:
    sizes = Counter(one.incident for one in told)
    assert len([size for size in sizes.values() if 2 <= size <= 6]) >= 80
    assert min(Counter(one.event.language for one in told)[code] for code in ("id", "en")) >= 50
    assert len([one for one in told if not one.event.text]) >= 10


@pytest.mark.parametrize("part", ["tuned", "looked at since"])
def test_stories_of_one_event_become_one_incident(part: str, told: list[Told], found: dict[str, str]) -> None:
    truth = {one.event.story_id: one.incident for one in told}
    score = bcubed(found, truth, [one.event.story_id for one in told if one.part == part])
    assert score.f1 >= GOAL_F1, score
    assert score.precision >= GOAL_PRECISION, score


LOOK_ALIKES = [
    ("bolok-9", "tenau-23"),
    ("bolok-9", "larantuka-9"),
    ("motaain-fuel", "motamasin-fuel"),
    ("deport-132", "deport-145"),
    ("lingga-43k", "lingga-129k"),
    ("bavet-62", "poipet-62"),
    ("poipet-closed", "poipet-reopened"),
    ("johor-sinking", "bintan-sinking"),
    ("natuna-3boats", "natuna-2boats"),
    ("bekasi-kidney", "bekasi-babies"),
]


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKES)
def test_look_alikes_stay_apart(one: str, other: str, told: list[Told], found: dict[str, str]) -> None:
    clusters = {
        incident: {found[story.event.story_id] for story in told if story.incident == incident}
        for incident in (one, other)
    }
    assert not clusters[one] & clusters[other]


FORM = (
    "{town} - Polisi menggagalkan keberangkatan {count} calon pekerja migran nonprosedural di pelabuhan {town}. "
    "Perekrut menjanjikan gaji besar kepada {count} orang itu, lalu menahan paspor mereka di sebuah rumah. "
    "Kapolres setempat mengatakan dua tersangka perekrut kini ditahan, dan sebuah kapal disita."
)
TOWNS = ("Atambua", "Kupang", "Nunukan", "Tarakan", "Entikong", "Sambas")


def test_a_form_filled_for_each_town_is_an_incident_each_and_its_copies_join(book: Rulebook) -> None:
    told = [
        Told(
            town,
            "",
            a_story(f"{outlet}:{town}", f"{outlet}: {town}", FORM.format(town=town, count=3 + 4 * number)),
        )
        for outlet in ("antara", "tribun", "ann")
        for number, town in enumerate(TOWNS)
    ]
    found = clusters_of(join_stories(told, book))
    truth = {one.event.story_id: one.incident for one in told}
    assert bcubed(found, truth).f1 == 1.0, found


def test_perfect_clusters_score_one_and_one_lump_does_not() -> None:
    truth = {"a": "1", "b": "1", "c": "2"}
    assert bcubed(truth, truth).f1 == 1.0
    lump = bcubed(dict.fromkeys(truth, "x"), truth)
    assert (lump.recall, lump.precision) == (1.0, pytest.approx(5 / 9))


def test_syndicated_copies_are_found_among_look_alikes() -> None:
    score = measure(Ours, seed=80, bases=80)
    assert score.recall >= 0.98, score  # 560 copies; over 10,500 it is 0.998
    assert score.precision >= 0.99, score


def test_stories_pushed_through_the_join_at_scale_are_counted_and_joined(
    told: list[Told], book: Rulebook, tmp_path: Path
) -> None:
    some = [one for one in told if one.incident in {"bavet-62", "natuna-3boats"}]
    labelled = [label(received(one.event), book) for one in some]
    done = rejoin(labelled, book, tmp_path / "tagger.sqlite3")
    assert (done.stories, done.relevant, done.incidents) == (len(some), len(some), 2)
    assert done.per_s > 0
