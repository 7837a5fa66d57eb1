"""The page on the desk says what was met and what was missed, from the figures alone."""

from __future__ import annotations

from typing import Any

import pytest

from bench.desk.page import GOAL_BYTES, GOAL_MS, text_of


def figures(ready: int, size: int) -> dict[str, Any]:
    visit = {
        "interactive_ms_median": ready, "interactive_ms_p95": ready, "paint_ms_median": 1, "bytes_median": size,
        "requests_median": 4, "runs": 3,
    }  # fmt: skip
    return {
        "stored": 10_000, "machine": "2 cores", "browser": "Chromium", "load_average": 1.0,
        "first_page": [{"conditions": "unthrottled", "first_visit": visit, "next_visit": visit}],
        "pages": [{"page": "now", "status": 200, "bytes": 9, "ms_median": 1.0, "ms_p95": 2.0, "cpu_ms": 1.0, "runs": 3}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ready", "size", "missed"),
    [(GOAL_MS, GOAL_BYTES, 0), (GOAL_MS + 1, GOAL_BYTES, 2), (GOAL_MS, GOAL_BYTES + 1, 1)],
)
def test_what_misses_its_goal_is_said_to_and_what_meets_it_is_not(ready: int, size: int, missed: int) -> None:
    assert text_of(figures(ready, size)).count("**missed**") == missed
