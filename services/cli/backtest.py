"""`siaga backtest`: what a subscription would have brought over the stored days; nothing is sent or kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa
from pydantic import ValidationError

from services.cli.holdings import stores_at
from services.cli.regions import need_regions
from services.cli.where import DEFAULT_DATA
from services.contracts.codes import Kind, Severity, Topic
from services.contracts.delivery import Action
from services.notifier import alert_log, roster
from services.notifier.backtest import Happening, Played, play
from services.notifier.core.wishes import Wishes
from services.notifier.spec import LANGUAGES, OfficialSpec, refuse_reserved
from services.notifier.tables import OFFICIAL
from services.runtime.errors import OperatorError

_COLUMNS = (
    ("pushes", Action.PUSH),
    ("edits", Action.EDIT),
    ("withdrawn", Action.WITHDRAW),
    ("digests", Action.DIGEST),
)
_CHANNELS = ("telegram", "email")


@dataclass(frozen=True)
class Report:
    """What came of it, and over which time."""

    spec: OfficialSpec
    since: datetime
    until: datetime
    played: Played

    def days(self) -> list[dict[str, Any]]:
        """A line a day of the official's own calendar, days without anything too."""
        zone = ZoneInfo(self.spec.zone)
        first, last = self.since.astimezone(zone).date(), self.until.astimezone(zone).date()
        by_day: dict[Any, list[Happening]] = {}
        for one in self.played.happenings:
            by_day.setdefault(one.at.astimezone(zone).date(), []).append(one)
        count = (last - first).days + 1
        return [_line(str(day), by_day.get(day, [])) for day in (first + timedelta(days=n) for n in range(count))]

    def total(self) -> dict[str, Any]:
        """The same over all days."""
        return _line("total", self.played.happenings)


def _line(name: str, happenings: Sequence[Happening]) -> dict[str, Any]:
    counts = Counter(one.action for one in happenings)
    listed = sum(one.incidents for one in happenings if one.action is Action.DIGEST)
    return {"day": name} | {title: counts[action] for title, action in _COLUMNS} | {"incidents listed": listed}


@click.command("backtest")
@click.argument("official", required=False)
@click.option("--region", "regions", multiple=True, help="ISO 3166-2, a country, or *; instead of the official's.")
@click.option("--topic", "topics", multiple=True, type=click.Choice([t.value for t in Topic]), help="None: all.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([k.value for k in Kind]), help="None: all.")
@click.option("--min-severity", type=click.IntRange(0, 4), default=None, help="Below it nothing comes.")
@click.option("--channel", "channels", multiple=True, type=click.Choice(_CHANNELS), help="The first is preferred.")
@click.option("--zone", default=None, help="IANA time zone of quiet hours, digests and days.")
@click.option("--quiet", default=None, metavar="HH:MM-HH:MM", help="Quiet hours.")
@click.option("--digest", "digests", multiple=True, metavar="HH:MM", help="Times of the digests.")
@click.option("--max-pushes", type=click.IntRange(0, 1000), default=None, help="At most so many pushes a day.")
@click.option("--language", type=click.Choice(LANGUAGES), default=None)
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="How far to look back.")
@click.option("--samples", type=click.IntRange(0, 1000), default=3, show_default=True, help="Messages to show.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every message.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of the stores (default: {DEFAULT_DATA} where there is one, else the environment).",
)
def backtest_command(
    official: str | None,
    regions: tuple[str, ...],
    topics: tuple[str, ...],
    kinds: tuple[str, ...],
    min_severity: int | None,
    channels: tuple[str, ...],
    zone: str | None,
    quiet: str | None,
    digests: tuple[str, ...],
    max_pushes: int | None,
    language: str | None,
    days: int,
    samples: int,
    as_json: bool,
    data: Path | None,
) -> None:
    """What a subscription would have brought over the stored days, by the same rules as the service.

    OFFICIAL is an id or its beginning; options change what is tried.  Without OFFICIAL, --region is needed.
    Outages, pauses and pressed buttons of those days are left out: every message counts as taken at once.

    \b
    Example:
      siaga backtest 5cf1844e
      siaga backtest --region ID-NT --topic human_trafficking --days 90
      siaga backtest 5cf1844e --max-pushes 3 --quiet 21:00-05:30 --json | jq .total
    """
    need_regions(regions)
    stores = stores_at(data)
    base, wishes = stores.ask("notifier", lambda conn: _base(conn, official)) if official else ({}, Wishes())
    subscription = {"regions": regions, "topics": topics, "kinds": kinds} | (
        {} if min_severity is None else {"min_severity": Severity(min_severity)}
    )
    changes = {
        "channels": channels, "zone": zone, "max_pushes_a_day": max_pushes, "language": language,
        "quiet": _quiet(quiet), "digest": {"at": digests} if digests else None,
        "subscriptions": [subscription] if regions else _narrowed(base, topics, kinds, min_severity),
    }  # fmt: skip
    spec = _spec({"channels": ["telegram"]} | base | {name: value for name, value in changes.items() if value})
    report = stores.ask("notifier", lambda conn: _run(conn, spec, wishes, days))
    if as_json:
        click.echo(json.dumps(_as_json(report), ensure_ascii=False, indent=2))
    else:
        _print(report, samples)


