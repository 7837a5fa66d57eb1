"""One alert against 10,000, 100,000 and 1,000,000 subscriptions: the index beside a scan of everybody.

python -m bench.notifier.fanout --sizes 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import random
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from services.contracts.alert import AlertRaised
from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier.core.match import Match, SubscriptionIndex, match_official
from services.notifier.core.subscription import EVERYWHERE, Official, Subscription
from tests.notifier.builders import a_place, an_alert

_COUNTRIES = ("ID", "KH", "LA", "TH", "VN", "MY", "TL", "PG", "PH", "MM", "SG")
#: 40 provinces each, drawn unevenly: the first has some 4 % of all officials, the last 0.05 %.
_REGIONS = tuple(f"{country}-{number:02d}" for country in _COUNTRIES for number in range(40))
_WEIGHTS = tuple(itertools.accumulate(1 / (rank + 5) for rank in range(len(_REGIONS))))
_ALERTS, _SCANNED = 100, 20


@dataclass(frozen=True)
class Figures:
    """Times are milliseconds of processor an alert, so that a busy machine does not count."""

    subscriptions: int
    build_s: float
    added_mib: float
    match_p50_ms: float
    match_p99_ms: float
    recipients_median: int
    scan_p50_ms: float
    times_faster_than_scan: float
    equal_to_scan: bool


def a_region(dice: random.Random) -> str:
    """A province, the first ones far more often; now and then a whole country."""
    (region,) = dice.choices(_REGIONS, cum_weights=_WEIGHTS)
    return region[:2] if dice.random() < 0.05 else region


def an_official(number: int, dice: random.Random) -> Official:
    """One subscription each, as taxonomy describes them: a province or two, some topics, a severity."""
    regions = {a_region(dice) for _ in range(dice.choice([1, 1, 1, 2, 4]))}
    if dice.random() < 0.002:
        regions = {EVERYWHERE}
    topics = frozenset(dice.sample([*Topic], dice.choice([0, 1, 2, 3])))
    kinds = frozenset(dice.sample([*Kind], dice.choice([0, 0, 2])))
    subscription = Subscription(frozenset(regions), topics, kinds, Severity(dice.choice([0, 1, 2, 3])))
    return Official(f"official-{number:07d}", (subscription,), ("telegram",))


def a_news(number: int, dice: random.Random) -> AlertRaised:
    places = tuple(a_place(a_region(dice), dice.choice([Role.EVENT, Role.EVENT, Role.ORIGIN])) for _ in range(2))
    topics = tuple(dice.sample([*Topic], dice.choice([1, 1, 2])))
    severity = dice.choice([Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL])
    return an_alert(
        incident_id=f"news-{number}", places=places, topics=topics, severity=severity, kind=dice.choice([*Kind])
    )


def measure(size: int, seed: int) -> Figures:
    """Build, match, and compare with a scan of everybody."""
    dice = random.Random(seed)
    officials = [an_official(number, dice) for number in range(size)]
    alerts = [a_news(number, dice) for number in range(_ALERTS)]
    gc.collect()
    before, began = psutil.Process().memory_info().rss, time.process_time()
    index = SubscriptionIndex(officials)
    build_s = time.process_time() - began
    added = psutil.Process().memory_info().rss - before
    times, found = [], []
    for alert in alerts:
        began = time.process_time()
        found.append(index.who_hears(alert))
        times.append((time.process_time() - began) * 1000)
    scans, equal = [], True
    for alert, told in list(zip(alerts, found, strict=True))[: _SCANNED if size < 100_000 else 3]:
        began = time.process_time()
        scan = {o.official_id: match for o in officials if isinstance(match := match_official(o, alert), Match)}
        scans.append((time.process_time() - began) * 1000)
        equal = equal and scan == told
    return Figures(
        subscriptions=size,
        build_s=round(build_s, 2),
        added_mib=round(added / 2**20, 1),
        match_p50_ms=round(statistics.median(times), 2),
        match_p99_ms=round(sorted(times)[int(len(times) * 0.99) - 1], 2),
        recipients_median=int(statistics.median(len(told) for told in found)),
        scan_p50_ms=round(statistics.median(scans), 1),
        times_faster_than_scan=round(statistics.median(scans) / max(statistics.median(times), 1e-6), 1),
        equal_to_scan=equal,
    )


def main() -> int:
    """Print and keep the figures; exit status 1 if index and scan differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    found = [asdict(measure(size, given.seed)) for size in given.sizes]
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-fanout.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0 if all(figures["equal_to_scan"] for figures in found) else 1


if __name__ == "__main__":
    sys.exit(main())
