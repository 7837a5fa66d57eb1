"""Kill two notifiers on one store again and again at every boundary of a delivery, under faults, and count.

    python -m tests.notifier.proof_crash --deliveries 10000 --kills 200 --out bench/report/data

What counts is what the servers have: the chats of the Bot API double, the mails that the SMTP server kept.
Nothing may be lost: every delivery was shown, or stands as refused or as a visible unknown.  Nothing may be
repeated blindly: nobody has one push of an incident twice, on whatever channel, unless the second is marked.
The run is made of legs and goes on after the last one that is in its file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.cli.demo.botapi import Fault
from services.contracts.codes import Severity
from services.contracts.topics import TOPICS
from services.notifier import roster
from services.notifier.core.ledger import State
from services.notifier.vault import Vault
from services.runtime.embedded import start_embedded
from tests.notifier.builders import an_alert
from tests.notifier.classic import ORDERINGS
from tests.notifier.doomed import BOUNDARIES
from tests.notifier.postgres_server import postgres_server
from tests.notifier.rate import most_within
from tests.notifier.workers import OPEN, Worker, Workers, two_workers

MARK = "MUNGKIN SALINAN KEDUA"
FAULTS = (Fault.FLOOD, Fault.BAD_GATEWAY, Fault.DELIVERED_THEN_RESET, Fault.RESET, Fault.DELIVERED_NOT_JSON)
ANY = "any moment"
_INCIDENT = re.compile(r"AB\d{6}")
_CHAT = 900000100
#: A worker that never comes to its boundary is killed from outside after so long.
_AT_MOST_S = 30.0
#: One leg: 500 deliveries, ten kills, 7 % of the requests fail.
_ALERTS, _OFFICIALS, _KILLS, _FAULTS = 10, 50, 10, 0.07


@dataclass(frozen=True)
class Found:
    """One leg: what the servers have, against what the ledger says."""

    store: str
    broker: str
    seed: int
    deliveries: int
    kills: int
    by_boundary: dict[str, int]
    torn: dict[str, int]
    ended_by_themselves: int
    accepted: int
    unknown: int
    unknown_but_shown: int
    refused: int
    marked_second_copies: int
    faults: int
    lost: int
    blind_repeats: int
    accepted_but_not_shown: int
    left_open: int
    most_in_a_second: int
    most_in_a_second_to_one_chat: int
    seconds: float

    @property
    def holds(self) -> bool:
        wrong = (self.lost, self.blind_repeats, self.accepted_but_not_shown, self.left_open)
        return self.deliveries > 0 and not any(wrong)


@dataclass(frozen=True)
class Leg:
    """How much is done at a time."""

    store: str
    alerts: int
    officials: int
    kills: int
    fault_rate: float
    seed: int
    broker: str = "embedded"
    ordering: str = next(iter(ORDERINGS))

    @property
    def boundaries(self) -> tuple[str, ...]:
        """Where deaths are planned; without a broker decisions are not the workers'."""
        return (*BOUNDARIES, ANY) if self.broker == "embedded" else (*BOUNDARIES[1:], ANY)


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


async def prove(folder: Path, leg: Leg, store_url: str) -> Found:
    """Run one leg; prints nothing."""
    dice = random.Random(leg.seed)
    began = time.monotonic()
    broker = None
    if leg.broker == "embedded":
        broker = await start_embedded({spec.name: spec.partitions for spec in TOPICS.values()})
    try:
        path = officials_file(folder, leg.officials)
        async with two_workers(broker, folder, path, store_url, dice, leg.ordering) as workers:
            workers.mail.rate = leg.fault_rate
            try:
                await _kill_by_plan(workers, leg, dice)
                for worker in workers.both:
                    workers.start(worker)
                await _until_settled(workers, leg.alerts * leg.officials)
            except TimeoutError:
                raise AssertionError(f"{workers.states()}\n{workers.log(workers.both[0])[-3000:]}") from None
            return count(workers, leg, time.monotonic() - began)
    finally:
        if broker is not None:
            await broker.stop()


async def _kill_by_plan(workers: Workers, leg: Leg, dice: random.Random) -> None:
    """As many deaths as asked for, spread evenly over the boundaries; new work comes with each of them."""
    plan = [leg.boundaries[n % len(leg.boundaries)] for n in range(leg.kills)]
    dice.shuffle(plan)
    fed = 0
    for worker in workers.both:
        _begin(workers, worker, plan, dice)
    while (dead := sum(workers.kills.values())) < leg.kills:
        due = leg.alerts * (dead + 1) // leg.kills
        if fed < due:
            await _feed(workers, range(fed, due), leg, dice)
            fed = due
        for worker in workers.both:
            if worker.is_dead or _is_due(worker):
                workers.bury(worker, ANY)
                if sum(workers.kills.values()) < leg.kills:
                    _begin(workers, worker, plan, dice)
        await asyncio.sleep(0.05)
    for worker in workers.both:  # who is left dies as well, uncounted, and both start anew
        worker.fate = ""
        if worker.process is not None:
            worker.process.kill()
            worker.process.wait()
    if fed < leg.alerts:
        await _feed(workers, range(fed, leg.alerts), leg, dice)


def _begin(workers: Workers, worker: Worker, plan: list[str], dice: random.Random) -> None:
    after = plan.pop() if plan else ANY
    if after == ANY:
        workers.start(worker)
        # Long enough for some to die while they start, and for some in the middle of their work.
        worker.started += dice.uniform(0.5, 8.0) - _AT_MOST_S
    else:
        crossings = 2 if after == BOUNDARIES[0] else 25
        workers.start(worker, after, dice.randint(1, crossings))


