"""What the pipeline's bench and the chaos proof count, on figures made by hand."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

from bench.pipeline.measure import share_by_part
from bench.pipeline.soak import BOUNDS, is_full, read_page, slope
from services.contracts.delivery import Action
from services.notifier.core.card import thread_name
from services.notifier.core.ledger import State
from tests.chaos.books import Shown
from tests.chaos.judge import judge

INCIDENT = "0123abcd-0000"


def test_a_memory_that_only_shivers_has_a_slope_whose_interval_holds_nought() -> None:
    dice = random.Random(1)
    found = slope([(15.0 * n, 100 + dice.gauss(0, 2)) for n in range(200)])
    assert found is not None
    assert found["low"] < 0 < found["high"]


def test_a_memory_that_leaks_a_megabyte_a_minute_is_seen() -> None:
    dice = random.Random(1)
    found = slope([(15.0 * n, 100 + n / 4 + dice.gauss(0, 2)) for n in range(200)])
    assert found is not None
    assert 50 < found["low"] < 60 < found["high"] < 70


def _looks(share: float) -> dict[str, list[dict[str, float]]]:
    """A look at each service, everything it keeps at so much of its bound; ingest keeps nothing."""
    looks = {name: [{what: share * most for what, most in bounds.items()}] for name, bounds in BOUNDS.items()}
    return looks | {"ingest": [{}]}


def test_services_that_have_not_filled_what_they_keep_are_not_full() -> None:
    assert not is_full({})
    assert not is_full({"ingest": [{}]})
    assert not is_full(_looks(0.9))
    for name, bounds in BOUNDS.items():
        for what in bounds:
            looks = _looks(1.0)
            looks[name][-1][what] = 0.0
            assert not is_full(looks)


def test_services_are_full_at_a_look_that_shows_all_they_keep_at_its_bound() -> None:
    assert is_full(_looks(0.97))
    assert is_full({name: [{}, *looks] for name, looks in _looks(1.0).items()})


def test_a_page_of_metrics_is_read_for_tasks_and_for_what_is_held() -> None:
    page = """# TYPE siaga_held_bytes gauge
siaga_held_bytes{what="labels"} 1.046453e+06
siaga_held_bytes{what="texts"} 12.0
siaga_event_loop_tasks 33.0
"""
    assert read_page(page) == {"tasks": 33.0, "labels": 1046453.0, "texts": 12.0}
    assert read_page("") == {"tasks": 0.0}


def test_a_stack_counts_for_its_innermost_part_and_a_waiting_one_for_none() -> None:
    stacks = [
        "run (asyncio/runners.py:190);work (services/tagger/core/topics.py:5) 7",
        "run (asyncio/runners.py:190);settle (services/tagger/join.py:5);do (sqlalchemy/engine/base.py:9) 3",
        "run (asyncio/runners.py:190);select (selectors.py:468) 90",
    ]
    assert share_by_part(stacks) == {"tagging": 7, "store": 3}


def _row(state: State = State.ACCEPTED, ref: str | None = "1", **changes: Any) -> Any:
    given = {
        "subject": f"{INCIDENT}.1", "official_id": "o", "channel": "telegram", "action": Action.PUSH,
        "incident_id": INCIDENT, "state": state, "ref": ref,
    }  # fmt: skip
    return SimpleNamespace(**(given | changes))


def _card(ref: str = "1", *, marked: bool = False, channel: str = "telegram") -> Shown:
    return Shown(0, channel, ref, thread_name(INCIDENT), marked)


def _judged(rows: list[Any], shown: list[Shown]) -> Any:
    return judge(rows, shown, {"o": 0}, [INCIDENT])


def test_what_was_accepted_once_and_is_there_once_holds() -> None:
    assert _judged([_row()], [_card()]).holds


def test_what_nobody_was_told_of_is_lost() -> None:
    assert _judged([], []).lost == 1


def test_a_second_card_that_the_ledger_does_not_know_is_a_blind_repeat() -> None:
    assert _judged([_row()], [_card(), _card("2")]).blind_repeats > 0


def test_a_marked_second_copy_after_an_unknown_is_no_blind_repeat() -> None:
    rows = [_row(State.PARKED, None), _row(channel="email", ref="2")]
    assert _judged(rows, [_card(), _card("2", marked=True, channel="email")]).holds


def test_a_mail_that_came_twice_is_a_blind_repeat() -> None:
    mail = _card("2", channel="email")
    assert _judged([_row(channel="email", ref="2")], [mail, mail]).blind_repeats > 0


def test_what_the_ledger_calls_accepted_and_nobody_has_is_seen() -> None:
    assert _judged([_row()], []).accepted_but_not_shown == 1


def test_what_is_still_on_its_way_is_left_open() -> None:
    assert _judged([_row(State.DUE, None)], []).left_open == 1
