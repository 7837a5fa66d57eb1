"""Every invariant against a few hostile inputs; `python -m tests.security.proof_fuzz` sends them many more."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import HealthCheck, given

from tests.security.invariants import INVARIANTS, Invariant

#: Some cost more than others; the whole is to take seconds.
FEW = {"message": 10, "tag": 10, "victim": 10, "pieces": 5, "page": 15}


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda one: one.name)
def test_whatever_is_sent_the_sentence_holds(invariant: Invariant, seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=FEW.get(invariant.name, 30), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(invariant.drawn)
    def holds(drawn: object) -> None:
        invariant.check(drawn)

    holds()


def test_every_invariant_is_a_sentence_of_its_own() -> None:
    assert len({one.name for one in INVARIANTS}) == len({one.sentence for one in INVARIANTS}) == len(INVARIANTS)
    assert all(one.sentence.endswith(".") for one in INVARIANTS)
