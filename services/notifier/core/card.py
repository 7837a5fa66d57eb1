"""Make the card of an incident: facts in our own words, never a sentence of the article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.contracts.alert import Alert, Source
from services.contracts.codes import Kind, Severity
from services.contracts.tagging import Term
from services.notifier.core.card_place import MOVING_KINDS, say_where
from services.notifier.core.clean import clean_line
from services.notifier.core.clock import say_date, say_time
from services.notifier.core.links import safe_link, shown_host
from services.notifier.core.match import Match
from services.notifier.core.numbers import headline_counts, reported_counts, say_amount
from services.notifier.core.regions import region_name
from services.notifier.core.snapshot import Snapshot, counts
from services.notifier.core.vocabulary import Words
from services.notifier.core.words import MARKS, say_outlet, say_term, words_for

#: A report older than this says so.
OLD_AFTER = timedelta(hours=48)


class Status(StrEnum):
    """What is special about this sending."""

    NEW = "new"
    UPDATED = "updated"
    LEFT = "left"
    WITHDRAWN = "withdrawn"
    NOT_RELEVANT = "not_relevant"
    MERGED = "merged"
    SPLIT = "split"


@dataclass(frozen=True)
class Link:
    """A source as it is shown: the outlet, its real host, the language and a cleaned address."""

    outlet: str
    host: str
    language: str
    url: str | None


@dataclass(frozen=True)
class Card:
    """What an official reads; every string is one clean line in the official's language."""

    language: str
    severity: Severity
    mark: str
    level: str
    topics: str
    banner: str
    place: str
    sentence: str
    numbers: tuple[tuple[str, str], ...]
    when: str
    why: str
    source: Link | None
    more_sources: str
    notice: str
    thread: str
    withdrawn: bool = False
    buttons: bool = True

    @property
    def title(self) -> str:
        """``TINGGI | Pekerja migran nonprosedural``."""
        return f"{self.level} | {self.topics}"


@dataclass(frozen=True)
class View:
    """For whom a card is made, and when."""

    language: str
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True)
class Note:
    """What is special about this sending, and what the reader saw before it."""

    status: Status = Status.NEW
    before: Snapshot | None = None
    other: str = ""
    parts: int = 0
    second_copy: bool = False


def thread_name(incident_id: str) -> str:
    """The short name of an incident, the same in every message about it."""
    compact = "".join(c for c in incident_id if c.isalnum())
    return compact[:8].upper()


def make_card(alert: Alert, match: Match | None, view: View, note: Note | None = None) -> Card:
    """The card of an alert for one reader."""
    words = words_for(view.language)
    note = note or Note()
    outlets = {source.story_id: source.outlet for source in alert.sources}
    shown = [source for source in alert.sources if not source.withdrawn] or list(alert.sources)
    return Card(
        language=words.language,
        severity=alert.severity,
        mark=MARKS[alert.severity],
        level=words.levels[alert.severity],
        topics=" + ".join(words.topics[topic] for topic in alert.topics[:2]),
        banner=_banner(words, alert, note),
        place=say_where(words, alert),
        sentence=_sentence(words, alert),
        numbers=tuple(reported_counts(words, alert.facts, outlets)),
        when=_when(words, alert, view),
        why=say_why(words, match),
        source=_link(shown[0]),
        more_sources=_more(words, shown),
        notice=" ".join(
            filter(None, [words.labels["notice"].format(x=words.labels[alert.confidence]), words.remark])
        ),
        thread=words.labels["thread"].format(x=thread_name(alert.incident_id)),
        withdrawn=note.status in {Status.WITHDRAWN, Status.NOT_RELEVANT},
        buttons=note.status in {Status.NEW, Status.UPDATED},
    )


def _banner(words: Words, alert: Alert, note: Note) -> str:
    labels = words.labels
    lines = []
    if note.second_copy:
        lines.append(labels["second_copy"])
    if note.status is Status.UPDATED:
        changes = "; ".join(_changes(words, alert, note.before)) or labels["facts"]
        lines.append(f"{labels['updated']}: {changes}")
    elif note.status is Status.MERGED:
        lines.append(labels["merged"].format(x=thread_name(note.other)))
    elif note.status is Status.SPLIT:
        lines.append(labels["split"].format(n=note.parts))
    elif note.status is not Status.NEW:
        lines.append(labels[note.status.value])
    return " · ".join(lines)


