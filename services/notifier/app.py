"""Wire the notifier: alerts in, deliveries out."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from services.contracts.alert import ALERT_EVENT, AlertRaised
from services.contracts.delivery import DeliveryRecorded
from services.contracts.source import SOURCE_HEALTH_CHANGED
from services.contracts.topics import ALERTS, DEAD, DELIVERIES, GROUP_NOTIFIER, GROUP_SOURCES, SOURCES, TOPICS
from services.notifier import backups, canary, incidents, queries, roster, taking_over
from services.notifier.alert_log import LogKeeper
from services.notifier.bot import Bot
from services.notifier.canary import Canary
from services.notifier.channels.base import Channel
from services.notifier.channels.email import Email
from services.notifier.channels.telegram import BotApi, Telegram
from services.notifier.core.words import install
from services.notifier.dark_sources import SourceHandler, SourceWatch
from services.notifier.desk.app import Inside as DeskInside
from services.notifier.desk.app import attach_desk
from services.notifier.dispatch import Dispatcher
from services.notifier.handler import AlertHandler
from services.notifier.inbox import Inbox
from services.notifier.mail_answers import Letterbox
from services.notifier.metrics import NotifierMetrics
from services.notifier.officials_file import need_regions, read_officials
from services.notifier.outlets.stops import one_click_link
from services.notifier.outlets.wiring import Inside, attach_outlets
from services.notifier.paced_api import PacedApi
from services.notifier.postman import Postman
from services.notifier.restore import Restorer
from services.notifier.settings import NotifierSettings
from services.notifier.tables import OUTBOX
from services.notifier.tools import Tools
from services.notifier.vault import Vault
from services.notifier.word_files import load_languages
from services.runtime.service import Service, TopicMap
from services.runtime.store import Store

log = structlog.get_logger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Dependencies:
    """What the handlers and loops work with."""

    handler: AlertHandler
    dispatcher: Dispatcher
    metrics: NotifierMetrics


def wire(service: Service, needs: Dependencies) -> None:
    """Attach the one handler and the loops."""
    service.consume(ALERTS, group=GROUP_NOTIFIER, decode=ALERT_EVENT.validate_json)(needs.handler)
    sources = SourceHandler(service.store)
    service.consume(SOURCES, group=GROUP_SOURCES, decode=SOURCE_HEALTH_CHANGED.validate_json)(sources)
    service.publishes(ALERTS, AlertRaised, "A synthetic alert in the region ZZ, which nobody subscribes to")
    service.publishes(DELIVERIES, DeliveryRecorded, "What became of one alert for one official on one channel")
    service.background("dispatch", lambda: needs.dispatcher.run_until(service.stopping), early=True)
    service.every("dark sources", 60.0, SourceWatch(service.store, _now))
    service.every("digests", 1.0, needs.dispatcher.close_digests)
    service.every("other channels", 5.0, needs.dispatcher.use_what_there_is)
    service.every("clock", 5.0, needs.dispatcher.heed_clock)

    async def measure() -> None:
        now = time.time()
        needs.metrics.set_waiting(await service.store.read(lambda conn: queries.waiting(conn, now)))

    service.every("measure", 5.0, measure)


def create_service(settings: NotifierSettings) -> Service:
    """Build the real dependencies.

    Raises:
        OperatorError: the officials file, a key, a token or a setting is missing or wrong.
    """
    entries = []
    if settings.officials_file:
        entries = read_officials(settings.officials_file)
        need_regions(settings.officials_file, entries)
    install([language.words for language in load_languages(settings.words)])
    vault = Vault.open(settings.key_file(), create=settings.contact_key_file is None)
    channels = make_channels(settings, vault)
    store = Store.open(settings.store_url(), MIGRATIONS, migrate=settings.migrates)
    with store.engine.begin() as conn:
        taking_over.wait_turn(conn)
        for entry in entries:
            taking_over.import_entry(conn, vault, entry, "operator", time.time())
        roster.check_key(conn, vault)
        canary.set_up(conn, vault, settings.canary_addresses(), time.time())
        backups.await_first(conn, time.time())
    readers = {spec.name: spec.readers for spec in TOPICS.values()}
    service = Service("notifier", settings, store, OUTBOX, TopicMap(DEAD, readers))
    metrics = NotifierMetrics(service.metrics.registry)
    service.metrics.show_held({"states": lambda: incidents.STATES.weight})
    tools = Tools(
        store, vault, channels, metrics, _now, time.monotonic, random.SystemRandom().random, spans=service.spans
    )
    dispatcher = Dispatcher(tools, lambda: service.relay, Restorer(settings, store, _now))

    def on_planned() -> None:
        service.kick()
        dispatcher.wake()

    if settings.smtp_ca_file is not None:
        service.certificates["smtp_ca"] = settings.smtp_ca_file
    handler = AlertHandler(store, metrics, _now, on_planned, service.spans)
    wire(service, Dependencies(handler, dispatcher, metrics))
    desk = DeskInside(
        store_url=settings.desk_store_url(),
        outline=settings.outline,
        vault=vault,
        clock=_now,
        secure=settings.is_https,
        reads_dead=settings.desk_reads_dead,
        migrates=settings.migrates,
        kept=timedelta(days=settings.desk_keep_days),
        domains=settings.allowed_domains(),
    )
    attach_outlets(service, Inside(settings, vault, _now), attach_desk(service, desk))
    for channel in channels.values():
        service.on_close(channel.close)
    attach_talk(service, settings, tools, dispatcher)
    service.every("old alerts", 3600.0, LogKeeper(store, _now, timedelta(days=settings.keep_alerts_days)))
    service.every("backup", backups.EVERY_S, backups.BackupAge(store, metrics))
    if not channels:
        log.warning(
            "no channel is set up: deliveries wait", telegram="SIAGA_TELEGRAM_TOKEN_FILE", email="SIAGA_SMTP_HOST"
        )
    return service


def attach_talk(service: Service, settings: NotifierSettings, tools: Tools, dispatcher: Dispatcher) -> None:
    """Attach what is said to people and is no alert: the bot's answers, notices, the canary and letters back."""
    store, vault, metrics = tools.store, tools.vault, tools.metrics
    token = settings.telegram_token()
    api = BotApi(token, settings.telegram_api_url) if token is not None else None
    paced = PacedApi(api, dispatcher.paces, vault, metrics) if api is not None else None
    if api is not None and paced is not None:
        service.on_close(api.close)
        if settings.telegram_poll:
            bot = Bot(paced, store, vault, _now, domains=settings.allowed_domains())
            service.background("bot", bot.run)
    watched = Canary(store, vault, metrics, _now, service.kick, telegram=paced, every_s=settings.canary_every_s)
    service.every("canary", 10.0, watched)
    email = tools.channels.get("email")
    mail = email if isinstance(email, Email) else None
    service.every("notices", 2.0, Postman(store, vault, _now, telegram=paced, email=mail))
    if settings.bounce_maildir is not None:
        box = Letterbox(settings.mail_from.rpartition("@")[2], settings.mail_authserv_id)
        service.every("inbox", 30.0, Inbox(settings.bounce_maildir, store, vault, box, _now))


def make_channels(settings: NotifierSettings, vault: Vault) -> dict[str, Channel]:
    """The channels that are set up."""
    found: dict[str, Channel] = {}
    token = settings.telegram_token()
    if token is not None:
        found["telegram"] = Telegram(BotApi(token, settings.telegram_api_url))
    server = settings.mail_server()
    if server is not None:
        one_click = one_click_link(settings.public_url, vault) if settings.serves_stops else None
        found["email"] = Email(server, vault.mark, one_click)
    return found


def _now() -> datetime:
    return datetime.now(UTC)
