"""The log's schema is documented as it is declared, and refuses what is not declared."""

from typing import Any

import pytest
from pydantic import ValidationError

from ops.telemetry.log_events import EVENTS
from ops.telemetry.log_schema import LogLine, events_table, fields_table
from tests.places import ROOT

DOCS = ROOT / "docs" / "logging.md"
FENCED: dict[str, Any] = {
    "at": "2026-11-24T02:00:00.000000Z",
    "level": "warning",
    "event": "fenced",
    "logger": "ops.telemetry.observer",
    "role": "worker",
    "topic": "codes.reserve.requests.v1",
    "partition": 0,
}


def test_the_documentation_is_current() -> None:
    """docs/logging.md has both tables."""
    text = DOCS.read_text()

    assert fields_table() in text
    assert events_table() in text


def test_every_field_of_an_event_is_one_of_the_schema() -> None:
    """And each field belongs to an event, or to all lines."""
    used = {field for event in EVENTS.values() for field in event.fields.split()}

    assert {"at", "level", "event", "logger", "role", "trace_id"} == set(LogLine.model_fields) - used
    assert set() == used - set(LogLine.model_fields)


@pytest.mark.parametrize(
    "changes",
    [{}, {"trace_id": "0" * 32}, {"logger": "aiokafka.consumer", "level": "error", "event": "anything at all"}],
)
def test_a_line_as_declared_is_read(changes: dict[str, Any]) -> None:
    """With a trace or without; a library's event is its own."""
    assert LogLine(**FENCED | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"event": "unheard_of"},
        {"level": "info"},
        {"offset": 7},
        {"code_id": "c-1"},
        {"at": "2026-11-24 02:00:00"},
        {"partition": "0"},
    ],
)
def test_a_line_that_is_not_as_declared_is_refused(changes: dict[str, Any]) -> None:
    """Another event, level, field or form."""
    with pytest.raises(ValidationError):
        LogLine(**FENCED | changes)


def test_a_line_without_a_declared_field_is_refused() -> None:
    """Who searches by it would not find the line."""
    with pytest.raises(ValidationError):
        LogLine(**{name: value for name, value in FENCED.items() if name != "partition"})
