"""What reaches a log: one JSON object a line, no secret, no story's text."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError

from services.runtime.errors import OperatorError, one_line, told
from services.runtime.logs import configure_logs, redact
from services.runtime.store import Store
from services.runtime.trace import child, new_trace, trace_id

TOKEN = "1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
NAME = "Melati Rekaan"


class Story(BaseModel):
    version: int


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Each test configures for itself: pytest's own handlers come between a fixture and its test."""
    before = logging.getLogger().handlers[:], logging.getLogger().level
    yield capsys
    logging.getLogger().handlers[:] = before[0]
    logging.getLogger().setLevel(before[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(logged: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in logged.readouterr().err.splitlines()]


def refused(value: str) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Story.model_validate({"version": value})
    return caught.value


def test_a_line_is_one_json_object_with_its_story_and_trace(logged: pytest.CaptureFixture[str]) -> None:
    configure_logs("test")
    trace = new_trace()
    structlog.get_logger("x").info("decided", story_id="antara:1", trace_id=trace_id(trace))
    (line,) = lines(logged)
    assert (line["service"], line["event"], line["story_id"]) == ("test", "decided", "antara:1")
    assert line["trace_id"] == trace_id(child(trace))


def test_a_line_of_another_thread_names_its_service_too(logged: pytest.CaptureFixture[str]) -> None:
    configure_logs("test")
    thread = threading.Thread(target=structlog.get_logger("x").info, args=("decided",))
    thread.start()
    thread.join()
    (line,) = lines(logged)
    assert line["service"] == "test"


@pytest.mark.parametrize(
    "text",
    [
        f"POST https://api.telegram.org/bot{TOKEN}/sendMessage",
        f"x {TOKEN} y",
        "postgresql://siaga:geheim@db/x",
        "GET /feeds/id/all.atom?token=geheim&before=7",
        "/cap/a.1.xml?for=geheim",
        "secret whsec_geheimgeheim==",
        "siaga_reader_geheim_0123456789-abcdefghijklmnopqrstuvw",
    ],
)
def test_a_token_or_a_password_in_a_message_is_taken_out(text: str, logged: pytest.CaptureFixture[str]) -> None:
    configure_logs("test")
    logging.getLogger("other").warning("%s", text)
    structlog.get_logger("x").info("said", url=text, nested={"deep": [text]}, token="abc", password="geheim")
    written = logged.readouterr().err
    assert "AAHdq" not in written
    assert "geheim" not in written
    assert '"abc"' not in written


def test_a_text_without_secrets_stays_as_it_is() -> None:
    assert redact("Polisi menahan 12 orang di 1234:5") == "Polisi menahan 12 orang di 1234:5"


def test_an_exception_is_logged_without_the_input_it_was_made_from(logged: pytest.CaptureFixture[str]) -> None:
    configure_logs("test")
    try:
        Story.model_validate({"version": NAME})
    except ValidationError:
        structlog.get_logger("x").exception("poll failed")
    written = logged.readouterr().err
    assert NAME not in written
    assert "int_parsing" in written


def test_what_is_told_of_a_refused_event_names_the_field_and_not_its_value() -> None:
    assert told(refused(NAME)) == "ValidationError: 1 wrong, first version: int_parsing"


async def test_what_is_told_of_a_refused_row_holds_none_of_its_values(store: Store, note: sa.Table) -> None:
    def twice(conn: sa.Connection) -> None:
        for _ in range(2):
            conn.execute(sa.insert(note).values(text=NAME))

    with pytest.raises(IntegrityError) as caught:
        await store.write(twice)
    assert NAME not in told(caught.value)
    assert NAME not in str(caught.value)


def test_an_operators_error_is_one_printable_line() -> None:
    error = OperatorError("file\n", "bad \x1b[31mthing\nhere")
    assert str(error).isprintable()
    assert one_line("a" * 600) == "a" * 499 + "…"
