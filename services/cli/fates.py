"""What became of an incident among its officials, in a few words for the live view."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from services.notifier import queries
from services.notifier.core.reason import Reason
from services.notifier.incidents import find_incident
from services.notifier.queries import DeliveryView

Fate = tuple[tuple[str, str], ...]

_CHANNEL = {"telegram": "Telegram", "email": "e-mail"}
#: What was done, in the past tense, once a channel has taken it.
_DONE = {"push": "pushed", "edit": "edited", "withdraw": "withdrawn", "digest": "in a digest"}
#: What officials do not notice is shown only where there is nothing else to say.
_SILENT = {str(Reason.SUPERSEDED), str(Reason.NOTHING_NEW)}
_STYLE = {"done": "green", "refused": "red", "unknown": "bold magenta", "waits": "yellow", "quiet": "dim"}


def fates_of(conn: sa.Connection, incidents: Iterable[str]) -> dict[str, Fate]:
    """For each incident the notifier has handled, pairs of a style and words."""
    found: dict[str, Fate] = {}
    for incident in incidents:
        deliveries = queries.deliveries_of_incident(conn, incident)
        if deliveries:
            found[incident] = _fate(deliveries)
        elif find_incident(conn, incident):
            found[incident] = (("dim", "nobody subscribed to this"),)
    return found


def _fate(deliveries: Sequence[DeliveryView]) -> Fate:
    channels: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    # The digest itself is a row beside those of its members, which alone belong to an incident.
    deliveries = [one for one in deliveries if one.incident_id is not None]
    told = [one for one in deliveries if one.reason not in _SILENT]
    for one in told or deliveries:
        channels[_words(one)][_CHANNEL.get(one.channel, one.channel)] += 1
    return tuple(
        (_STYLE[group], f"{words}: {', '.join(f'{name} {n}' for name, n in sorted(counts.items()))}")
        for (group, words), counts in channels.items()
    )


def _words(one: DeliveryView) -> tuple[str, str]:
    if one.state == "accepted":
        return "done", _DONE.get(one.action, one.action)
    if one.state == "suppressed":
        return "quiet", "in a digest" if one.bundle else one.reason.replace("_", " ")
    if one.state == "refused":
        return "refused", f"{one.action} refused ({one.reason})"
    if one.state in {"unknown", "parked"}:
        return "unknown", f"{one.action} unknown"
    if one.action == "digest":
        return "quiet", "waits for the digest"
    return "waits", f"{one.action} on its way"
