"""Build rows of the ledger for tests."""

from __future__ import annotations

from typing import Any

from services.contracts.delivery import Action
from services.notifier.core.ledger import Priority, State
from services.notifier.core.reason import Reason
from services.notifier.rows import Row


def a_row(**changes: Any) -> Row:
    given: dict[str, Any] = {
        "subject": "incident-1.1", "official_id": "official-1", "channel": "telegram", "action": Action.PUSH,
        "incident_id": "incident-1", "version": 1, "state": State.DUE, "reason": Reason.HIGH, "why": Reason.HIGH,
        "priority": Priority.PUSH, "due_at": 0.0, "first_due_at": 0.0,
    }  # fmt: skip
    return Row(**(given | changes))
