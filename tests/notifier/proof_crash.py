"""Kill the notifier with SIGKILL again and again under faults, and count what is on every screen.

    python -m tests.notifier.proof_crash --alerts 40 --officials 50 --kills 20 --seed 7

Nothing may be lost silently: every delivery the ledger has ends as accepted, refused or a visible unknown.
Nothing may be doubled blindly: no chat shows one push of an incident twice, unless the second copy is marked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from services.cli.demo.botapi import Fault
from services.contracts.codes import Severity
from services.contracts.delivery import Outcome
from services.contracts.topics import TOPICS
from services.runtime.embedded import start_embedded
from tests.notifier.builders import an_alert
from tests.notifier.process import NotifierProcess, notifying

OPEN = {"due", "intended", "sending", "retry_wait"}
MARK = "MUNGKIN SALINAN KEDUA"
FAULTS = (Fault.FLOOD, Fault.BAD_GATEWAY, Fault.DELIVERED_THEN_RESET, Fault.RESET, Fault.DELIVERED_NOT_JSON)


@dataclass(frozen=True)
class Found:
    """What was on the screens and in the ledger at the end."""

    deliveries: int
    accepted: int
    unknown: int
    refused: int
    unmarked_doubles: int
    accepted_but_not_shown: int
    unannounced: int
    left_open: int
    kills: int
    seconds: float

    @property
    def holds(self) -> bool:
        wrong = (
            self.unmarked_doubles, self.accepted_but_not_shown, self.unannounced, self.left_open,
        )  # fmt: skip
        return self.deliveries > 0 and not any(wrong)


def officials_file(folder: Path, count: int) -> Path:
    """So many officials, all of them hearing everything, on Telegram alone or with mail behind it."""
    entries: list[dict[str, Any]] = [
        {
            "ref": f"official-{n}", "title": f"Office {n}", "zone": "Asia/Makassar",
            "contacts": {"telegram": 900000100 + n, "email": f"office{n}@example.org"},
            "channels": ["telegram", "email"] if n % 2 else ["telegram"],
            "digest": {"at": ["03:00"]}, "subscriptions": [{"regions": ["*"], "min_severity": 0}],
        }
        for n in range(count)
    ]  # fmt: skip
    path = folder / "officials.yaml"
    with path.open("w") as file:
        YAML().dump({"officials": entries}, file)
    return path


async def prove(folder: Path, *, alerts: int, officials: int, kills: int, fault_rate: float, seed: int) -> Found:
    """Run the whole proof; prints nothing."""
    dice = random.Random(seed)
    began = time.monotonic()
    broker = await start_embedded({spec.name: spec.partitions for spec in TOPICS.values()})
    try:
        path = officials_file(folder, officials)
        async with notifying(broker.bootstrap, broker.incarnation, folder, path) as one:
            feeding = asyncio.create_task(_feed(one, alerts, officials, dice, fault_rate))
            while one.kills < kills:
                one.start()
                await _come_up(one, one.log.count('"running"'))
                await asyncio.sleep(dice.uniform(0.05, 1.5))
                one.kill()
            await feeding
            one.start()
            await one.until(lambda: _is_done(one, alerts * officials), 600.0)
            return await _count(one, time.monotonic() - began)
    finally:
        await broker.stop()


async def _feed(one: NotifierProcess, alerts: int, officials: int, dice: random.Random, fault_rate: float) -> None:
    for number in range(alerts):
        severity = Severity.CRITICAL if dice.random() < 0.3 else Severity.HIGH
        await one.publish([an_alert(incident_id=f"{number:08d}-proof", severity=severity)])
        for _ in range(officials):
            if dice.random() < fault_rate:
                one.bot.fail_next(dice.choice(FAULTS))
        await asyncio.sleep(0.02)


async def _come_up(one: NotifierProcess, before: int) -> None:
    """Until it runs, or long enough for the dice to kill it while it starts."""
    for _ in range(100):
        if one.log.count('"running"') > before:
            return
        await asyncio.sleep(0.05)


def _is_done(one: NotifierProcess, wanted: int) -> bool:
    states = one.states()
    first = sum(1 for row in one.ledger() if row["action"] == "push" and not row["second_copy"])
    return first >= wanted and not any(states[state] for state in OPEN)


async def _count(one: NotifierProcess, seconds: float) -> Found:
    ledger = one.ledger()
    states = Counter(row["state"] for row in ledger if row["action"] == "push")
    shown: Counter[tuple[int, str]] = Counter()
    for message in one.bot.chats.messages.values():
        if MARK not in message.shown:
            shown[message.chat_id, message.shown.rsplit(" ", 1)[-1]] += 1
    telegram = {row["ref"] for row in ledger if row["channel"] == "telegram" and row["state"] == "accepted"}
    on_screen = {str(number) for number in one.bot.chats.messages}
    mails = {str(mail["Message-ID"]) for mail in one.mail.mails()}
    mailed = {row["ref"] for row in ledger if row["channel"] == "email" and row["state"] == "accepted"}
    announced = await one.announced()
    ended = {e.delivery_key for e in announced if e.outcome is not Outcome.INTENDED}
    intended = {e.delivery_key for e in announced if e.outcome is Outcome.INTENDED}
    keys = {"|".join((r["subject"], r["official_id"], r["channel"], r["action"])) for r in ledger if r["attempts"]}
    return Found(
        deliveries=sum(states.values()),
        accepted=states["accepted"],
        unknown=states["unknown"] + states["parked"],
        refused=states["refused"],
        unmarked_doubles=sum(count - 1 for count in shown.values()),
        accepted_but_not_shown=len(telegram - on_screen - {None}) + len(mailed - mails),
        unannounced=len(keys - intended) + len(keys - ended),
        left_open=sum(states[state] for state in OPEN),
        kills=one.kills,
        seconds=round(seconds, 1),
    )


def main() -> int:
    """Print what was found as JSON; exit status 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alerts", type=int, default=40)
    parser.add_argument("--officials", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--faults", type=float, default=0.07, help="share of requests that fail")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(
            prove(
                Path(folder), alerts=given.alerts, officials=given.officials, kills=given.kills,
                fault_rate=given.faults, seed=given.seed,
            )
        )  # fmt: skip
    print(json.dumps({"seed": given.seed, "holds": found.holds, **found.__dict__}))  # noqa: T201
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
