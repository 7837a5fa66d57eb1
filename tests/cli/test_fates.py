"""What became of an incident, in a few words: each official counted once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services.cli.fates import _fate
from services.notifier.queries import DeliveryView

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def delivery(**changes: Any) -> DeliveryView:
    values: dict[str, Any] = {
        "subject": "i.1",
        "official_id": "o",
        "channel": "telegram",
        "action": "push",
        "incident_id": "i",
        "version": 1,
        "state": "accepted",
        "reason": "accepted_by_channel",
        "why": "critical",
        "attempts": 1,
        "second_copy": False,
        "bundle": None,
        "created_at": NOW,
        "changed_at": NOW,
    }
    return DeliveryView(**(values | changes))


def words(*deliveries: DeliveryView) -> list[str]:
    return [text for _, text in _fate(deliveries)]


def test_a_story_in_a_digest_counts_its_official_once_and_not_the_digest_too() -> None:
    member = delivery(action="digest", bundle="digest-1", reason="in_digest")
    digest = delivery(action="digest", subject="digest-1", incident_id=None)
    assert words(member, digest) == ["in a digest: Telegram 1"]


def test_two_officials_in_digests_are_two() -> None:
    assert words(delivery(action="digest"), delivery(action="digest", official_id="p")) == [
        "in a digest: Telegram 2"
    ]


def test_what_officials_do_not_notice_is_left_out_beside_what_they_do() -> None:
    silent = delivery(state="suppressed", reason="superseded_before_sending")
    assert words(delivery(), silent) == ["pushed: Telegram 1"]
    assert words(silent) == ["superseded before sending: Telegram 1"]


def test_an_unknown_outcome_is_never_left_out() -> None:
    assert words(delivery(), delivery(state="unknown", reason="no_answer")) == [
        "pushed: Telegram 1",
        "push unknown: Telegram 1",
    ]