def _changes(words: Words, alert: Alert, before: Snapshot | None) -> Iterable[str]:
    if before is None:
        return
    if alert.severity > before.severity:
        yield words.labels["rose"].format(a=words.levels[before.severity], b=words.levels[alert.severity])
    taken_back = sum(source.withdrawn for source in alert.sources)
    if taken_back > before.taken_back:
        yield words.labels["taken_back"].format(n=taken_back)
    now: Mapping[str, float] = counts(alert.facts)
    for key, name in words.people.items():
        old, new = before.counts.get(key), now.get(key)
        if new is None or new == old:
            continue
        if old is None:
            yield words.labels["first_said"].format(what=name, b=say_amount(words, new))
        else:
            said = words.labels["became"]
            yield said.format(what=name, a=say_amount(words, old), b=say_amount(words, new))


def _sentence(words: Words, alert: Alert) -> str:
    labels, facts = words.labels, alert.facts
    topic = words.topics[alert.topics[0]].split(" (")[0]
    lead = words.leads[alert.kind].format(topic=f"{topic[0].lower()}{topic[1:]}")
    said = ", ".join(headline_counts(words, facts))
    if alert.kind not in MOVING_KINDS:
        # Numbers in a meeting or an analysis are talked about; they are not what happened.
        mentioned = [labels["mentioned"].format(x=said)] if said else []
        return clean_line("; ".join([lead, *mentioned]) + ".", 500)
    details = [f"{lead}: {said}" if said else lead]
    for name, values in (
        ("nationality", facts.nationalities),
        ("exploitation", facts.exploitation),
        ("recruitment", facts.recruitment),
        ("transport", facts.transport),
    ):
        if values:
            details.append(labels[name].format(x=_terms(words, values)))
    if facts.case_stage:
        details.append(labels["stage"].format(x=_terms(words, facts.case_stage)))
    elif alert.kind is not Kind.JUDICIAL:
        details.append(labels["alleged"])
    return clean_line("; ".join(details) + ".", 500)


def _terms(words: Words, values: tuple[Term, ...], at_most: int = 4) -> str:
    said = list(dict.fromkeys(say_term(words, term.value) for term in values))
    return ", ".join(said[:at_most]) + (", …" if len(said) > at_most else "")


def _when(words: Words, alert: Alert, view: View) -> str:
    parts = []
    dates = sorted({day for term in alert.facts.event_date if (day := _iso_day(term.value))})
    if dates:
        first, last = say_date(dates[0], words.language), say_date(dates[-1], words.language)
        parts.append(words.labels["when"].format(x=first if first == last else f"{first} - {last}"))
    parts.append(words.labels["published"].format(x=say_time(alert.published_at, view.zone, words.language)))
    age = view.now - alert.published_at
    if age > OLD_AFTER:
        parts.append(words.labels["old"].format(n=age.days))
    return " · ".join(parts)


def _iso_day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text[:10]), datetime.min.time(), UTC)
    except ValueError:
        return None


def say_why(words: Words, match: Match | None) -> str:
    """Which words of the subscription were met; "" where none is."""
    if match is None:
        return ""
    parts = [region_name(region, words.language) for region in match.regions[:3]]
    parts += [words.topics[topic] for topic in match.topics[:2]]
    return words.labels["why"].format(x=" + ".join([*parts, words.kinds[match.kind]]))


def _link(source: Source) -> Link:
    url = safe_link(source.url)
    host = shown_host(source.url) if url else ""
    return Link(say_outlet(source.outlet), host, clean_line(source.language, 3), url)


def _more(words: Words, sources: list[Source]) -> str:
    others = len({source.outlet for source in sources[1:]} - {sources[0].outlet})
    copied = sum(source.copies for source in sources)
    said = []
    if others:
        said.append(words.labels["sources"].format(n=others))
    if copied:
        said.append(words.labels["copies"].format(n=copied))
    return ", ".join(said)
