"""Kill two notifiers on one store again and again at every boundary of a delivery, under faults, and count.

    python -m tests.notifier.proof_crash --deliveries 10000 --kills 200 --out bench/report/data
    python -m tests.notifier.proof_crash --broker apache --deliveries 1000 --kills 20

What counts is what the servers have: the chats of the Bot API double, the mails that the SMTP server kept.
Nothing may be lost: every delivery was shown, or stands as refused or as a visible unknown.  Nothing may be
repeated blindly: nobody has one push of an incident twice, on whatever channel, unless the second is marked.
The run is made of legs and goes on after the last one that is in its file.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.cli.topics import wanted_topics
from services.contracts.topics import TOPICS
from services.runtime.apache import ApacheKafka
from services.runtime.broker import admin_client
from services.runtime.embedded import start_embedded
from services.runtime.jars import ensure_jars
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.topics_admin import create_topics
from tests.notifier.crash_books import count, officials_file
from tests.notifier.crash_leg import Found, Leg, summary
from tests.notifier.crash_plan import Plan
from tests.notifier.workers import OPEN, BrokerAddress, Workers, two_workers
from tests.postgres_server import postgres_server

ROOT = Path(__file__).resolve().parents[2]
#: One leg: 500 deliveries, ten kills, 7 % of the requests fail.
_ALERTS, _OFFICIALS, _KILLS, _FAULTS = 10, 50, 10, 0.07


async def prove(folder: Path, leg: Leg, store_url: str) -> Found:
    """Run one leg; prints nothing."""
    dice = random.Random(leg.seed)
    began = time.monotonic()
    path = officials_file(folder, leg.officials)
    async with (
        _BROKERS[leg.broker](folder) as broker,
        two_workers(broker, folder, path, store_url, dice, leg.ordering) as workers,
    ):
        workers.mail.rate = leg.fault_rate
        plan = Plan(leg, dice)
        try:
            await plan.carry_out(workers)
            for worker in workers.both:
                workers.start(worker)
            await _until_settled(workers, plan.fed * leg.officials)
        except TimeoutError:
            raise AssertionError(f"{workers.states()}\n{workers.log(workers.both[0])[-3000:]}") from None
        return count(workers, leg, plan.fed, time.monotonic() - began)


@contextlib.asynccontextmanager
async def _no_broker(_: Path) -> AsyncIterator[None]:
    yield None


@contextlib.asynccontextmanager
async def _embedded(_: Path) -> AsyncIterator[BrokerAddress]:
    broker = await start_embedded({spec.name: spec.partitions for spec in TOPICS.values()})
    try:
        yield BrokerAddress(broker.bootstrap, broker.incarnation)
    finally:
        await broker.stop()


@contextlib.asynccontextmanager
async def _apache(folder: Path) -> AsyncIterator[BrokerAddress]:
    config = ROOT / "deploy" / "kafka"
    libs = await asyncio.to_thread(ensure_jars, config / "pom.xml", ROOT / "var" / "kafka-libs")
    kafka = ApacheKafka(folder / "kafka", libs=libs, log_config=config / "log4j2.properties")
    await kafka.start()
    try:
        async with admin_client(load_settings(ServiceSettings, kafka=kafka.bootstrap)) as admin:
            await create_topics(admin, wanted_topics())
        yield BrokerAddress(kafka.bootstrap)
    finally:
        await kafka.stop()


_BROKERS = {"none": _no_broker, "embedded": _embedded, "apache": _apache}


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


def main() -> int:
    """Run what is missing in the file; exit status 1 if a promise was broken or a leg could not end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=10_000, help="on each store, at least")
    parser.add_argument("--kills", type=int, default=200, help="on each store, at least")
    parser.add_argument("--stores", nargs="+", choices=("sqlite", "postgresql"), default=["sqlite", "postgresql"])
    parser.add_argument("--broker", choices=sorted(_BROKERS), default="none")
    parser.add_argument("--parallel", type=int, default=2, help="legs at a time")
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    path = given.out / "notifier-crash.json"
    legs = _kept(path)
    wanted = [
        leg for store in given.stores for leg in missing(legs, store, given.broker, given.deliveries, given.kills)
    ]
    given.out.mkdir(parents=True, exist_ok=True)
    broken = 0
    with ProcessPoolExecutor(given.parallel) as pool:
        for running in as_completed([pool.submit(_run, leg) for leg in wanted]):
            try:
                found = running.result()
            except Exception as error:  # noqa: BLE001 - one leg that could not end is shown, and the others go on
                broken += 1
                print(f"a leg did not end: {error}", file=sys.stderr, flush=True)  # noqa: T201
                continue
            print(json.dumps(asdict(found)), flush=True)  # noqa: T201
            # Read again: another run may have added to it.
            legs = [*_kept(path), found]
            path.write_text(json.dumps(_together(legs), indent=1) + "\n")
    return 0 if all(leg.holds for leg in legs) and not broken else 1


def _kept(path: Path) -> list[Found]:
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return [Found(**leg) for leg in kept.get("legs", [])]


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
        with postgres_server() as server:
            return asyncio.run(prove(folder, leg, server.database()))


if __name__ == "__main__":
    sys.exit(main())
