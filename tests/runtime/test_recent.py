"""What was read last is kept up to a weight, whatever the size of one thing."""

from __future__ import annotations

import pytest

from services.runtime.recent import Recent


class Reading:
    """Reads by decoding, and remembers what it was asked to read."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    def __call__(self, stored: bytes) -> str:
        self.read.append(stored)
        return stored.decode()


def a_report(number: int, of_bytes: int) -> bytes:
    return f"{number}".encode().ljust(of_bytes, b".")


def test_what_cannot_be_read_raises_and_is_not_kept() -> None:
    recent = Recent(Reading(), 100)
    with pytest.raises(UnicodeDecodeError):
        recent(b"\xff")
    assert (len(recent), recent.weight) == (0, 0)


def test_what_is_too_large_is_read_each_time_and_pushes_nothing_out() -> None:
    reading = Reading()
    recent = Recent(reading, 100)
    recent(b"small")
    for _ in range(2):
        assert recent(b"x" * 101) == "x" * 101
    assert recent(b"small") == "small"
    assert reading.read == [b"small", b"x" * 101, b"x" * 101]


def test_states_that_grow_with_each_report_never_weigh_more_than_the_bound() -> None:
    recent = Recent(Reading(), 10_000)
    heaviest = 0
    for number in range(1, 2000):
        recent(a_report(number, 10 + number))
        heaviest = max(heaviest, recent.weight)
    assert 8_000 < heaviest <= 10_000
    assert recent.weight == sum(10 + number for number in range(2000 - len(recent), 2000))


def test_what_fits_is_read_once() -> None:
    reading = Reading()
    recent = Recent(reading, 100)
    for _ in range(3):
        for number in range(10):
            recent(a_report(number, 10))
    assert len(reading.read) == 10


def test_what_was_asked_for_lately_stays_and_the_rest_goes() -> None:
    reading = Reading()
    recent = Recent(reading, 30)
    for number in (1, 2, 3, 1, 4):
        recent(a_report(number, 10))
    reading.read.clear()
    recent(a_report(1, 10))
    recent(a_report(2, 10))
    assert reading.read == [a_report(2, 10)]
