"""Judge a week: which stories could politely have been seen, which were not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.ingest.desks import HOUR, Stay
from bench.ingest.outlets import Request, Server
from bench.ingest.simulation import Lived

#: Servers that say 304 when, and only when, nothing changed.
HONEST = ("both", "etag", "date")
#: Every feed of a domain may be due at once: a turn later by this much is still polite, and unavoidable.
TURN_S = 90.0
Span = tuple[float, float]


@dataclass(frozen=True)
class Loss:
    """A story that stood long enough to be seen and was not."""

    source_id: str
    number: int
    stood_s: float
    why: str


def polite_s(server: Server) -> float:
    """How long a story must stand to be seen for certain by whoever asks no oftener than is allowed.

    The source's minimum interval, a tenth for jitter, and the turn of the domain's other feeds.
    """
    return 1.1 * server.desk.source.min_interval_s + TURN_S


def judge(lived: Lived) -> dict[str, Any]:
    """The figures of a week."""
    servers = {server.desk.source.id: server for server in lived.outlets.servers.values()}
    requests: dict[str, list[Request]] = {name: [] for name in servers}
    for one in lived.outlets.log:
        requests[one.source_id].append(one)
    visible: dict[int, Loss | None] = {}
    brief: set[int] = set()
    for name, server in servers.items():
        _look_at(server, requests[name], lived, visible, brief)
    brief -= visible.keys()
    losses = [loss for loss in visible.values() if loss is not None]
    counts = Counter(lived.published)
    return {
        "seed": lived.seed,
        "days": lived.days,
        "sources": len(servers),
        "stories_visible": len(visible),
        "stories_lost": len(losses),
        "lost_why": dict(Counter(loss.why for loss in losses).most_common()),
        "lost_where": dict(Counter(loss.source_id for loss in losses).most_common(5)),
        "stories_too_brief_to_be_seen_politely": len(brief),
        "of_those_seen_all_the_same": len(brief & lived.known),
        "published_twice": sum(count - 1 for count in counts.values()),
        "published": len(counts),
        "revised": lived.revised,
        "withdrawn": lived.withdrawn,
        "overrun_alarms": lived.overruns,
        "crashes": lived.crashes,
        **_manners(lived, servers),
        **_delays(lived, servers),
    }


def _manners(lived: Lived, servers: dict[str, Server]) -> dict[str, Any]:
    log = lived.outlets.log
    able = [one for one in log if servers[one.source_id].kind in HONEST and one.status in (200, 304)]
    idle = [one for one in able if one.unchanged]
    return {
        "requests": len(log),
        "requests_an_hour": round(len(log) / lived.days / 24, 1),
        "answers": {str(status): count for status, count in Counter(one.status for one in log).most_common()},
        "answers_of_able_servers": len(able),
        "share_304_of_able_servers": round(_share(able), 4),
        "polls_that_found_nothing_new": len(idle),
        "share_304_where_nothing_was_new": round(_share(idle), 4),
        "retry_after_asked": lived.outlets.waits_asked,
        "retry_after_violated": lived.outlets.too_early,
        "most_requests_at_once_on_a_domain": lived.outlets.busiest,
        "shortest_gap_on_a_domain_s": round(min(lived.outlets.shortest_gap.values()), 3),
    }


def _share(requests: Sequence[Request]) -> float:
    return sum(one.status == 304 for one in requests) / len(requests) if requests else 0.0


def _delays(lived: Lived, servers: dict[str, Server]) -> dict[str, float]:
    """Minutes from a story's place in a feed to its place in our store, history left out."""
    appeared: dict[int, float] = {}
    for server in servers.values():
        for stay in server.desk.stays:
            appeared[stay.number] = min(stay.entered, appeared.get(stay.number, stay.entered))
    late = sorted(
        (seen - appeared[number]) / 60
        for number, seen in lived.first_seen.items()
        if appeared.get(number, 0) > HOUR
    )
    if not late:
        return {}
    return {
        "seen_after_min_median": round(median(late), 1),
        "seen_after_min_p95": round(late[int(len(late) * 0.95)], 1),
    }


def _look_at(
    server: Server,
    requests: list[Request],
    lived: Lived,
    visible: dict[int, Loss | None],
    brief: set[int],
) -> None:
    successes = [one.ended for one in requests if one.status == 200]
    if not successes:
        return
    closed = _closed(server, lived, requests)
    for stay in server.desk.stays:
        known = stay.number in lived.known
        if stay.left is None and not known:
            continue  # it still stands: the next poll will find it
        left = stay.left if stay.left is not None else lived.days * 24 * HOUR
        stood = _longest((max(stay.entered, successes[0]), left), closed)
        if stood < polite_s(server):
            if stood > 0 and left > successes[0]:
                brief.add(stay.number)
            continue
        if known:
            visible[stay.number] = None
        elif stay.number not in visible:
            why = _why(server, stay, requests)
            visible[stay.number] = Loss(server.desk.source.id, stay.number, stood, why)


def _closed(server: Server, lived: Lived, requests: Sequence[Request]) -> list[Span]:
    """When nobody could politely have seen anything: outages, pauses good manners ask for, and our own absence."""
    spans = [(one.begins, one.ends) for one in server.spells if one.kind != "stuck"]
    return sorted(
        [*spans, *server.held, *_domain_held(server, lived), *_manners_ask(server, requests), *lived.down]
    )


def _domain_held(server: Server, lived: Lived) -> list[Span]:
    """C17: what two feeds of a domain within an hour were asked to wait, all of its feeds wait."""
    domain = server.desk.source.politeness_key
    others = [one for one in lived.outlets.servers.values() if one.desk.source.politeness_key == domain]
    refused = [
        (one.source_id, one.ended) for one in lived.outlets.log if one.domain == domain and one.status == 429
    ] + [(other.desk.source.id, begins) for other in others for begins, _ in other.held]
    return [
        span
        for other in others
        for span in other.held
        if any(name != other.desk.source.id and 0 <= span[0] - at <= HOUR for name, at in refused)
    ]


def _manners_ask(server: Server, requests: Sequence[Request]) -> list[Span]:
    """C18: after the n-th failure in a row 2^n intervals; C19: after a refusal an hour, doubling."""
    spans, failures = [], 0
    for one in requests:
        if one.good:
            failures = 0
            continue
        spell = server.spell(one.ended)
        first = HOUR if spell and spell.kind == "challenge" else 2 * server.desk.source.min_interval_s
        spans.append((one.ended, one.ended + min(first * 2.0 ** min(failures, 20), 6 * HOUR)))
        failures += 1
    return spans


def _longest(whole: Span, closed: Sequence[Span]) -> float:
    """The longest piece of ``whole`` outside ``closed``."""
    best, at = 0.0, whole[0]
    for begins, ends in closed:
        if ends <= at or begins >= whole[1]:
            continue
        best = max(best, begins - at)
        at = max(at, ends)
    return max(best, whole[1] - at)


def _why(server: Server, stay: Stay, requests: Sequence[Request]) -> str:
    left = stay.left or 0.0
    during = [one for one in requests if stay.entered <= one.ended < left]
    before = [one for one in requests if one.ended < stay.entered]
    if any(one.stuck for one in during):
        return "a cache said 304 though there was news"
    if any(one.good and one.status == 200 for one in during):
        return "shown and not taken"
    if during:
        return f"all {len(during)} polls of its time failed"
    if before and not before[-1].good:
        return "no poll in its time: backing off after a failure"
    return f"no poll in its time: the interval was too long ({server.kind})"
