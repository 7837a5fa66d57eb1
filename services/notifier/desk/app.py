"""Attach the desk to the notifier: five consumers of its own group, and its pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from starlette.routing import BaseRoute, Mount, Route

from services.contracts.alert import ALERT_EVENT
from services.contracts.delivery import DELIVERY_RECORDED
from services.contracts.source import SOURCE_HEALTH_CHANGED
from services.contracts.tagging import STORY_TAGGED
from services.contracts.topics import ALERTS, DEAD, DELIVERIES, SOURCES, STORIES_TAGGED, desk_group
from services.notifier import roster
from services.notifier.desk import sessions
from services.notifier.desk.api import mount_api
from services.notifier.desk.assets import Assets, addresses
from services.notifier.desk.desk import Desk, SendCode, make_templates
from services.notifier.desk.intake import Intake
from services.notifier.desk.joining import JoinPages
from services.notifier.desk.maps import background, load_outline
from services.notifier.desk.office import OfficePages
from services.notifier.desk.pages import Pages
from services.notifier.desk.rebuild import EVERY_S, Rebuilder
from services.notifier.desk.retention import KEPT, Keeper
from services.notifier.desk.sign_in import SignInPages
from services.notifier.desk.speech import read_languages
from services.notifier.desk.subscription import SubscriptionPages
from services.notifier.notices import Kind, NewNotice, put_notice
from services.notifier.outlets.gate import Gate
from services.notifier.vault import Vault
from services.runtime.consumption import Handler
from services.runtime.service import Service
from services.runtime.store import Store

HERE = Path(__file__).parent
MIGRATIONS = HERE / "migrations"
STATIC = HERE / "static"
T = TypeVar("T")


@dataclass(frozen=True)
class Inside:
    """What of the notifier the desk needs."""

    store_url: str
    outline: Path
    vault: Vault
    clock: Callable[[], datetime]
    secure: bool
    reads_dead: bool = False
    migrates: bool = True
    kept: timedelta = KEPT
    domains: frozenset[str] = frozenset()


def attach_desk(service: Service, inside: Inside) -> Sequence[BaseRoute]:
    """Consume what the desk shows; the routes of its pages.

    Raises:
        OperatorError: its store cannot be opened, or its outline or a language file is wrong.
    """
    store = Store.open(inside.store_url, MIGRATIONS, migrate=inside.migrates)
    service.on_close(store.close)
    service.stores["desk"] = store
    intake = Intake(store)
    _take(service, STORIES_TAGGED, STORY_TAGGED.validate_json, intake.take_stories)
    _take(service, ALERTS, ALERT_EVENT.validate_json, intake.take_alerts)
    _take(service, SOURCES, SOURCE_HEALTH_CHANGED.validate_json, intake.take_sources)
    _take(service, DELIVERIES, DELIVERY_RECORDED.validate_json, intake.take_deliveries)
    if inside.reads_dead:
        # Whatever a dead letter holds, it is not decoded: a letter about a letter would never end.
        _take(service, DEAD, bytes, intake.take_letters)

    rebuild = Rebuilder(service.settings, store, intake, reads_dead=inside.reads_dead)
    service.every("desk rebuild", EVERY_S, rebuild)
    service.every("desk retention", 600.0, Keeper(store, inside.clock, inside.kept))
    return desk_routes(make_desk(service.store, store, inside))


def _take(service: Service, topic: str, decode: Callable[[bytes], T], handler: Handler[T]) -> None:
    service.consume(topic, group=desk_group(topic), decode=decode, hurried=False)(handler)


def send_code(vault: Vault) -> SendCode:
    """How a sign-in code reaches an official: as a notice, on the channel asked for if it is one of theirs."""

    def send(conn: sa.Connection, official_id: str, channel: str, code: str, now: float) -> None:
        official = roster.find_official(conn, official_id)
        usable = roster.usable_channels(conn, official) if official else []
        if usable:
            values = {"code": code, "m": str(int(sessions.CODE_VALID_S // 60))}
            chosen = channel if channel in usable else usable[0]
            put_notice(conn, vault, NewNotice(official_id, chosen, Kind.SIGN_IN, values=values), now)

    return send


def make_desk(people: Store, store: Store, inside: Inside) -> Desk:
    """The desk on its stores.

    Raises:
        OperatorError: the outline or a language file is wrong.
    """
    outline = load_outline(inside.outline)
    return Desk(
        store=store,
        people=people,
        vault=inside.vault,
        outline=outline,
        land=background(outline),
        languages=read_languages(),
        templates=make_templates(str(HERE / "templates"), addresses(STATIC)),
        send_code=send_code(inside.vault),
        clock=inside.clock,
        secure=inside.secure,
        domains=inside.domains,
    )


def desk_routes(desk: Desk) -> Sequence[BaseRoute]:
    """Every address of the desk."""
    pages, sign_in, office, join = Pages(desk), SignInPages(desk), OfficePages(desk), JoinPages(desk)
    both = ["GET", "POST"]
    return [
        Mount(
            "/desk",
            routes=[
                Route("/", pages.now),
                Route("/live", pages.live),
                Route("/incident/{incident_id}", pages.incident),
                Route("/incident/{incident_id}/press", pages.press, methods=["POST"]),
                Route("/search", pages.search),
                Route("/search.{form:str}", pages.save),
                Route("/sources", pages.sources),
                Route("/subscription", SubscriptionPages(desk).page, methods=both),
                Route("/office", office.page),
                Route("/office/act", office.act, methods=["POST"]),
                Route("/office/invite", office.invite, methods=["POST"]),
                Route("/office/resolve", office.resolve, methods=["POST"]),
                Route("/sign-in", sign_in.ask, methods=both),
                Route("/sign-in/code", sign_in.give_code, methods=both),
                Route("/sign-out", sign_in.leave, methods=["POST"]),
                Route("/join", join.ask, methods=both),
                Route("/join/code", join.prove, methods=both),
                Route("/join/{token}", join.open),
                Route("/land.svg", pages.land),
                Mount("/static", Assets(directory=STATIC)),
            ],
        ),
        mount_api(desk, Gate(desk.people, desk.vault.mark, desk.now)),
    ]
