"""Hold the API to its own description with schemathesis: no 5xx, and no status, form or body it does not describe.

    python -m tests.notifier.desk.proof_api --examples 200 --seed 1

The real application with something of everything in its stores, behind uvicorn in this process.  A short form runs
with the tests; this one goes on with the next seed where it was stopped and writes bench/report/data/desk-api.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given
from prometheus_client import CollectorRegistry
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as conformity

from services.notifier.core.outlets.throttle import Rate
from services.notifier.desk.api import PREFIX, mount_api
from services.notifier.desk.api.answers import INCIDENT_ID, STORY_ID
from services.notifier.outlets.front import create_front
from services.notifier.outlets.gate import Gate
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.readers import TokenScope

sys.path.insert(0, str(Path(__file__).parent))
from api_house import OFFICIAL, OTHER, a_filled_house, a_reader, token_of
from house import House

from services.notifier.desk.sessions import Role

ROOT = Path(__file__).resolve().parents[3]
FIGURES = ROOT / "bench" / "report" / "data" / "desk-api.json"
_OFTEN = Rate(per_minute=1e9, burst=1e9)
#: What the answer must be; what a request with a fault in it must not be taken for.
CHECKS = [
    schemathesis.checks.not_a_server_error, conformity.status_code_conformance,
    conformity.content_type_conformance, conformity.response_headers_conformance,
    conformity.response_schema_conformance, conformity.negative_data_rejection,
]  # fmt: skip


@dataclass
class Served:
    """The API at a port of this machine."""

    base: str
    tokens: list[str]
    officials: list[str]


@dataclass
class Figures:
    """What was asked and what came of it."""

    requests: int = 0
    operations: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """The real application in a thread of its own."""
    ready: list[Served] = []
    started, ending = threading.Event(), threading.Event()

    async def live() -> None:
        async with a_filled_house(folder) as house:
            tokens = await _tokens(house)
            gate = Gate(house.desk.people, house.vault.mark, house.desk.now, rate=_OFTEN)
            routes = [mount_api(house.desk, gate)]
            app = create_front(routes, OutletMetrics(CollectorRegistry()), https=False)
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
            server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
            running = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            ready.append(Served(f"http://127.0.0.1:{port}{PREFIX}", tokens, [house.officials[OTHER]]))
            started.set()
            while not ending.is_set():
                await asyncio.sleep(0.05)
            server.should_exit = True
            await running

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    try:
        if not started.wait(120):
            raise RuntimeError("the application did not start")
        yield ready[0]
    finally:
        ending.set()
        thread.join()


async def _tokens(house: House) -> list[str]:
    await house.give_role(OFFICIAL, Role.ADMIN)
    own = house.officials[OFFICIAL]
    return [
        await token_of(house, a_reader(house, scope=TokenScope.ADMIN, official_id=own)),
        await token_of(house, a_reader(house, ("ID-NT",))),
    ]


def walk(at: Served, seed: int, examples: int) -> Figures:
    """Ask every operation with what it describes and with what it does not, of things that are there and are not."""
    load_all_checks()
    found = Figures()
    with requests.Session() as session:
        description = session.get(f"{at.base}/openapi.json", timeout=30).json()
        schema = schemathesis.openapi.from_dict(description)
        for result in schema.get_all_operations():
            operation = result.ok()
            found.operations += 1
            known = {name: value for name, value in _known(at).items() if f"{{{name}}}" in operation.path}
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                for given_path in [None, known] if known else [None]:
                    _ask(at, session, (operation, mode, given_path), seed, examples, found)
    return found


def _known(at: Served) -> dict[str, str]:
    return {"incident_id": INCIDENT_ID, "story_id": STORY_ID, "official_id": at.officials[0]}


def _ask(
    at: Served, session: requests.Session, what: tuple[Any, GenerationMode, dict[str, str] | None], seed: int,
    examples: int, found: Figures,
) -> None:  # fmt: skip
    operation, mode, path = what
    try:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=path)
    except Exception as error:
        if "negative" not in str(error).lower() and "Impossible" not in type(error).__name__:
            raise
        return

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.target, Phase.shrink], report_multiple_bugs=False,
    )  # fmt: skip
    @given(strategy)
    def ask(case: Any) -> None:
        token = at.tokens[found.requests % len(at.tokens)]
        answer = case.call(
            base_url=at.base, session=session, headers={"authorization": f"Bearer {token}"}, timeout=60
        )
        found.requests += 1
        found.statuses[str(answer.status_code)] += 1
        # A reader of one region is told 403 or 404 for what would be wrong besides.
        checks = CHECKS if token == at.tokens[0] else CHECKS[:-1]
        case.validate_response(answer, checks=checks)

    try:
        ask()
    except hypothesis.errors.Unsatisfiable:
        return
    except BaseExceptionGroup as error:
        found.faults.append(f"{operation.label}: {error}")
    except (AssertionError, requests.RequestException) as error:
        found.faults.append(f"{operation.label}: {error}")


def main() -> int:
    """Walk, print, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=200, help="for each operation, right and wrong")
    parser.add_argument("--seed", type=int, help="default: the one after the last that is in the figures")
    given_args = parser.parse_args()
    before: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {"runs": []}
    seed = given_args.seed or len(before["runs"]) + 1
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as at:
        found = walk(at, seed, given_args.examples)
    for fault in found.faults:
        print(fault)  # noqa: T201
    run = {
        "seed": seed, "examples": given_args.examples, "operations": found.operations,
        "requests": found.requests, "statuses": dict(sorted(found.statuses.items())),
        "faults": len(found.faults), "seconds": round(time.monotonic() - began),
        "schemathesis": schemathesis.__version__,
    }  # fmt: skip
    print(json.dumps(run))  # noqa: T201
    if not found.faults:
        before["runs"].append(run)
        FIGURES.write_text(json.dumps(before, indent=1) + "\n")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
