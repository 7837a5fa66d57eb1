"""`siaga why`: the whole chain of one story for one official, or the step where it ended.

Each step asks one service's store through that service's read-only queries; nothing raw is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import sqlalchemy as sa

from services.cli.holdings import stores_at
from services.cli.stores import Stores
from services.cli.where import DEFAULT_DATA
from services.ingest import queries as ingest_queries
from services.notifier import queries as notifier_queries
from services.notifier.core.match import Match
from services.runtime.errors import OperatorError
from services.tagger import queries as tagger_queries
from services.tagger.queries import StoryFate

Step = tuple[str, str]
_STAMP = "%Y-%m-%d %H:%M:%S"


def explain(stores: Stores, story_id: str, official_id: str | None) -> Iterator[Step]:
    """Every step from the fetch to the last attempt, each as who and what."""
    seen = stores.ask("ingest", lambda conn: ingest_queries.find_story(conn, story_id))
    if seen is None:
        yield "ingest", "never saw this story, or keeps it no longer"
        return
    story = seen.story
    yield "ingest", f"first seen {seen.first_seen_at:{_STAMP}} UTC in {', '.join(seen.seen_in) or 'no feed now'}"
    yield "ingest", f"version {story.version}, text by {story.extraction.method}, {len(story.copies)} copies"
    if seen.withdrawn:
        yield "ingest", "withdrawn by its outlet"
    fate = stores.ask("tagger", lambda conn: tagger_queries.story_fate(conn, story_id))
    if fate is None:
        yield "tagger", "has not decided on it yet"
        return
    yield from _labels(fate)
    if fate.incident_id is None:
        return
    incident_id = fate.incident_id
    yield "tagger", f"in its incident because {fate.reason}" + (f": {fate.why}" if fate.why else "")
    incident = stores.ask("tagger", lambda conn: tagger_queries.incident_state(conn, incident_id))
    if incident is not None:
        state = f"version {incident.version}, severity {int(incident.alert.severity)}"
        yield "incident", f"{incident_id} {state}, {len(incident.alert.sources)} sources"
    yield from stores.ask("notifier", lambda conn: list(_officials(conn, incident_id, official_id)))


def _labels(fate: StoryFate) -> Iterator[Step]:
    tagged = fate.tagged
    verdict = "relevant" if fate.relevant else "not relevant"
    yield "tagger", f"decided {fate.decided_at:{_STAMP}} UTC on version {fate.version}: {verdict}, {tagged.reason}"
    for topic in tagged.topics:
        span = topic.evidence[0]
        yield "tagger", f"topic {topic.code.value} by {span.rule}: “{span.text}”"
    for trigger in tagged.triggers:
        yield "tagger", f"severity {int(tagged.severity)} by {trigger.code}: “{trigger.evidence[0].text}”"
    for place in tagged.places:
        where = place.region or place.country
        yield "tagger", f"place {place.name} ({where}) as {place.role.value}: “{place.evidence[0].text}”"


def _officials(conn: sa.Connection, incident_id: str, official_id: str | None) -> Iterator[Step]:
    """What each official got of it; all of it over one connection, since a hundred officials are usual."""
    known = [one for one, _ in notifier_queries.official_ids(conn)]
    chosen = [one for one in known if official_id is None or one.startswith(official_id)]
    if not chosen and official_id is not None:
        raise OperatorError(f"official {official_id}", "is not known; `siaga officials list` shows who is")
    if not chosen:
        yield "notifier", "knows no official yet"
    for one, verdict in notifier_queries.verdicts(conn, incident_id, chosen):
        if isinstance(verdict, Match):
            topics = ", ".join(topic.value for topic in verdict.topics)
            yield f"official {one[:8]}", f"matches: {' '.join(verdict.regions)}; {topics}; {verdict.kind.value}"
        else:
            yield f"official {one[:8]}", f"does not match now: {verdict}"
        yield from _deliveries(conn, incident_id, one)


def _deliveries(conn: sa.Connection, incident_id: str, official: str) -> Iterator[Step]:
    for one in notifier_queries.deliveries_of_incident(conn, incident_id, official):
        where = f"{one.channel} {one.action} of version {one.version}"
        yield f"official {official[:8]}", f"{where} because {one.why}: {one.state} ({one.reason})"
        for attempt in notifier_queries.attempts_of(conn, one.subject, official):
            if (attempt.channel, attempt.action) == (one.channel, one.action):
                told = f"attempt {attempt.n}, {attempt.phase}: {attempt.reason} {attempt.detail}".rstrip()
                yield f"official {official[:8]}", f"  {attempt.at:{_STAMP}} UTC {told}"


def _story(stores: Stores, part: str) -> str:
    """The one story whose id contains ``part``."""
    found = stores.ask("tagger", lambda conn: tagger_queries.find_stories(conn, part))
    exact = [one for one in found if one == part]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise OperatorError(f"story {part}", f"is the part of {len(found)} ids, e.g. {found[0]} and {found[1]}")
    return part


@click.command("why")
@click.argument("story")
@click.argument("official", required=False)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of the stores (default: {DEFAULT_DATA} where there is one, else the environment).",
)
def why_command(story: str, official: str | None, data: Path | None) -> None:
    """The whole chain from the fetch to each delivery attempt, or the step where it ended.

    STORY is a story's id or a part of it; OFFICIAL an official's id or its beginning, else everyone.

    \b
    Example:
      siaga why 141402
      siaga why 141402 5cf1844e
    """
    stores = stores_at(data)
    for who, what in explain(stores, _story(stores, story), official):
        click.echo(f"{who:18} {what}")
