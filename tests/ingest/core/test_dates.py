"""Dates are read as the outlets write them, and what cannot be read is not guessed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.ingest.core.dates import parse_moment

NOON = datetime(2025, 5, 12, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "", " ", "kemarin", "12", "1747026000", "07:00", "12:00 WIB", "Mon, 32 May 2025 12:00:00 +0700",
        "Mon, 12 Foo 2025 12:00:00 +0700", "0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "1899-12-30",
        "Mon, 12 May 2025 25:00:00 +0700", "Mon, 12 May 2025 12:00:00 XYZ", "Mon, 12 May 2025 12:00:00 +9900",
        "2025-13-01", "99999999999-01-01", "May", "Mon, 12 May 2025 12:00:00 +0700 and more words",
    ],
)  # fmt: skip
def test_what_names_no_instant_is_refused(raw: str) -> None:
    assert parse_moment(raw, 420) is None


@pytest.mark.parametrize(
    ("raw", "assumed"),
    [
        ("Mon, 12 May 2025 12:00:00 +0700", False),
        ("Mon, 12 May 2025 05:00:00 GMT", False),
        ("Mon, 12 May 2025 05:00:00 +0000", False),
        ("12 May 2025 05:00 Z", False),
        ("Mon, 12 May 2025 12:00:00 WIB", False),
        ("Mon, 12 May 2025 13:00:00 WITA", False),
        ("Mon, 12 May 2025 14:00:00 WIT", False),
        ("Mon, 12 May 2025 12:00:00 ICT", False),
        ("Mon, 12 May 2025 12:00:00 UTC+7", False),
        ("Mon, 12 May 2025 12:00:00 GMT+07:00", False),
        ("Senin, 12 Mei 2025 12:00 WIB", False),
        ("Senin, 12 Mei 2025 | 12:00 WIB", False),
        ("Senin, 12 Mei 2025 pukul 12.00 WIB", False),
        ("12 Mei 2025 12:00", True),
        ("2025-05-12T12:00:00+07:00", False),
        ("2025-05-12T05:00:00Z", False),
        ("2025-05-12T05:00:00.123Z", False),
        ("2025-05-12 12:00:00", True),
        ("2025-05-12T12:00", True),
        ("Mon, 12 May 25 12:00:00 +0700", False),
        ("May 12, 2025 12:00", True),
        ("Jum'at, 12 Mei 2025 12:00 WIB", False),
        ("Mon,  12   May 2025\n12:00:00 +0700", False),
    ],
)
def test_an_instant_is_read_in_its_zone(raw: str, assumed: bool) -> None:
    moment = parse_moment(raw, 420)
    assert moment is not None
    assert (moment.at, moment.zone_assumed) == (NOON, assumed)


@pytest.mark.parametrize(
    ("name", "month"),
    [("Januari", 1), ("Pebruari", 2), ("Maret", 3), ("Mei", 5), ("Juni", 6), ("Juli", 7), ("Agustus", 8),
     ("Ags", 8), ("Okt", 10), ("Nopember", 11), ("Des", 12), ("Desember", 12), ("Sept", 9)],
)  # fmt: skip
def test_indonesian_months_are_known(name: str, month: int) -> None:
    moment = parse_moment(f"3 {name} 2025 10:00 WIB", 0)
    assert moment is not None
    assert moment.at.month == month
