"""JSON log lines on stderr, with the story and the trace they belong to and without secrets."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from services.runtime.errors import told

# A bot token is digits, a colon and 35 characters; httpx writes it into every request line.
_BOT_TOKEN = re.compile(r"(?<!\d)\d{5,}:[A-Za-z0-9_-]{20,}")
_IN_ADDRESS = re.compile(r"([?&](?:token|for)=)[^&\s\"'<>]+")
_OUR_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{8,}|siaga_[a-z]+_[A-Za-z0-9_-]{30,}")
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")
_SECRET_KEYS = re.compile(r"token|password|secret|authorization|cookie", re.IGNORECASE)
_NOISY = ("httpx", "httpcore", "aiokafka", "faststream", "alembic", "aiohttp.access", "uvicorn.access", "mail.log")


def redact(text: str) -> str:
    """The text with bot tokens, our own secrets, and passwords and tokens inside URLs replaced."""
    hidden = _OUR_SECRET.sub("[redacted]", _BOT_TOKEN.sub("[redacted]", text))
    return _URL_PASSWORD.sub(r"\1[redacted]@", _IN_ADDRESS.sub(r"\1[redacted]", hidden))


def _without_secrets(value: Any, key: str = "") -> Any:
    if key and _SECRET_KEYS.search(key):
        return "[redacted]"
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: _without_secrets(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(v) for v in value]
    return value


def _redacting(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {key: _without_secrets(value, key) for key, value in event.items()}


def _traceback(exc_info: Any) -> str:
    """Where it happened and what kind it was; an exception's own words may hold a story's text."""
    _, error, trace = exc_info
    return "".join(traceback.format_tb(trace)) + told(error)


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send every logger of this process to stderr as one JSON object a line."""

    def named(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        # Not by a context variable: a thread that was there before does not see it.
        event["service"] = service
        return event

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        named,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_traceback),
        _redacting,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
