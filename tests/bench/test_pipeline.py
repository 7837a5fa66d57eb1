"""What the pipeline's bench and the chaos proof count, on figures made by hand."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.pipeline.measure import share_by_part
from bench.pipeline.page import write_soak
from bench.pipeline.soak import BOUNDS, is_full, judge_run, pages_at_most, read_page, slope, with_cpu
from services.contracts.delivery import Action
from services.notifier.core.card import thread_name
from services.notifier.core.ledger import State
from services.runtime.engine import READ_CACHE_KIB, WRITE_CACHE_KIB
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


def _a_soak(**leaks: float) -> dict[str, Any]:
    """A soak whose services grow by so many MB an hour once full; the tagger's index by one more."""
    samples = {}
    for name in ("notifier", "tagger", "ingest"):
        looks = [
            {"at": 15.0 * n, "rss_mb": 150.0, "uss_mb": 100 + leaks.get(name, 0.0) * n / 240 + 0.1 * (-1) ** n}
            for n in range(300)
        ]
        if name == "tagger":
            looks = [
                one
                | {
                    "texts": one["at"] / 3600 * 1e6,
                    "rest_mb": one["uss_mb"],
                    "uss_mb": one["uss_mb"] + one["at"] / 3600,
                }
                for one in looks
            ]
        samples[name] = looks
    run = {
        "began": "2026-01-01T00:00:00+00:00", "rate": 15.0, "bounds": BOUNDS, "load_before": 1.0, "load_after": 1.0,
        "samples": samples, "stories": 1000, "tagged": 1000, "messages": 10, "members": [1, 2, 3],
        "full_at": 900.0, "full_after": 300,
    }  # fmt: skip
    judge_run(run)
    return run


def _verdicts(run: dict[str, Any], folder: Path) -> dict[tuple[str, str], str]:
    write_soak({"runs": [run]}, folder)
    rows = [
        line.split(" | ")
        for line in (folder / "pipeline-soak.md").read_text().splitlines()
        if line.startswith("| ")
    ]
    return {(row[0].removeprefix("| "), row[1]): row[4] for row in rows if row[1].endswith("_mb")}


def test_a_tagger_of_which_only_the_index_grows_is_told_from_one_that_leaks(tmp_path: Path) -> None:
    sound, leaking = _verdicts(_a_soak(), tmp_path), _verdicts(_a_soak(tagger=2.0), tmp_path)
    assert (sound["tagger", "uss_mb"], sound["tagger", "rest_mb"]) == ("grows", "flat")
    assert (leaking["tagger", "uss_mb"], leaking["tagger", "rest_mb"]) == ("grows", "grows")


def test_a_notifier_that_leaks_grows_and_one_that_shrinks_falls(tmp_path: Path) -> None:
    assert _verdicts(_a_soak(notifier=2.0), tmp_path)["notifier", "uss_mb"] == "grows"
    assert _verdicts(_a_soak(notifier=-2.0), tmp_path)["notifier", "uss_mb"] == "falls"
    assert _verdicts(_a_soak(), tmp_path)["notifier", "uss_mb"] == "flat"


def test_what_happens_before_all_is_full_does_not_count(tmp_path: Path) -> None:
    run = _a_soak()
    for one in run["samples"]["notifier"]:
        one["uss_mb"] -= max(0.0, 900.0 - one["at"])
    judge_run(run)
    assert _verdicts(run, tmp_path)["notifier", "uss_mb"] == "flat"


def test_the_page_says_how_much_of_the_growth_is_the_index(tmp_path: Path) -> None:
    first = {
        "stories": 10.0,
        "rss_mb": 1.0,
        "index_mb": 0.0,
        "texts": 0.0,
        "blocks": 5.0,
        "used_mb": 1.0,
        "free_mb": 0.0,
    }
    full, last = first | {"rss_mb": 50.0}, first | {"rss_mb": 52.0, "index_mb": 1.5, "texts": 7.0, "free_mb": 0.4}
    write_soak({"runs": [_a_soak()], "heap": [first, first, full, last]}, tmp_path)
    said = (tmp_path / "pipeline-soak.md").read_text().splitlines()[-1]
    assert "grew by 2.00 MB: the index by 1.50" in said
    write_soak({"runs": [_a_soak()]}, tmp_path)
    assert "grew by" not in (tmp_path / "pipeline-soak.md").read_text()


def test_a_service_that_slows_down_shows_in_its_share_of_a_core() -> None:
    steady = [{"at": 10.0 * n, "cpu_s": 2.0 * n} for n in range(4)]
    slower = [{"at": 10.0 * n, "cpu_s": float(n * n)} for n in range(4)]
    assert [one["cpu"] for one in with_cpu(steady)] == [20.0, 20.0, 20.0, 20.0]
    assert [one["cpu"] for one in with_cpu(slower)] == [10.0, 10.0, 30.0, 50.0]
    assert with_cpu([{"at": 0.0}, {"at": 10.0}]) == [{"at": 0.0}, {"at": 10.0}]


def test_a_store_read_on_two_connections_keeps_more_pages_than_one_on_one_and_a_log_keeps_none() -> None:
    one, two = pages_at_most(["/x/a.sqlite3", "/x/a.sqlite3-wal"]), pages_at_most(["/x/a.sqlite3"] * 2)
    assert one == WRITE_CACHE_KIB * 1024
    assert two == (WRITE_CACHE_KIB + READ_CACHE_KIB) * 1024
    assert pages_at_most(["/x/a.log"]) == 0


def test_the_page_says_what_has_an_end_and_nothing_of_it_where_it_was_not_noted(tmp_path: Path) -> None:
    run = _a_soak()
    write_soak({"runs": [run]}, tmp_path)
    assert "pages it read" not in (tmp_path / "pipeline-soak.md").read_text()
    for samples in run["samples"].values():
        samples[-1]["pages_most_mb"] = 4.5
    write_soak({"runs": [run]}, tmp_path)
    assert "ingest's 4.5 MB" in (tmp_path / "pipeline-soak.md").read_text()


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
