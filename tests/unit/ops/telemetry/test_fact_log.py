"""Facts become log lines that name what an operator looks for, and nothing secret."""

import structlog

from ops.telemetry.observer import OpsObserver
from schemas.errors import StoreRefused
from schemas.observation.imports import ImportLeft, ImportStarted
from schemas.observation.requests import (
    DeadLetterWritten,
    RequestUnwritable,
    Subject,
)
from schemas.records import Rejected
from tests.fakes.builders import a_record
from tests.fakes.imports import an_import
from tests.fakes.observed import A_REPORT, TOPIC


def test_a_batch_is_a_line_at_debug_and_no_request_is(observer: OpsObserver) -> None:
    """With its offsets; what matters more must not drown in it."""
    with structlog.testing.capture_logs() as logs:
        observer.observe(A_REPORT)

    [line] = logs
    assert ("batch", "debug", 10, 16, 7) == tuple(
        line[name] for name in ("event", "log_level", "first_offset", "last_offset", "records")
    )


def test_a_dead_letter_is_a_line_at_debug_with_its_place(observer: OpsObserver) -> None:
    """Reason and detail say what is wrong. Its ids are not logged: an unreadable record may hold a code there too."""
    record = a_record(b"SECRET", offset=7)
    with structlog.testing.capture_logs() as logs:
        observer.observe(DeadLetterWritten(Rejected("invalid", "quantity: too large", record, request_id="SECRET")))

    assert [
        {
            "event": "dead_letter",
            "log_level": "debug",
            "topic": record.topic,
            "partition": 0,
            "offset": 7,
            "reason": "invalid",
            "detail": "quantity: too large",
        }
    ] == logs


def test_a_refused_write_names_its_request(observer: OpsObserver) -> None:
    """Who mends it must find it."""
    with structlog.testing.capture_logs() as logs:
        observer.observe(RequestUnwritable(Subject(TOPIC, 0, 7, "r-1", "sale"), StoreRefused("code 121")))

    [line] = logs
    assert ("error", 7, "r-1", "sale", "StoreRefused") == tuple(
        line[name] for name in ("log_level", "offset", "request_id", "campaign_id", "error")
    )


def test_an_import_is_named_where_it_begins_and_where_it_ends(observer: OpsObserver) -> None:
    """With what it had come to."""
    with structlog.testing.capture_logs() as logs:
        observer.observe(ImportStarted(an_import()))
        observer.observe(ImportLeft(an_import(state="failed", reason="forbidden")))

    began, left = logs
    assert ("import_began", "i-1", 1_010, 5) == tuple(
        began[name] for name in ("event", "request_id", "rows_read", "duplicates")
    )
    assert ("import_left", "i-1", "failed", "forbidden") == tuple(
        left[name] for name in ("event", "request_id", "state", "reason")
    )
