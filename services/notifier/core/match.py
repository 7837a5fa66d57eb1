"""Find who hears about an incident, and say why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.contracts.alert import Alert
from services.contracts.codes import Kind, Role, Topic
from services.contracts.tagging import Place
from services.notifier.core.canary import RESERVED, is_synthetic
from services.notifier.core.reason import Reason
from services.notifier.core.subscription import EVERYWHERE, Official, Subscription

_ANY_TOPIC = "*"


@dataclass(frozen=True)
class Match:
    """Which words of an official's subscription the incident met: the line "why you got this"."""

    regions: tuple[str, ...]
    topics: tuple[Topic, ...]
    kind: Kind
    subscription: int = 0


@dataclass(frozen=True)
class Miss:
    """The test the nearest of an official's subscriptions failed."""

    reason: Reason


def place_regions(place: Place, *, counterparts: bool) -> tuple[str, ...]:
    """The region codes under which a place is found: its own, its country's, the one across the border."""
    found = [place.region or place.country, place.country]
    if counterparts and place.counterpart and place.role is Role.EVENT:
        found.append(place.counterpart)
    return tuple(dict.fromkeys(found))


def _regions_met(subscription: Subscription, alert: Alert) -> tuple[str, ...] | Reason:
    if is_synthetic(alert) or RESERVED in subscription.regions:
        # A synthetic alert is for its test subscriber alone, not even for who subscribed to everywhere.
        alone = is_synthetic(alert) and subscription.regions == frozenset({RESERVED})
        return (RESERVED,) if alone else Reason.OTHER_REGION
    if EVERYWHERE in subscription.regions:
        return (EVERYWHERE,)
    met: dict[str, None] = {}
    other_role = False
    for place in alert.places:
        for region in place_regions(place, counterparts=subscription.counterparts):
            if region in subscription.regions:
                if place.role in subscription.roles:
                    met[region] = None
                else:
                    other_role = True
    if met:
        return tuple(met)
    return Reason.OTHER_ROLE if other_role else Reason.OTHER_REGION


def judge(subscription: Subscription, alert: Alert, number: int = 0) -> Match | Miss:
    """One subscription against one alert."""
    regions = _regions_met(subscription, alert)
    if isinstance(regions, Reason):
        return Miss(regions)
    topics = tuple(t for t in alert.topics if not subscription.topics or t in subscription.topics)
    if not topics:
        return Miss(Reason.OTHER_TOPIC)
    if subscription.kinds and alert.kind not in subscription.kinds:
        return Miss(Reason.OTHER_KIND)
    if alert.severity < subscription.min_severity:
        return Miss(Reason.BELOW_MINIMUM)
    return Match(regions, topics, alert.kind, number)


#: The later in this order, the nearer a subscription came.
_NEARNESS = (
    Reason.OTHER_REGION,
    Reason.OTHER_ROLE,
    Reason.OTHER_TOPIC,
    Reason.OTHER_KIND,
    Reason.BELOW_MINIMUM,
)


def match_official(official: Official, alert: Alert) -> Match | Miss:
    """The first subscription that is met, else how the nearest one failed."""
    nearest = Reason.OTHER_REGION
    for number, subscription in enumerate(official.subscriptions):
        verdict = judge(subscription, alert, number)
        if isinstance(verdict, Match):
            return verdict
        nearest = max(nearest, verdict.reason, key=_NEARNESS.index)
    return Miss(nearest)


class SubscriptionIndex:
    """Posting lists by (region, topic), so that one alert looks at the few it may concern."""

    def __init__(self, officials: Iterable[Official]) -> None:
        self.officials: dict[str, Official] = {o.official_id: o for o in officials}
        self._postings: dict[tuple[str, str], list[str]] = defaultdict(list)
        for official in self.officials.values():
            for key in _posting_keys(official):
                self._postings[key].append(official.official_id)

    def who_hears(self, alert: Alert) -> dict[str, Match]:
        """Every official who hears of this alert, sorted by id, with the reason."""
        regions = {EVERYWHERE}
        for place in alert.places:
            regions.update(place_regions(place, counterparts=True))
        topics = (_ANY_TOPIC, *alert.topics)
        candidates = {
            official_id
            for region in regions
            for topic in topics
            for official_id in self._postings.get((region, topic), ())
        }
        verdicts = ((name, match_official(self.officials[name], alert)) for name in sorted(candidates))
        return {name: verdict for name, verdict in verdicts if isinstance(verdict, Match)}


def _posting_keys(official: Official) -> Iterator[tuple[str, str]]:
    keys = {
        (region, topic)
        for subscription in official.subscriptions
        for region in subscription.regions
        for topic in (subscription.topics or (_ANY_TOPIC,))
    }
    return iter(sorted(keys))