def _is_due(worker: Worker) -> bool:
    return asyncio.get_running_loop().time() - worker.started > _AT_MOST_S


async def _feed(workers: Workers, numbers: Iterable[int], leg: Leg, dice: random.Random) -> None:
    alerts = []
    for number in numbers:
        severity = Severity.CRITICAL if dice.random() < 0.3 else Severity.HIGH
        alerts.append(an_alert(incident_id=f"ab{number:06d}-proof", severity=severity))
        for _ in range(leg.officials * 2 // 3):
            if dice.random() < leg.fault_rate:
                workers.bot.fail_next(dice.choice(FAULTS))
    await workers.publish(alerts)


async def _until_settled(workers: Workers, wanted: int) -> None:
    workers.mail.rate = 0.0
    async with asyncio.timeout(900.0):
        while True:
            await workers.let_waits_pass()
            states = workers.states()
            if sum(states.values()) >= wanted and not any(states[state] for state in OPEN):
                return
            for worker in workers.both:
                if worker.is_dead:
                    workers.bury(worker)
                    workers.start(worker)
            await asyncio.sleep(0.5)


def count(workers: Workers, leg: Leg, seconds: float) -> Found:
    """Compare the servers' books with the ledger."""
    ledger = [row for row in workers.ledger() if row.action == "push"]
    shown, marked = _on_screens(workers)
    by_pair: dict[tuple[int, str], list[Any]] = defaultdict(list)
    numbers = _numbers(workers, leg)
    for row in ledger:
        by_pair[numbers[row.official_id], row.incident_id[:8].upper()].append(row)
    pairs = [(n, f"AB{number:06d}") for n in range(leg.officials) for number in range(leg.alerts)]
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


def _numbers(workers: Workers, leg: Leg) -> dict[str, int]:
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


def summary(legs: list[Found]) -> dict[str, Any]:
    """All legs of one store together."""
    summed = (
        "deliveries", "kills", "ended_by_themselves", "accepted", "unknown", "unknown_but_shown", "refused", "marked_second_copies",
        "faults", "lost", "blind_repeats", "accepted_but_not_shown", "left_open", "seconds",
    )  # fmt: skip
    found: dict[str, Any] = {name: round(sum(getattr(leg, name) for leg in legs), 1) for name in summed}
    for name in ("by_boundary", "torn"):
        found[name] = dict(sum((Counter(getattr(leg, name)) for leg in legs), Counter()))
    for name in ("most_in_a_second", "most_in_a_second_to_one_chat"):
        found[name] = max(getattr(leg, name) for leg in legs)
    return found | {"legs": len(legs), "holds": all(leg.holds for leg in legs)}


def main() -> int:
    """Run what is missing in the file; exit status 1 if a promise was broken or a leg could not end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=10_000, help="on each store, at least")
    parser.add_argument("--kills", type=int, default=200, help="on each store, at least")
    parser.add_argument("--stores", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--broker", choices=("embedded", "none"), default="none")
    parser.add_argument("--parallel", type=int, default=2, help="legs at a time")
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    path = given.out / "notifier-crash.json"
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    legs = [Found(**leg) for leg in kept.get("legs", [])]
    wanted = [
        leg for store in given.stores for leg in missing(legs, store, given.broker, given.deliveries, given.kills)
    ]
    given.out.mkdir(parents=True, exist_ok=True)
    broken = 0
    with ProcessPoolExecutor(given.parallel) as pool:
        for running in as_completed([pool.submit(_run, leg) for leg in wanted]):
            try:
                legs.append(running.result())
            except Exception as error:  # noqa: BLE001 - one leg that could not end is shown, and the others go on
                broken += 1
                print(f"a leg did not end: {error}", file=sys.stderr, flush=True)  # noqa: T201
                continue
            print(json.dumps(asdict(legs[-1])), flush=True)  # noqa: T201
            path.write_text(json.dumps(_together(legs), indent=1) + "\n")
    return 0 if all(leg.holds for leg in legs) and not broken else 1


def missing(legs: list[Found], store: str, broker: str, deliveries: int, kills: int) -> list[Leg]:
    """The legs that are still to be run on a store, with seeds that were not used."""
    done = [leg for leg in legs if (leg.store, leg.broker) == (store, broker)]
    deliveries -= sum(leg.deliveries for leg in done)
    kills -= sum(leg.kills for leg in done)
    count = max(0, math.ceil(deliveries / (_ALERTS * _OFFICIALS)), math.ceil(kills / _KILLS))
    first = max((leg.seed for leg in legs), default=0) + (1 if store == "sqlite" else 1001)
    return [Leg(store, _ALERTS, _OFFICIALS, _KILLS, _FAULTS, first + n, broker) for n in range(count)]


def _together(legs: list[Found]) -> dict[str, Any]:
    """What the file holds: a summary for each way of running, then every leg."""
    ways = sorted({(leg.broker, leg.store) for leg in legs})
    found: dict[str, Any] = {
        f"{store}, broker {broker}": summary([leg for leg in legs if (leg.broker, leg.store) == (broker, store)])
        for broker, store in ways
    }
    return found | {"legs": [asdict(leg) for leg in legs]}


def _run(leg: Leg) -> Found:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if leg.store == "sqlite":
            return asyncio.run(prove(folder, leg, f"sqlite:///{folder / 'notifier.sqlite3'}"))
        with postgres_server() as database:
            return asyncio.run(prove(folder, leg, database()))


if __name__ == "__main__":
    sys.exit(main())
