"""`siaga eval`: figures out of fold, and two rule sets compared story by story."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.evaluate import eval_command
from services.cli.evaluate_against import Effect, changes
from services.cli.evaluate_folds import fold_of, others, out_of_fold
from services.tagger.core.figures import Answer, Gold, compare

SEEDS = Path(__file__).parents[2] / "seeds"


def a_gold(story_id: str, *topics: str, sure: bool = True, **labels: object) -> Gold:
    return Gold(story_id, f"title {story_id}", "id", bool(topics), tuple(topics), sure=sure, **labels)  # type: ignore[arg-type]


def an_answer(*topics: str, **labels: object) -> Answer:
    return Answer(bool(topics), tuple(topics), **labels)  # type: ignore[arg-type]


def test_every_story_is_answered_once_by_the_scale_of_the_other_folds() -> None:
    golds = [a_gold(str(n), *(["drug_trafficking"] if n % 2 else [])) for n in range(40)]
    right = [(gold, an_answer(*gold.topics)) for gold in golds]
    never = [(gold, an_answer()) for gold in golds]
    found = out_of_fold({1.0: never, 0.8: right}, 5)
    assert sorted(gold.story_id for gold, _ in found.pairs) == sorted(gold.story_id for gold in golds)
    assert found.chosen == {0.8: 5}
    assert compare(found.pairs).shares["recall"].value == 1.0


def test_a_fold_is_never_fitted_on_its_own_stories() -> None:
    pairs = [(a_gold(str(n)), an_answer()) for n in range(40)]
    for fold in range(5):
        assert all(fold_of(gold.story_id, 5) != fold for gold, _ in others(pairs, fold, 5))


def test_where_two_scales_do_as_well_the_rules_stay_as_written() -> None:
    pairs = [(a_gold(str(n), "drug_trafficking"), an_answer("drug_trafficking")) for n in range(20)]
    assert out_of_fold({1.0: pairs, 0.8: pairs}, 5).chosen == {1.0: 5}


@pytest.mark.parametrize(
    ("gold", "before", "after", "effect"),
    [
        (a_gold("1", "drug_trafficking"), an_answer(), an_answer("drug_trafficking"), Effect.GAINED),
        (a_gold("1", "drug_trafficking"), an_answer("drug_trafficking"), an_answer(), Effect.LOST),
        (a_gold("1"), an_answer(), an_answer("drug_trafficking"), Effect.LOST),
        (
            a_gold("1", "drug_trafficking", sure=False),
            an_answer(),
            an_answer("drug_trafficking"),
            Effect.CHANGED,
        ),
    ],
    ids=["found", "lost", "wrongly_found", "not_sure"],
)
def test_a_change_is_judged_by_the_label(gold: Gold, before: Answer, after: Answer, effect: Effect) -> None:
    [change] = changes([(gold, before)], [(gold, after)])
    assert (change.part, change.effect) == ("relevant", effect)


def test_an_equal_answer_is_no_change() -> None:
    pair = [(a_gold("1", "drug_trafficking"), an_answer("drug_trafficking", severity=2))]
    assert changes(pair, pair) == []


def test_a_country_of_the_event_that_the_label_does_not_name_is_counted() -> None:
    gold = a_gold("1", "drug_trafficking", countries=frozenset({"KH"}), regions=frozenset({"ID-NT"}))
    at_home = an_answer("drug_trafficking", countries=frozenset({"KH", "ID"}), regions=frozenset({"ID-NT"}))
    astray = an_answer("drug_trafficking", countries=frozenset({"TH"}))
    figures = compare([(gold, at_home), (gold, astray)])
    assert (figures.shares["no foreign country"].hits, figures.shares["no foreign country"].of) == (1, 2)


def test_a_topic_of_two_rows_is_left_out_of_the_score_over_many() -> None:
    pairs = [(a_gold(str(n), "drug_trafficking"), an_answer("drug_trafficking")) for n in range(3)]
    pairs += [(a_gold(f"w{n}", "wildlife_timber"), an_answer("goods_smuggling")) for n in range(2)]
    figures = compare(pairs)
    assert figures.macro_f1_of_many == 1.0
    assert figures.macro_f1 < 0.5


def test_two_rule_sets_are_compared_story_by_story(tmp_path: Path) -> None:
    lesser = tmp_path / "lesser"
    shutil.copytree(SEEDS, lesser, ignore=shutil.ignore_patterns("stories", "*.md"))
    topic = lesser / "topics" / "drug_trafficking.yaml"
    topic.write_text(topic.read_text("utf-8").replace("threshold: 2.4", "threshold: 99"), "utf-8")
    gold = tmp_path / "gold.jsonl"
    text = "TNI AL menggagalkan penyelundupan 30 kilogram sabu asal Malaysia di perairan Dumai."
    label = {"relevant": True, "topics": ["drug_trafficking"], "kind": "enforcement", "severity": 3}
    gold.write_text(json.dumps({"id": "s1", "title": "Sabu 30 Kg", "text": text, "gold": label}), "utf-8")
    result = CliRunner().invoke(eval_command, [str(gold), "--against", str(lesser)])
    assert result.exit_code == 0, result.output
    assert "1 answers gained, 0 lost" in result.output
    assert "+ relevant  not relevant -> relevant | s1 Sabu 30 Kg" in result.output


def test_folds_say_what_was_fitted(tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    rows = [
        {"id": str(n), "title": "Neraca", "text": "Neraca dagang surplus.", "gold": {"relevant": False}}
        for n in range(6)
    ]
    gold.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    result = CliRunner().invoke(eval_command, [str(gold), "--folds", "5", "--errors", "0"])
    assert result.exit_code == 0, result.output
    assert "fitted on the other folds: the scale of the thresholds (x1.0 in 5)" in result.output