def _base(conn: sa.Connection, part: str) -> tuple[dict[str, Any], Wishes]:
    query = sa.select(OFFICIAL).where(OFFICIAL.c.official_id.startswith(part, autoescape=True))
    found = conn.execute(query).all()
    if len(found) != 1:
        what = "is not known; `siaga officials list` shows who is" if not found else f"begins {len(found)} ids"
        raise OperatorError(f"official {part}", what)
    known = roster.granted(conn, found[0].official_id)
    return json.loads(found[0].spec), known[1] if known else Wishes()


def _narrowed(
    base: dict[str, Any], topics: Sequence[str], kinds: Sequence[str], min_severity: int | None
) -> list[dict[str, Any]]:
    changes = {"topics": list(topics), "kinds": list(kinds), "min_severity": min_severity}
    given = {name: value for name, value in changes.items() if value not in ([], None)}
    return [line | given for line in base.get("subscriptions", [])]


def _quiet(text: str | None) -> dict[str, str] | None:
    start, dash, end = (text or "").partition("-")
    if text and not dash:
        raise OperatorError("--quiet", "is not HH:MM-HH:MM")
    return {"from": start.strip(), "to": end.strip()} if text else None


def _spec(given: dict[str, Any]) -> OfficialSpec:
    if not given.get("subscriptions"):
        raise OperatorError("--region", "is needed where no official is named")
    try:
        return refuse_reserved(OfficialSpec.model_validate(given, by_alias=True, by_name=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise OperatorError(
            "subscription " + ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        ) from None
    except ValueError as error:
        raise OperatorError("--region", str(error)) from None


def _run(conn: sa.Connection, spec: OfficialSpec, wishes: Wishes, days: int) -> Report:
    reach = alert_log.reach(conn)
    if reach is None:
        raise OperatorError("the notifier's store", "holds no alerts yet")
    until = datetime.now(UTC)
    since = max(reach[0], until - timedelta(days=days))
    return Report(spec, since, until, play(spec, wishes, alert_log.read_log(conn, since, until), until))


def _as_json(report: Report) -> dict[str, Any]:
    played = report.played
    messages = [
        {
            "at": one.at.isoformat(timespec="seconds"), "action": one.action, "channel": one.channel,
            "reason": one.reason, "subject": one.subject, "incidents": one.incidents, "text": one.text,
        }
        for one in played.happenings
    ]  # fmt: skip
    return {
        "since": report.since.isoformat(timespec="seconds"),
        "until": report.until.isoformat(timespec="seconds"),
        "subscription": json.loads(report.spec.model_dump_json(by_alias=True)),
        "events": played.events,
        "events_concerned": played.concerned,
        "decisions": {str(reason): count for reason, count in sorted(played.decisions.items())},
        "days": report.days(),
        "total": report.total(),
        "messages": messages,
    }


def _print(report: Report, samples: int) -> None:
    played, days = report.played, report.days()
    click.echo(
        f"{days[0]['day']} to {days[-1]['day']}, days in {report.spec.zone}: "
        f"{played.events} alert events, {played.concerned} of them concern this subscription\n"
    )
    titles = ["day", *(title for title, _ in _COLUMNS), "incidents listed"]
    click.echo(" ".join(f"{title:>{max(10, len(title))}}" for title in titles))
    for line in [*days, report.total()]:
        click.echo(" ".join(f"{line[title]!s:>{max(10, len(title))}}" for title in titles))
    total = report.total()
    busiest = max(days, key=lambda line: line["pushes"])
    click.echo(
        f"\n{total['pushes'] / len(days):.1f} pushes a day, {busiest['pushes']} on the busiest ({busiest['day']})"
    )
    said = ", ".join(
        f"{reason} {count}" for reason, count in sorted(played.decisions.items(), key=lambda p: -p[1])
    )
    click.echo(f"decisions: {said or 'none'}")
    zone = ZoneInfo(report.spec.zone)
    for one in [one for one in played.happenings if one.action is not Action.EDIT][:samples]:
        click.echo(f"\n--- {one.at.astimezone(zone):%Y-%m-%d %H:%M} {one.action} by {one.channel}, {one.reason}")
        click.echo(one.text)
