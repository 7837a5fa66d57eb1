"""What may go wrong at the Bot API on loopback, and what Telegram answers then."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What may go wrong, in the order of the table in the tests."""

    FLOOD = "flood"
    MIGRATE = "migrate"
    CHAT_NOT_FOUND = "chat_not_found"
    BLOCKED = "blocked"
    BLOCKED_CAPITALS = "blocked_capitals"
    DEACTIVATED = "deactivated"
    KICKED = "kicked"
    FORBIDDEN_OTHER = "forbidden_other"
    BAD_ENTITIES = "bad_entities"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    MISDIRECTED = "misdirected"
    CONFLICT = "conflict"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    CUT_BODY = "cut_body"
    NOT_JSON = "not_json"
    DELIVERED_NOT_JSON = "delivered_not_json"
    DELIVERED_THEN_HANG = "delivered_then_hang"
    DELIVERED_THEN_RESET = "delivered_then_reset"
    HANG = "hang"
    RESET = "reset"
    UNKNOWN_FIELDS = "unknown_fields"


ANSWERS: dict[Fault, tuple[int, str, dict[str, Any]]] = {
    Fault.FLOOD: (429, "Too Many Requests: retry after 2", {"retry_after": 2}),
    Fault.MIGRATE: (400, "Bad Request: group chat was upgraded to a supergroup chat", {}),
    Fault.CHAT_NOT_FOUND: (400, "Bad Request: chat not found", {}),
    Fault.BLOCKED: (403, "Forbidden: bot was blocked by the user", {}),
    Fault.BLOCKED_CAPITALS: (400, "Bad Request: USER_IS_BLOCKED", {}),
    Fault.DEACTIVATED: (403, "Forbidden: user is deactivated", {}),
    Fault.KICKED: (403, "Forbidden: bot was kicked from the group chat", {}),
    Fault.FORBIDDEN_OTHER: (403, "Forbidden: something nobody has seen before", {}),
    Fault.BAD_ENTITIES: (400, "Bad Request: can't parse entities: Unsupported start tag", {}),
    Fault.UNAUTHORIZED: (401, "Unauthorized", {}),
    Fault.NOT_FOUND: (404, "Not Found", {}),
    Fault.MISDIRECTED: (421, "Misdirected Request", {}),
    Fault.CONFLICT: (409, "Conflict: terminated by other getUpdates request", {}),
    Fault.SERVER_ERROR: (500, "Internal Server Error: restart", {}),
}

#: Faults after which the message is there all the same.
DELIVERS = {
    Fault.DELIVERED_NOT_JSON,
    Fault.DELIVERED_THEN_HANG,
    Fault.DELIVERED_THEN_RESET,
    Fault.UNKNOWN_FIELDS,
    Fault.CUT_BODY,
}
