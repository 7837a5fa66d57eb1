"""Say how often one reader may ask: a bucket that fills evenly and holds a burst."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    """``per_minute`` evenly, ``burst`` at once."""

    per_minute: float
    burst: float


@dataclass(frozen=True)
class Bucket:
    """What was left at an instant, in seconds of any steady clock."""

    left: float
    at: float


def take(bucket: Bucket | None, rate: Rate, now: float) -> tuple[Bucket, float]:
    """The bucket after one request, and how long to wait if it must not be answered (0: answer it)."""
    if bucket is None:
        return Bucket(rate.burst - 1, now), 0.0
    a_second = rate.per_minute / 60
    left = min(rate.burst, bucket.left + max(0.0, now - bucket.at) * a_second)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) / a_second
