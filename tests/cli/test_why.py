"""`siaga why` over made-up stores: the whole chain, found by index and over one connection."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.cli.stores import Stores
from services.cli.why import explain
from services.notifier import queries
from tests.cli.year_of_stores import build, story_id


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    folder = tmp_path_factory.mktemp("year")
    build(folder, 1, seed=7)
    return Stores(folder)


def test_the_chain_goes_from_the_fetch_to_each_attempt(stores: Stores) -> None:
    told = [f"{who}: {what}" for who, what in explain(stores, story_id(0, 3), None)]
    assert told[0].startswith("ingest: first seen")
    assert any("decided" in line and "relevant" in line for line in told)
    assert any(line.startswith("incident: ") for line in told)
    assert sum("attempt 1, accepted" in line for line in told) >= 12
    assert any("does not match now: other_region" in line for line in told)


def test_a_story_that_nobody_labelled_relevant_ends_at_the_tagger(stores: Stores) -> None:
    told = list(explain(stores, story_id(0, 150), None))
    assert told[-1][0] == "tagger"
    assert "not relevant" in told[-1][1]


def test_one_official_hears_of_one_official(stores: Stores) -> None:
    [official] = stores.ask("notifier", queries.official_ids)[:1]
    told = list(explain(stores, story_id(0, 0), official[0]))
    assert {who for who, _ in told if who.startswith("official")} == {f"official {official[0][:8]}"}


class _Counting(Stores):
    """How often which store is opened."""

    opened: list[str] = []  # noqa: RUF012 - one test looks at it

    def ask(self, service, question):  # type: ignore[no-untyped-def]
        self.opened.append(service)
        return super().ask(service, question)


def test_a_hundred_officials_are_asked_over_one_connection(stores: Stores) -> None:
    counting = _Counting(stores.folder)
    counting.opened.clear()
    assert len(list(explain(counting, story_id(0, 0), None))) > 300
    assert counting.opened.count("notifier") == 1


@pytest.mark.parametrize("query", [
    "SELECT * FROM delivery WHERE incident_id = 'x' AND official_id = 'y'",
    "SELECT * FROM delivery WHERE official_id = 'x' AND subject = 'y'",
    "SELECT * FROM attempt WHERE subject = 'x' AND official_id = 'y' ORDER BY id",
    "SELECT * FROM incident_seen WHERE incident_id = 'x'",
    "SELECT * FROM delivery WHERE channel = 'email' AND ref = 'x'",
    "SELECT * FROM delivery ORDER BY changed_at DESC LIMIT 50",
    "SELECT * FROM alert_log WHERE at > 1 AND at < 2 ORDER BY at, alert_id LIMIT 500",
])  # fmt: skip
def test_what_is_asked_often_is_found_by_an_index(stores: Stores, query: str) -> None:
    def plan(conn: sa.Connection) -> list[str]:
        return [row.detail for row in conn.execute(sa.text(f"EXPLAIN QUERY PLAN {query}"))]

    steps = stores.ask("notifier", plan)
    assert any("USING INDEX" in step or "USING COVERING INDEX" in step for step in steps), steps
    assert not any(step.startswith("SCAN") and "USING" not in step for step in steps), steps
