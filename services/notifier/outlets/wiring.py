"""Attach feeds, CAP messages and webhooks to the notifier: one consumer, three loops, one door."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from starlette.routing import BaseRoute

from services.contracts.alert import ALERT_EVENT
from services.contracts.topics import ALERTS, GROUP_OUTLETS
from services.notifier.outlets import keep, webhook_rows
from services.notifier.outlets.feeds import Outlet, feed_routes
from services.notifier.outlets.front import create_front
from services.notifier.outlets.gate import Gate
from services.notifier.outlets.handler import OutletHandler
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.post import Poster
from services.notifier.outlets.sender import SenderTools, WebhookSender
from services.notifier.outlets.stop_routes import StopDesk, stop_routes
from services.notifier.outlets.targets import NONE, Targets, read_targets
from services.notifier.settings import NotifierSettings
from services.notifier.vault import Vault
from services.runtime.listener import Front, bind
from services.runtime.service import Service

log = structlog.get_logger(__name__)

_DAY_S = 86_400.0


@dataclass(frozen=True)
class Inside:
    """What of the notifier is needed."""

    settings: NotifierSettings
    vault: Vault
    clock: Callable[[], datetime]


def attach_outlets(service: Service, inside: Inside, more_routes: Sequence[BaseRoute] = ()) -> None:
    """Feeds are kept whether anybody reads them yet or not, so that a new reader finds the last weeks.

    Raises:
        OperatorError: the webhooks file is wrong, or the public port cannot be taken.
    """
    settings, store = inside.settings, service.store
    targets = (
        read_targets(settings.webhooks_file, loopback=settings.webhook_loopback)
        if settings.webhooks_file
        else NONE
    )
    with store.engine.begin() as conn:
        webhook_rows.sync_targets(conn, targets.by_name, time.time())
    metrics = OutletMetrics(service.metrics.registry)
    sender = _sender(service, inside, targets, metrics)
    keep_for = timedelta(days=settings.outlet_days)
    handler = OutletHandler(store, targets, inside.clock, sender.wake, keep_for=keep_for)
    service.consume(ALERTS, group=GROUP_OUTLETS, decode=ALERT_EVENT.validate_json, hurried=False)(handler)
    service.background("webhooks", lambda: sender.run_until(service.stopping), finishes=True)
    _housekeeping(service, inside, metrics)
    if settings.public_port is not None:
        _open_front(service, inside, metrics, more_routes)


def _sender(service: Service, inside: Inside, targets: Targets, metrics: OutletMetrics) -> WebhookSender:
    poster = Poster(targets)
    service.on_close(poster.close)
    tools = SenderTools(
        store=service.store,
        targets=targets,
        poster=poster,
        metrics=metrics,
        clock=inside.clock,
        jitter=random.SystemRandom().random,
        disable_after_days=inside.settings.webhook_disable_after_days,
    )
    return WebhookSender(tools)


def _housekeeping(service: Service, inside: Inside, metrics: OutletMetrics) -> None:
    store = service.store

    async def forget() -> None:
        oldest = time.time() - inside.settings.outlet_days * _DAY_S
        await store.write(lambda conn: keep.forget_before(conn, oldest))
        await store.write(lambda conn: webhook_rows.forget_before(conn, oldest))

    def measured(conn: sa.Connection) -> tuple[dict[str, int], list[webhook_rows.TargetView], float | None]:
        return webhook_rows.count_rows(conn), webhook_rows.list_targets(conn), webhook_rows.oldest_due(conn)

    async def measure() -> None:
        metrics.set_waiting(*await store.read(measured), time.time())

    service.every("outlet retention", 600.0, forget)
    service.every("outlet measure", 15.0, measure)


def _open_front(
    service: Service, inside: Inside, metrics: OutletMetrics, more_routes: Sequence[BaseRoute]
) -> None:
    settings, vault = inside.settings, inside.vault
    gate = Gate(service.store, vault.mark, time.time)
    outlet = Outlet(
        service.store, gate, vault.mark, settings.public_url, settings.mail_from.rpartition("@")[2], inside.clock
    )
    stop_desk = StopDesk(service.store, vault, metrics, time.time)
    routes = [*feed_routes(outlet), *stop_routes(stop_desk), *more_routes]
    app = create_front(routes, metrics, https=settings.public_url.startswith("https://"))
    sock = bind(settings.public_host, settings.public_port or 0, "SIAGA_PUBLIC_PORT")
    front = Front(app, sock, service.stopping)
    service.background("front", front.run, finishes=True)
    service.every("reader use", 60.0, gate.note_use)
    log.info("feeds are served", http="http://{}:{}".format(*front.address))
