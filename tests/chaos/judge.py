"""Compare what the receivers have with what the ledger says and with what stood in the feeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.contracts.delivery import Action
from services.notifier.core.card import thread_name
from services.notifier.core.ledger import State
from tests.chaos.books import OPEN, Shown

_UNSEEN = {State.UNKNOWN, State.PARKED}
_TOLD = {State.ACCEPTED, State.REFUSED, State.BOUNCED, *_UNSEEN}
_CARDS = {Action.PUSH, Action.EDIT, Action.WITHDRAW}


@dataclass(frozen=True)
class Verdict:
    """Every figure that has to be nought, and what it was counted from."""

    deliveries: int
    messages: int
    accepted: int
    refused: int
    unknown: int
    marked_second_copies: int
    #: Official and incident, where the official was neither told nor is the failure visible.
    lost: int
    #: A message that no row of the ledger allows: neither accepted under its name nor an ``unknown`` of its incident.
    blind_repeats: int
    accepted_but_not_shown: int
    left_open: int

    @property
    def holds(self) -> bool:
        wrong = (self.lost, self.blind_repeats, self.accepted_but_not_shown, self.left_open)
        return not any(wrong)


def judge(
    rows: Sequence[Any], shown: Sequence[Shown], numbers: Mapping[str, int], incidents: Iterable[str]
) -> Verdict:
    """The verdict on one run.

    Args:
        rows: the whole ledger.
        shown: every message the receivers have.
        numbers: the number of each official, by its id; every one of them hears everything.
        incidents: those that stand.
    """
    sent = [row for row in rows if row.action == Action.DIGEST or row.action in _CARDS]
    states = Counter(row.state for row in sent if row.incident_id is not None)
    told = {(row.official_id, row.incident_id) for row in sent if row.state in _TOLD}
    refs = {(message.channel, message.ref) for message in shown}
    accepted = [row for row in sent if row.state == State.ACCEPTED and row.ref]
    return Verdict(
        deliveries=len(rows),
        messages=len(shown),
        accepted=states[State.ACCEPTED],
        refused=states[State.REFUSED],
        unknown=states[State.UNKNOWN] + states[State.PARKED],
        marked_second_copies=sum(message.marked for message in shown),
        lost=sum((official, incident) not in told for incident in incidents for official in numbers),
        blind_repeats=_repeated_names(shown)
        + _not_in_the_ledger(sent, shown, numbers)
        + _cards_too_many(sent, shown, numbers),
        accepted_but_not_shown=sum((row.channel, row.ref) not in refs for row in accepted),
        left_open=sum(row.state in OPEN for row in rows),
    )


def _repeated_names(shown: Sequence[Shown]) -> int:
    """A mail that came twice under one Message-ID."""
    counted = Counter((message.official, message.channel, message.ref) for message in shown)
    return sum(count - 1 for count in counted.values())


def _not_in_the_ledger(rows: Sequence[Any], shown: Sequence[Shown], numbers: Mapping[str, int]) -> int:
    """Messages whose arrival nothing explains: each needs its own accepted row, or an unseen one."""
    known = {(row.channel, row.ref) for row in rows if row.state in {State.ACCEPTED, State.BOUNCED} and row.ref}
    unseen: Counter[tuple[int, str, str]] = Counter()
    for row in rows:
        if row.state in _UNSEEN:
            unseen[numbers[row.official_id], row.channel, _named(row)] += 1
    strange: Counter[tuple[int, str, str]] = Counter()
    for message in {(one.channel, one.ref): one for one in shown}.values():
        if (message.channel, message.ref) not in known:
            strange[message.official, message.channel, message.incident or ""] += 1
    return sum(max(0, count - unseen[where]) for where, count in strange.items())


def _named(row: Any) -> str:
    """The incident a row's card would name; a digest's names none."""
    return "" if row.action == Action.DIGEST else thread_name(row.incident_id)


def _cards_too_many(rows: Sequence[Any], shown: Sequence[Shown], numbers: Mapping[str, int]) -> int:
    """Unmarked cards of one incident to one official, on whatever channel, beyond what was decided."""
    decided: dict[tuple[int, str], set[str]] = defaultdict(set)
    for row in rows:
        if row.action in _CARDS and row.incident_id:
            decided[numbers[row.official_id], thread_name(row.incident_id)].add(row.subject)
    cards = Counter((one.official, one.incident) for one in shown if one.incident and not one.marked)
    return sum(max(0, count - len(decided[who, str(what)])) for (who, what), count in cards.items())
