"""10,000 recipients at Telegram's pace, in real time: what the server's own log shows.

    python -m bench.notifier.pace --recipients 10000

One worker process with the real Bot API client sends to a Bot API double on a thread of its own, which notes
each arrival.  Among the private chats are groups; one chat has 300 messages of its own waiting, and in the
middle 40 officials are sent something urgent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from services.cli.demo.botapi import Call
from services.contracts.codes import Severity
from services.notifier import taking_over
from services.notifier.spec import OfficialEntry
from services.notifier.vault import Vault
from tests.notifier.builders import a_place, an_alert, an_entry
from tests.notifier.crash_books import officials_file
from tests.notifier.rate import most_within
from tests.notifier.workers import OPEN, Workers, two_workers

URGENT, HOG_MESSAGES, GROUPS = 40, 300, 20
_FEW, _RUNS = 300, 3
_HOG, _URGENT, _CHAT, _GROUP = 8, 700_000_000, 900_000_100, -900_000_100


@dataclass(frozen=True)
class Figures:
    """What the log shows; seconds are the server's."""

    recipients: int
    messages: int
    seconds_for_all_recipients: float
    most_in_a_second: int
    most_in_a_second_to_one_chat: int
    most_in_a_minute_to_one_group: int
    urgent: int
    seconds_from_urgent_alert_to_last: float
    left_open: int
    #: Of the machine, over the last five minutes: at two and more the workers wait for a processor.
    load: float = 0.0


def entries(recipients: int) -> list[OfficialEntry]:
    """Private chats, some groups, the urgent ones and the one with a queue of its own."""

    def one(ref: str, chat: int, region: str) -> OfficialEntry:
        subscriptions = [{"regions": [region], "min_severity": 0}]
        return an_entry(ref, contacts={"telegram": chat}, channels=["telegram"], subscriptions=subscriptions)

    chats = [_GROUP - n for n in range(GROUPS)] + [_CHAT + n for n in range(recipients - GROUPS)]
    found = [one(f"o{n}", chat, "ID-NT") for n, chat in enumerate(chats)]
    found += [one(f"u{n}", _URGENT + n, "VN") for n in range(URGENT)]
    return [*found, one("hog", _HOG, "KH")]


async def measure(folder: Path, recipients: int) -> Figures:
    """Run it; as long as it takes."""
    url = f"sqlite:///{folder / 'notifier.sqlite3'}"
    path = officials_file(folder, 1)
    async with two_workers(None, folder, path, url, random.Random(1), "intent, send, outcome") as workers:
        await _add(workers, entries(recipients))
        group_news = [an_alert(incident_id=f"ab{n:06d}") for n in range(2)]
        hog_news = [an_alert(incident_id=f"kh{n:06d}", places=(a_place("KH-1"),)) for n in range(HOG_MESSAGES)]
        await workers.publish([*hog_news, group_news[0]])
        workers.start(workers.both[0])
        await _until(lambda: len(workers.bot.calls) > recipients // 4)
        urgent = an_alert(incident_id="urgent00", places=(a_place("VN-HN"),), severity=Severity.CRITICAL)
        await workers.publish([urgent])
        asked = time.time()
        await _until(lambda: _reached(workers) >= recipients + URGENT)
        return _count(workers, recipients, asked)


async def _add(workers: Workers, wanted: list[OfficialEntry]) -> None:
    vault = Vault.open(workers.key)

    def work(conn: sa.Connection) -> None:
        for entry in wanted:
            taking_over.import_entry(conn, vault, entry, "operator", time.time())

    await workers.store.write(work)


def _reached(workers: Workers) -> int:
    return len({call.chat_id for call in workers.bot.calls if call.method == "sendMessage"} - {_HOG})


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(1800):
        while not holds():  # noqa: ASYNC110 - another process is watched
            await asyncio.sleep(0.5)


def _count(workers: Workers, recipients: int, asked: float) -> Figures:
    log: list[Call] = [call for call in workers.bot.calls if call.method == "sendMessage"]
    by_chat: dict[int, list[float]] = defaultdict(list)
    for call in log:
        by_chat[call.chat_id or 0].append(call.at)
    groups = [times for chat, times in by_chat.items() if chat < 0]
    others = [times for chat, times in by_chat.items() if chat >= 0]
    last = max(times[0] for chat, times in by_chat.items() if chat != _HOG)
    urgent = [times[0] for chat, times in by_chat.items() if _URGENT <= chat < _URGENT + URGENT]
    states = workers.states()
    return Figures(
        recipients=recipients,
        messages=len(log),
        seconds_for_all_recipients=round(last - min(call.at for call in log), 1),
        most_in_a_second=most_within([call.at for call in log], 1.0),
        most_in_a_second_to_one_chat=max(most_within(times, 1.0) for times in others),
        most_in_a_minute_to_one_group=max(most_within(times, 60.0) for times in groups),
        urgent=len(urgent),
        seconds_from_urgent_alert_to_last=round(max(urgent) - asked, 2),
        left_open=sum(states[state] for state in OPEN),
        load=round(os.getloadavg()[1], 1),
    )


def _run(recipients: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        return dict(asyncio.run(measure(Path(folder), recipients)).__dict__)


def main() -> int:
    """Print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    figures: dict[str, Any] = _run(given.recipients)
    # Behind the one chat's messages and few others: what ten thousand more that wait cost is the difference.
    figures["urgent_behind_one_chat_s"] = [_run(_FEW)["seconds_from_urgent_alert_to_last"] for _ in range(_RUNS)]
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-pace.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
