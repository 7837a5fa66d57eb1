"""Take over what an official knows, or has yet to hear, of incidents that turned out to be this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from services.contracts.alert import Alert
from services.contracts.delivery import Action
from services.notifier import rows
from services.notifier.core.decide import Told, Way
from services.notifier.core.reason import Reason
from services.notifier.rows import Row
from services.notifier.told import Memory, effective, erase, from_before, remember, share_thread

Known = dict[tuple[str, str], Memory]
#: What waits, by former id and official.
Former = Mapping[str, Mapping[str, Sequence[Row]]]
#: An edit of the old incident's own message is no news: it says there what became of it.
NEWS = frozenset({Action.PUSH, Action.DIGEST})
#: Why something is listed that the official may have seen before, in whatever state.
PERHAPS_SEEN = frozenset({Reason.OUTCOME_UNKNOWN, Reason.NO_MESSAGE, Reason.CANNOT_EDIT})


def waiting_of_former(conn: sa.Connection, known: Known, alert: Alert) -> Former:
    """What is decided and has not left of the incidents that became this one."""
    ids = {incident_id for _, incident_id in known}
    return {alias: rows.waiting_by_official(conn, alias) for alias in alert.aliases if alias in ids}


def inherit(
    conn: sa.Connection, official_id: str, alert: Alert, known: Known, former: Former, *, at: float
) -> Memory | None:
    """What the official knows of the incident under any of its ids; its messages are the incident's thread.

    What has not left under a former id never will: it is decided anew under this one, or a push that waited
    would be called off by the merge and taken for told.
    """
    for alias in alert.aliases:
        memory = known.get((official_id, alias))
        unsent = [row for row in former.get(alias, {}).get(official_id, ()) if row.action in NEWS]
        if memory is not None and unsent:
            _call_off(conn, known, memory, unsent, at)
    memory = _gravest(known, official_id, alert)
    if memory is not None and memory.incident_id != alert.incident_id:
        # A merge whose own event has not arrived yet: the thread goes on under the new id.
        share_thread(conn, official_id, memory.incident_id, alert.incident_id)
        memory = replace(memory, incident_id=alert.incident_id, told=from_before(memory.told))
    return memory


def _call_off(conn: sa.Connection, known: Known, memory: Memory, unsent: Sequence[Row], at: float) -> None:
    for row in unsent:
        rows.suppress(conn, row, Reason.MERGED, at)
    key = (memory.official_id, memory.incident_id)
    seen = _seen(memory, unsent)
    if seen is None:
        erase(conn, *key)
        del known[key]
    else:
        known[key] = replace(memory, told=seen, base=None)
        remember(conn, known[key], at)


def _seen(memory: Memory, unsent: Sequence[Row]) -> Told | None:
    told = effective(memory, unsent)
    if told is None or told.way is not Way.DIGEST_WAITING:
        return told
    if memory.base is None and any(row.relisted or row.why in PERHAPS_SEEN for row in unsent):
        # Listed again rather than pushed as if it were new: no state is like this one.
        return replace(told, way=Way.DIGEST, state=replace(told.state, fingerprint=""))
    return memory.base


def _gravest(known: Known, official_id: str, alert: Alert) -> Memory | None:
    """What is known under any of the ids, with the gravest of it.

    Who was told of two incidents hears nothing worse when they turn out to be one.
    """
    ids = (alert.incident_id, *alert.aliases)
    found = [known[official_id, one] for one in ids if (official_id, one) in known]
    if not found:
        return None
    states = [memory.told.state for memory in found]
    counts: dict[str, float] = {}
    for state in states:
        counts |= {name: max(count, counts.get(name, 0.0)) for name, count in state.counts.items()}
    state = replace(states[0], counts=counts, severity=max(state.severity for state in states))
    return replace(found[0], told=replace(found[0].told, state=state))
