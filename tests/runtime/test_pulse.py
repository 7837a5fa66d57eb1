"""Who is kept from working is not slow by itself."""

from __future__ import annotations

import pytest

from services.runtime.pulse import is_starved

#: Seconds passed, beats of ten a second, CPU seconds used.
NOT_STARVED = {
    "waits for somebody": (20.0, 199, 0.1),
    "computes all the time": (20.0, 3, 19.0),
    "shares a core with another": (20.0, 150, 9.0),
    "too short to tell": (0.5, 0, 0.0),
}
STARVED = {"hardly ever runs": (20.0, 12, 0.4), "runs every third time": (20.0, 60, 5.0)}


@pytest.mark.parametrize("seen", NOT_STARVED.values(), ids=NOT_STARVED)
def test_who_had_its_share_is_not_starved(seen: tuple[float, int, float]) -> None:
    assert not is_starved(*seen)


@pytest.mark.parametrize("seen", STARVED.values(), ids=STARVED)
def test_who_was_kept_from_working_is_starved(seen: tuple[float, int, float]) -> None:
    assert is_starved(*seen)
