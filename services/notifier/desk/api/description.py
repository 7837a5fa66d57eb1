"""The description of the interface: every status with its form, bodies, headers, who may ask, examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.notifier.desk.api.incidents import ApiCorrection
from services.notifier.desk.api.office_answers import ApiInvitation, ApiResolution, ApiRole
from services.notifier.desk.api.own import ApiChoice
from services.notifier.desk.api.problems import MEDIA_TYPE, Problem
from services.notifier.desk.api.reply import GEOJSON

TAGS = [
    {"name": "incidents", "description": "What happened, as the press reports it; labels are made by a machine."},
    {"name": "stories", "description": "The reports themselves, in cleared text."},
    {"name": "sources", "description": "Where the stories come from, and which source is silent."},
    {"name": "own", "description": "What belongs to the official a token speaks for."},
    {"name": "office", "description": "Who may receive, what went wrong, who did what; scope admin."},
]
BODIES: Mapping[str, type[BaseModel]] = {
    "correct_incident": ApiCorrection,
    "replace_subscription": ApiChoice,
    "preview_subscription": ApiChoice,
    "invite_official": ApiInvitation,
    "give_role": ApiRole,
    "resolve_delivery": ApiResolution,
}
#: What a token has to be good for beyond reading: its scope, and whether it must speak for an official.
SCOPES: Mapping[str, tuple[str, bool]] = {
    "show_deliveries": ("read", True),
    "correct_incident": ("write", True),
    "show_subscription": ("read", True),
    "preview_subscription": ("read", True),
    "replace_subscription": ("write", True),
    "list_officials": ("admin", False),
    "list_unknown_deliveries": ("admin", False),
    "list_letters": ("admin", False),
    "list_corrections": ("admin", False),
    "list_audit": ("admin", False),
    "invite_official": ("admin", True),
    "approve_official": ("admin", True),
    "suspend_official": ("admin", True),
    "give_role": ("admin", True),
    "resolve_delivery": ("admin", True),
}
_STATUSES = {
    400: "the body did not come whole",
    401: "no token, or one that does not count: unknown, expired, revoked, or its official is not active",
    403: "the token is good, but not for this",
    404: "there is none, or not for this token",
    409: "it cannot be done as things stand",
    412: "it was changed since the mark in If-Match",
    413: "the body is too large",
    415: "the body is not application/json",
    422: "something that cannot be meant; errors says what and where",
    429: "too often; Retry-After says how long to wait",
    500: "a mistake of ours",
    503: "the store does not answer; Retry-After says when to try again",
}
_HEADERS = {
    "RateLimit": ("how many requests are left, and in how many seconds all of them are", '"default";r=149;t=1'),
    "RateLimit-Policy": ("how many requests at once, and the window in seconds", '"default";q=150;w=150'),
    "Retry-After": ("seconds", "10"),
    "WWW-Authenticate": ("how to say who asks (RFC 6750)", "Bearer"),
    "ETag": ("a mark of this answer, for If-None-Match", 'W/"5d41402a"'),
    "Link": ("where the list goes on, with rel next", '</api/v1/incidents?cursor=WzE>; rel="next"'),
}
_LISTS = {"list_incidents", "map_incidents", "list_stories", "list_letters", "list_corrections", "list_audit"}
_CONFLICTS = {"approve_official", "suspend_official", "give_role", "resolve_delivery"}


def describe(api: FastAPI, described: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's description with what it cannot know."""
    components = described.setdefault("components", {})
    models: list[type[BaseModel]] = [Problem, *dict.fromkeys(BODIES.values())]
    _, defined = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    components.setdefault("schemas", {}).update(defined["$defs"])
    components["securitySchemes"] = {
        "readerToken": {"type": "http", "scheme": "bearer", "description": "`siaga readers add` makes one."}
    }
    components["headers"] = {name: _header(*about) for name, about in _HEADERS.items()}
    described["security"] = [{"readerToken": []}]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            _describe_operation(path, method, operation)
    return described


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def _describe_operation(path: str, method: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    scope, bound = SCOPES.get(name, ("read", False))
    needs = f"Needs a token of scope {scope}{' that speaks for an official' if bound else ''}."
    operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
    if name in BODIES:
        form = {"$ref": f"#/components/schemas/{BODIES[name].__name__}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": form}}}
    if method == "get":
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IfNoneMatch"})
    if name == "replace_subscription":
        operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/IfMatch"})
    _describe_answers(path, method, operation)


def _describe_answers(path: str, method: str, operation: dict[str, Any]) -> None:
    name, answers = operation["operationId"], operation["responses"]
    limits = ["RateLimit", "RateLimit-Policy"]
    for said in answers.values():
        said["headers"] = _headers(
            *limits, *(["ETag"] if "content" in said and name != "invite_official" else []),
            *(["Link"] if name in _LISTS else []),
        )  # fmt: skip
    if name == "map_incidents":
        answers["200"]["content"] = {GEOJSON: answers["200"]["content"].pop("application/json")}
    if method == "get":
        answers["304"] = {
            "description": "the asker has it already, by If-None-Match",
            "headers": _headers(*limits, "ETag"),
        }
    for status in _problems(path, method, name):
        more = {401: ["WWW-Authenticate"], 403: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}
        answers[str(status)] = {
            "description": _STATUSES[status],
            "headers": _headers(*more.get(status, []), *(limits if status not in {401, 500, 503} else [])),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _problems(path: str, method: str, name: str) -> list[int]:
    found = {401, 422, 429, 500, 503}
    found |= {403} if name in SCOPES else set()
    found |= {404} if "{" in path else set()
    found |= {400, 413, 415} if name in BODIES else set()
    found |= {409} if name in _CONFLICTS else set()
    found |= {412} if name == "replace_subscription" else set()
    return sorted(found)


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


PARAMETERS = {
    "IfNoneMatch": {
        "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "a mark that was given with an earlier answer", "example": 'W/"5d41402a"',
    },
    "IfMatch": {
        "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "change only what still has this mark", "example": "*",
    },
}  # fmt: skip
