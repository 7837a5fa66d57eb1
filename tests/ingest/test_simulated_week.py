"""A day of six feeds on a simulated clock: nothing visible is lost, nobody is pressed.

The whole week of all sources is ``python -m bench.ingest.week``; its figures are in bench/report/ingest.md.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from bench.ingest.simulation import SOURCES, live
from bench.ingest.verdict import judge
from services.ingest.sources import load_sources

SEED = 5
WATCHED = {"antara-hukum", "antara-ntt", "antara-bali", "tribun-ntt", "ppp-national", "ann-all"}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The figures of the day: outages, refusals, cut bodies, edits, a crash."""
    sources = [source for source in load_sources(SOURCES) if source.id in WATCHED]
    figures = judge(live(tmp_path_factory.mktemp("day"), seed=SEED, days=1.0, sources=sources))
    sys.stderr.write(f"\n{json.dumps(figures)}\n")
    return figures


def test_nothing_that_could_politely_be_seen_is_lost(day: dict[str, Any]) -> None:
    assert day["stories_visible"] > 300
    assert day["stories_lost"] == 0, day["lost_why"]


def test_no_story_is_published_twice(day: dict[str, Any]) -> None:
    assert day["published_twice"] == 0


def test_an_edit_is_a_revision_and_a_story_that_left_its_feed_is_not_withdrawn(day: dict[str, Any]) -> None:
    assert day["revised"] > 0
    assert day["withdrawn"] == 0


def test_what_servers_ask_for_is_done(day: dict[str, Any]) -> None:
    assert day["retry_after_asked"] > 0
    assert day["retry_after_violated"] == 0


def test_a_domain_has_one_request_at_a_time_and_three_seconds_between_two(day: dict[str, Any]) -> None:
    assert day["most_requests_at_once_on_a_domain"] == 1
    assert day["shortest_gap_on_a_domain_s"] >= 3.0


def test_a_poll_that_finds_nothing_new_costs_a_304_where_the_server_can(day: dict[str, Any]) -> None:
    assert day["polls_that_found_nothing_new"] > 50
    assert day["share_304_where_nothing_was_new"] >= 0.8


def test_a_source_is_asked_six_times_an_hour_at_most(day: dict[str, Any]) -> None:
    # The shortest interval of these sources is ten minutes.
    assert day["requests_an_hour"] <= 6 * day["sources"]


def test_the_process_crashed_and_went_on(day: dict[str, Any]) -> None:
    assert day["crashes"] >= 1
