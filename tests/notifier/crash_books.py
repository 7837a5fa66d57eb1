"""Compare the servers' books with the ledger at the end of a leg of the crash proof."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.notifier import roster
from services.notifier.core.ledger import State
from services.notifier.vault import Vault
from tests.notifier.crash_leg import Found, Leg
from tests.notifier.rate import most_within
from tests.notifier.workers import OPEN, Workers

MARK = "MUNGKIN SALINAN KEDUA"
_INCIDENT = re.compile(r"AB\d{6}")
_CHAT = 900000100


def officials_file(folder: Path, count: int) -> Path:
    """So many officials, all of them hearing everything: on Telegram alone, with mail behind it, or by mail."""
    ways = (["telegram"], ["telegram", "email"], ["email", "telegram"])
    entries: list[dict[str, Any]] = [
        {
            "ref": f"official-{n}", "title": f"Office {n}", "zone": "Asia/Makassar",
            "contacts": {"telegram": _CHAT + n, "email": f"office{n}@example.org"},
            "channels": ways[n % 3],
            "digest": {"at": ["03:00"]}, "subscriptions": [{"regions": ["*"], "min_severity": 0}],
        }
        for n in range(count)
    ]  # fmt: skip
    path = folder / "officials.yaml"
    with path.open("w") as file:
        YAML().dump({"officials": entries}, file)
    return path


def count(workers: Workers, leg: Leg, alerts: int, seconds: float) -> Found:
    """What became of each pair of an official and one of so many alerts."""
    ledger = [row for row in workers.ledger() if row.action == "push"]
    shown, marked = _on_screens(workers)
    by_pair: dict[tuple[int, str], list[Any]] = defaultdict(list)
    numbers = _numbers(workers, leg)
    for row in ledger:
        by_pair[numbers[row.official_id], row.incident_id[:8].upper()].append(row)
    pairs = [(n, f"AB{number:06d}") for n in range(leg.officials) for number in range(alerts)]
    visible = {State.UNKNOWN, State.PARKED, State.REFUSED}
    copies = shown + marked
    told = {pair for pair, rows in by_pair.items() if any(row.state in visible for row in rows)}
    accepted = {pair for pair, rows in by_pair.items() if any(row.state == State.ACCEPTED for row in rows)}
    unknown = {pair for pair in told if any(r.state in {State.UNKNOWN, State.PARKED} for r in by_pair[pair])}
    states = Counter(row.state for row in ledger)
    sends = [call for call in workers.bot.calls if call.method in {"sendMessage", "editMessageText"}]
    by_chat: dict[int | None, list[float]] = defaultdict(list)
    for call in sends:
        by_chat[call.chat_id].append(call.at)
    return Found(
        store=leg.store,
        broker=leg.broker,
        seed=leg.seed,
        deliveries=len(pairs),
        kills=sum(workers.kills.values()),
        by_boundary=dict(sorted(workers.kills.items())),
        torn={str(state): number for state, number in workers.torn.items()},
        ended_by_themselves=workers.ended_by_themselves,
        accepted=states[State.ACCEPTED],
        unknown=states[State.UNKNOWN] + states[State.PARKED],
        unknown_but_shown=sum(1 for pair in unknown if copies[pair]),
        refused=states[State.REFUSED],
        marked_second_copies=sum(marked.values()),
        faults=sum(1 for call in sends if call.fault),
        lost=sum(1 for pair in pairs if not copies[pair] and pair not in told),
        blind_repeats=sum(number - 1 for number in shown.values() if number > 1),
        accepted_but_not_shown=sum(1 for pair in accepted if not copies[pair]),
        left_open=sum(states[state] for state in OPEN),
        most_in_a_second=most_within([call.at for call in sends], 1.0),
        most_in_a_second_to_one_chat=max((most_within(times, 1.0) for times in by_chat.values()), default=0),
        seconds=round(seconds, 1),
    )


def _on_screens(workers: Workers) -> tuple[Counter[tuple[int, str]], Counter[tuple[int, str]]]:
    """How often each official has each incident: unmarked, and marked as possibly a second copy."""
    shown: Counter[tuple[int, str]] = Counter()
    marked: Counter[tuple[int, str]] = Counter()
    for message in workers.bot.chats.messages.values():
        found = marked if MARK in message.shown else shown
        found[message.chat_id - _CHAT, _incident(message.shown)] += 1
    for recipient, content in workers.mail.kept:
        body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
        assert body is not None
        text = body.get_content()
        found = marked if MARK in text else shown
        found[int(recipient.removeprefix("office").split("@")[0]), _incident(text)] += 1
    return shown, marked


def _incident(text: str) -> str:
    return _INCIDENT.findall(text)[-1]


def _numbers(workers: Workers, leg: Leg) -> Mapping[str, int]:
    """The number of each official, as the servers know them."""
    vault = Vault.open(workers.folder / "key")
    found = {}
    with workers.engine.connect() as conn:
        for official in roster.active_officials(conn):
            contact = roster.read_contact(conn, vault, official.official_id, "telegram")
            assert contact is not None
            found[official.official_id] = int(contact.address) - _CHAT
    assert len(found) == leg.officials
    return found
