"""Bring a service to life: start it, watch over its loops, and end it in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.specification import AsyncAPI
from prometheus_client import make_asgi_app

from services.runtime.broker import RelayBroker, admin_client
from services.runtime.errors import OperatorError, UnavailableError, told
from services.runtime.heap import give_back, keep_one_heap, set_aside_what_lasts
from services.runtime.lag import Watch, watch_lag
from services.runtime.listener import bind, make_server
from services.runtime.peek import Peek
from services.runtime.relay import Relay
from services.runtime.service import VERSION, Loop, Service
from services.runtime.vitals import Vitals

log = structlog.get_logger(__name__)

#: A stop that takes longer is cut off; every step is safe to be cut off at.
STOP_WITHIN_S = 9.5
#: Loops see ``service.stopping`` and have so long to finish what they have in hand.
FINISH_WITHIN_S = 5.0
#: Then the consumers finish their batch, commit and leave the group, and the relay empties the outbox.
LEAVE_WITHIN_S = 3.5
START_WITHIN_S = 90.0
_CANNOT_START = 2
VITALS_EVERY_S = 15.0
GIVE_BACK_EVERY_S = 60.0
READY_EVERY_S = 5.0


@dataclass
class _Health:
    service: Service
    relay_broker: RelayBroker
    watch: Watch
    started: bool = False

    async def ready(self) -> list[str]:
        """What stands in the way of work; empty when ready."""
        wrong = [] if self.started else ["starting"]
        if not await self.relay_broker.answers():
            wrong.append("broker does not answer")
        if not await self.service.store.answers():
            wrong.append("store does not answer")
        return wrong + self.watch.stalled

    async def show(self) -> None:
        """Keep the metric in step with /readyz for ever: whoever cannot ask the broker shows no lag."""
        said: list[str] = []
        while True:
            try:
                wrong = await self.ready()
            except Exception:  # a question that fails must not end the service
                log.exception("readiness unknown")
                wrong = ["readiness unknown"]
            if wrong != said and self.started:
                log.warning("not ready" if wrong else "ready again", reasons=wrong)
            said = wrong
            self.service.metrics.ready.set(not wrong)
            await asyncio.sleep(READY_EVERY_S)


def _routes(health: _Health) -> list[tuple[str, Any]]:
    @get
    async def healthz(_: Any) -> AsgiResponse:
        return AsgiResponse(b"live\n", 200)

    @get
    async def readyz(_: Any) -> AsgiResponse:
        wrong = await health.ready()
        return AsgiResponse("\n".join(wrong or ["ready"]).encode() + b"\n", 503 if wrong else 200)

    metrics = make_asgi_app(health.service.metrics.registry)
    return [("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics), *health.service.routes]


def run_service(create: Callable[[], Service]) -> int:
    """Build and run a service until a signal or the death of one of its loops; returns the exit status."""
    keep_one_heap()
    return asyncio.run(_run(create))


async def _run(create: Callable[[], Service]) -> int:
    service = create()
    set_aside_what_lasts()
    sock = bind(service.settings.http_host, service.settings.http_port)
    try:
        async with admin_client(service.settings) as admin:
            return await _serve(service, sock, admin)
    finally:
        sock.close()
        await _close(service)


async def _close(service: Service) -> None:
    for closer in (*service.closers, service.store.close):
        try:
            await closer()
        except Exception:  # one that fails must not keep the others open
            log.exception("not closed in order")


async def _serve(service: Service, sock: socket.socket, admin: AIOKafkaAdminClient) -> int:
    relay_broker = RelayBroker(
        service.broker,
        admin,
        replication_factor=service.settings.replication_factor,
        lazy_prefix=service.topics.lazy_prefix,
        lazy_retention_days=service.topics.lazy_retention_days,
    )
    relay = service.start_relay(relay_broker)
    peek = Peek(service.settings)
    service.on_close(peek.close)
    watch = Watch(stall_after_s=service.settings.stall_after_s, written_at=peek)
    vitals = Vitals(service.metrics, service.stores, service.settings.data_dir, service.certificates)
    service.every("vital signs", VITALS_EVERY_S, vitals)
    service.every("give back memory", GIVE_BACK_EVERY_S, _give_back)
    health = _Health(service, relay_broker, watch)
    server, serving = await _listen(service, sock, health)
    _stop_on_signals(service)
    running = _Running(service)
    running.begin([("readiness", health.show)], ())
    try:
        if await _start(service, relay, running):
            health.started = True
            running.begin([("lag", lambda: watch_lag(service, admin, watch)), *service.loops], service.finishing)
            host, port = sock.getsockname()[:2]
            log.info("running", http=f"http://{host}:{port}", kafka=service.settings.kafka)
        status = await running.until_one_ends(serving)
        await _wind_down(service, running, status)
        return status
    except OperatorError:
        await _wind_down(service, running, _CANNOT_START)
        raise
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)


async def _give_back() -> None:
    await asyncio.to_thread(give_back)


class _Running:
    """The loops under way: those that are cut at the end, and those that may finish what they have in hand."""

    def __init__(self, service: Service) -> None:
        self.cut: list[asyncio.Task[None]] = []
        self.finishing: list[asyncio.Task[None]] = []
        self._stopping = service.stopping

    @property
    def all(self) -> list[asyncio.Task[None]]:
        return [*self.cut, *self.finishing]

    def begin(self, cut: Sequence[tuple[str, Loop]], finishing: Sequence[tuple[str, Loop]]) -> None:
        self.cut += [asyncio.create_task(_loop(loop), name=name) for name, loop in cut]
        self.finishing += [asyncio.create_task(_loop(loop), name=name) for name, loop in finishing]

    async def until_one_ends(self, serving: asyncio.Task[None]) -> int:
        """Wait for the signal to stop, or for the end of a loop; the exit status."""
        stop = asyncio.create_task(self._stopping.wait(), name="stop")
        done, _ = await asyncio.wait({serving, stop, *self.all}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        return 0 if self._stopping.is_set() else _why_it_ended(done)


async def _start(service: Service, relay: Relay, running: _Running) -> bool:
    """Begin to publish and what needs no consumer, then join the groups; False when an end came first.

    After a crash the groups let us in only when they have given up whom we were: what is decided already must not
    wait for that.
    """
    if not await _before_any_end(service, running, service.broker.connect(), "the broker"):
        return False
    running.begin([("relay", relay.run)], service.finishing_early)
    return await _before_any_end(service, running, service.broker.start(), "the consumers")


async def _listen(
    service: Service, sock: socket.socket, health: _Health
) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    """Answer HTTP from the first moment, so that a slow start can be told from a dead process."""
    spec = AsyncAPI(title=f"Siaga {service.name}", version=VERSION)
    app = AsgiFastStream(service.broker, asgi_routes=_routes(health), logger=None, specification=spec)
    app.mount("/asyncapi.json", _asyncapi(app))
    server = make_server(app)
    return server, asyncio.create_task(server.serve(sockets=[sock]), name="http")


async def _before_any_end(
    service: Service, running: _Running, step: Coroutine[Any, Any, object], what: str
) -> bool:
    """Take a step of the start; False when a signal or the end of a loop came first.

    Raises:
        OperatorError: the broker does not let us, or not in time.
    """
    where = f"SIAGA_KAFKA {service.settings.kafka}"
    starting, stop = asyncio.create_task(step), asyncio.create_task(service.stopping.wait())
    waited = {starting, stop, *running.all}
    done, _ = await asyncio.wait(waited, timeout=START_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if starting not in done:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        if done:
            return False
        raise OperatorError(where, f"not joined within {START_WITHIN_S:.0f} s")
    failure = starting.exception()
    if failure is not None:
        raise OperatorError(where, f"{what} cannot start: {told(failure)}")
    return True


async def _wind_down(service: Service, running: _Running, status: int) -> None:
    """First what has something in hand; then the consumers commit and leave; then what they decided goes out."""
    service.stopping.set()
    _cut_off_after(STOP_WITHIN_S, status)
    if running.finishing:
        await asyncio.wait(running.finishing, timeout=FINISH_WITHIN_S)
    if running.all:
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                await asyncio.gather(*(one.subscriber.stop() for one in service.consumptions))
                await service.relay.drained()
        except (TimeoutError, UnavailableError, KafkaError) as error:
            log.warning("left in haste", reason=told(error))
    await _cancel(running.all)
    await asyncio.gather(service.broker.stop(), return_exceptions=True)
    log.info("stopped", status=status)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _loop(loop: Loop) -> None:
    await loop()


def _why_it_ended(done: set[asyncio.Task[Any]]) -> int:
    for task in done:
        failure = None if task.cancelled() else task.exception()
        log.critical("a loop ended, so the process ends", loop=task.get_name(), exc_info=failure)
    return 1


def _asyncapi(app: AsgiFastStream) -> Any:
    @get
    async def asyncapi(_: Any) -> AsgiResponse:
        # The JSON alone: FastStream's page loads scripts from elsewhere and its "try it" publishes anywhere.
        body = app.schema.to_specification().to_json()
        return AsgiResponse(body.encode(), 200, headers={"content-type": "application/json"})

    return asyncapi


def _stop_on_signals(service: Service) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, service.stopping.set)


def _cut_off_after(seconds: float, status: int) -> None:
    """A producer waits for ever for a broker that is away; crash-safe work may be cut off."""

    def cut() -> None:
        time.sleep(seconds)
        sys.stderr.write('{"event": "stop took too long, cut off"}\n')
        sys.stderr.flush()
        os._exit(status)

    threading.Thread(target=cut, daemon=True, name="cut-off").start()
