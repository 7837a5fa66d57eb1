"""The dateline leads the published text, since evidence of a place must be a span of it."""

from __future__ import annotations

import pytest

from services.ingest.core.text import with_dateline, without_dateline


@pytest.mark.parametrize("dateline", ["", "Kupang (ANTARA)", "PHNOM PENH"])
def test_a_dateline_put_before_a_text_can_be_taken_off_again(dateline: str) -> None:
    body = "Polisi menahan dua orang."
    assert without_dateline(dateline, with_dateline(dateline, body)) == body


def test_a_text_with_a_dateline_begins_with_it() -> None:
    assert with_dateline("Kupang (ANTARA)", "Polisi menahan.") == "Kupang (ANTARA) - Polisi menahan."


def test_no_text_gets_no_dateline() -> None:
    assert with_dateline("Kupang (ANTARA)", "") == ""
