"""A week of 23 feeds on a simulated clock: which stories a schedule loses, and what it costs the outlets."""

from __future__ import annotations

import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.ingest.core.outcome import Hints, Outcome, PollReason
from services.ingest.core.schedule import Pace, next_due
from services.ingest.core.source import Source
from services.ingest.core.state import remember_window, window_of
from services.ingest.sources import load_sources

ROOT = Path(__file__).resolve().parents[2]
SEED = 7
START = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # midnight in Jakarta
WEEK = timedelta(days=7)
#: Share of a day's stories by local hour: nothing at night, a burst in the morning, another in the evening.
BY_HOUR = (0.2, 0.1, 0.1, 0.1, 0.3, 1, 2, 3, 4, 4, 3, 3, 2, 2, 3, 3, 2, 2, 3, 3, 2, 1, 0.6, 0.3)


@dataclass
class Feed:
    """A feed that shows its newest ``window`` stories; ``per_day`` on average, with bursts."""

    source: Source
    window: int
    per_day: float
    stories: list[datetime] = field(default_factory=list)

    def publish_a_week(self, dice: random.Random) -> None:
        """Draw the week's stories, with three bursts of three times the usual rate."""
        bursts = [START + timedelta(hours=dice.uniform(0, 160)) for _ in range(3)]
        for minute in range(int(WEEK.total_seconds() // 60)):
            at = START + timedelta(minutes=minute)
            local = (at + timedelta(hours=7)).hour
            rate = self.per_day * BY_HOUR[local] / sum(BY_HOUR) / 60
            if any(burst <= at < burst + timedelta(hours=2) for burst in bursts):
                rate *= 3
            self.stories += [at] * (1 if dice.random() < rate else 0) + [at] * (
                1 if dice.random() < rate / 8 else 0
            )

    def shown(self, at: datetime) -> list[tuple[int, datetime]]:
        """What the feed shows at a moment: number and time of its stories."""
        published = [pair for pair in enumerate(self.stories) if pair[1] <= at]
        return published[-self.window :]


@dataclass
class Week:
    """What became of a feed's week."""

    polls: int = 0
    lost: int = 0
    stories: int = 0
    delays_min: list[float] = field(default_factory=list)


def feeds() -> list[Feed]:
    """The enabled sources with rates as guessed in the notes: national desks 300 to 500 a day, regional 60 to 150."""
    dice = random.Random(SEED)
    made = []
    for source in load_sources(ROOT / "seeds" / "feeds.yaml"):
        if not source.enabled:
            continue
        national = source.default_region == "ID" and source.outlet.key in ("antara", "tribun")
        window = 100 if source.format == "news_sitemap" else 50 if source.id == "antara-en" else 20
        per_day = dice.uniform(300, 500) if national and window == 100 else dice.uniform(60, 150)
        if source.id == "antara-nasional-terkini":
            per_day, window = 500, 50
        if source.outlet.key in ("ppp", "ann"):
            per_day, window = dice.uniform(10, 40), 10
        made.append(Feed(source, window, per_day))
        made[-1].publish_a_week(dice)
    return made


def live_a_week(feed: Feed, dice: random.Random, *, outage: timedelta) -> Week:
    """Poll the feed by its schedule; one answer in fifty is a 503, and once the server is down for a while."""
    source = feed.source
    pace = Pace(source.min_interval_s, source.max_interval_s)
    down = START + timedelta(hours=dice.uniform(10, 150))
    seen: set[int] = set()
    now, last_body, week = START, START, Week(stories=0)
    while now < START + WEEK:
        week.polls += 1
        if down <= now < down + outage or dice.random() < 0.02:
            outcome = Outcome(PollReason.UNAVAILABLE, 503, Hints())
            due = next_due(pace, outcome, now, dice.uniform(-1, 1))
            pace = replace(pace, failures=pace.failures + 1, failing_since=pace.failing_since or now)
        else:
            shown = feed.shown(now)
            fresh = [number for number, _ in shown if number not in seen]
            window = remember_window(pace.window_s, window_of([at for _, at in shown]), now - last_body)
            overrun = bool(seen) and len(fresh) == len(shown) > 1
            outcome = Outcome(PollReason.NEW_BODY, 200, window_s=window, overrun=overrun)
            week.delays_min += [(now - at).total_seconds() / 60 for n, at in shown if n in fresh and seen]
            seen |= set(fresh)
            due = next_due(pace, outcome, now, dice.uniform(-1, 1))
            pace = replace(pace, failures=0, failing_since=None, window_s=window)
            last_body = now
        assert due.at is not None
        now = due.at
    first = min(seen)
    could = [number for number, at in enumerate(feed.stories) if number >= first and at < last_body]
    week.stories, week.lost = len(could), len(set(could) - seen)
    return week


def live(outage: timedelta) -> tuple[float, float]:
    """The share of stories lost over the week, and polls an hour, of all feeds together."""
    dice = random.Random(SEED)
    weeks = {feed.source.id: live_a_week(feed, dice, outage=outage) for feed in feeds()}
    stories = sum(week.stories for week in weeks.values())
    lost = sum(week.lost for week in weeks.values())
    polls = sum(week.polls for week in weeks.values()) / (WEEK / timedelta(hours=1))
    delays = sorted(delay for week in weeks.values() for delay in week.delays_min)
    late = delays[int(len(delays) * 0.95)]
    worst = Counter({name: week.lost for name, week in weeks.items()}).most_common(3)
    sys.stdout.write(
        f"seed {SEED}, outage {outage}: {stories} stories, {lost} lost {worst}, {polls:.0f} polls an hour, "
        f"seen after {statistics.median(delays):.0f} min (median), {late:.0f} min (95 %)\n"
    )
    assert stories > 15_000
    return lost / stories, polls


def test_a_week_of_polling_loses_next_to_nothing_and_stays_polite() -> None:
    lost, polls = live(outage=timedelta(0))
    assert lost < 0.001
    assert polls < 140, "the budget of the notes"


def test_an_outage_of_two_hours_costs_what_the_feeds_themselves_forgot() -> None:
    lost, _ = live(outage=timedelta(hours=2))
    assert lost < 0.01
