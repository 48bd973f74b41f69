"""The log: one schema for all, no secrets."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ops.telemetry.log import LIBRARIES, PACKAGES, configure_logging
from ops.telemetry.log_schema import LogLine
from schemas.telemetry_settings import LogSettings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is the process's own: put it back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in (*LIBRARIES, *PACKAGES)}
    yield
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was written, as objects."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def fail(message: str) -> None:
    """Raise, with a secret among the local variables."""
    _local = f"SECRET-{len(message)}"
    raise ValueError(message)


def test_our_events_and_a_librarys_records_have_the_same_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the log needs one parser."""
    configure_logging(LogSettings(), role="worker")

    structlog.get_logger("ours").info("started", port=1)
    logging.getLogger("aiokafka.consumer").warning("rebalance %s", "soon")

    ours, theirs = lines(capsys)
    assert ["at", "level", "event", "logger", "role", "port"] == list(ours)
    assert ["at", "level", "event", "logger", "role"] == list(theirs)
    assert ("info", "started", "ours", "worker") == (
        ours["level"],
        ours["event"],
        ours["logger"],
        ours["role"],
    )
    assert ("warning", "rebalance soon") == (theirs["level"], theirs["event"])
    assert ours["at"].endswith("Z")


def test_secrets_are_masked_in_values_texts_and_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    """Even where a library puts one into the message of its exception."""
    configure_logging(LogSettings(), role="worker")

    try:
        fail('dup key: { code: "SECRET-CODE" } at mongodb://me:SECRET-PASSWORD@h/')
    except ValueError:
        structlog.get_logger().exception("failed", code="SECRET-VALUE", code_id="c-1")
        logging.getLogger("motor").exception("theirs")

    written = capsys.readouterr().out
    first, second = (json.loads(line) for line in written.splitlines())
    assert "SECRET-" not in written
    assert "c-1" == first["code_id"]
    assert "Traceback" in first["exception"]
    assert "Traceback" in second["exception"]


def test_libraries_are_quiet_and_levels_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Aiokafka logs every rebalance at INFO; we do that ourselves."""
    configure_logging(LogSettings(level="INFO"), role="worker")

    logging.getLogger("aiokafka.consumer.group_coordinator").info("Joined group")
    structlog.get_logger().debug("too fine")
    logging.getLogger("unknown.library").info("logged")

    assert ["logged"] == [line["event"] for line in lines(capsys)]


def test_debug_includes_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever looks for a fault in the connection."""
    configure_logging(LogSettings(level="DEBUG"), role="worker")

    logging.getLogger("aiokafka").info("logged")

    assert ["logged"] == [line["event"] for line in lines(capsys)]


def test_debug_is_for_our_own_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG a driver logs whole commands, and so may an unknown library."""
    configure_logging(LogSettings(level="DEBUG"), role="worker")

    logging.getLogger("pymongo.command").debug('{"insert": "codes", "documents": [{"code": "SECRET-1"}]}')
    logging.getLogger("unknown.library").debug("SECRET-2")
    structlog.get_logger("consumers.worker.batch").debug("ours")

    assert ["ours"] == [line["event"] for line in lines(capsys)]


@pytest.mark.parametrize("library", [*LIBRARIES, "unknown.library", "py.warnings"])
def test_every_librarys_records_fit_the_schema_and_are_masked(
    library: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Message, arguments and traceback."""
    configure_logging(LogSettings(), role="worker")

    try:
        fail('dup key: { campaign_id: "sale", code: "SECRET-1" }')
    except ValueError as why:
        logging.getLogger(library).exception("failed: %s", why, extra={"code": "SECRET-2"})  # noqa: TRY401  # as libraries do

    [line] = lines(capsys)
    assert LogLine(**line).logger == library
    assert "SECRET" not in json.dumps(line)


def test_warnings_are_lines_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Else they would stand on standard error, in a form of their own."""
    configure_logging(LogSettings(), role="worker")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("mind", stacklevel=1)

    assert ["py.warnings"] == [LogLine(**line).logger for line in lines(capsys)]


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Same content, one line, no JSON, and a plain traceback."""
    configure_logging(LogSettings(format="console"), role="worker")

    try:
        fail("why")
    except ValueError:
        structlog.get_logger("ours").exception("failed", password="hunter2")

    written = capsys.readouterr().out
    assert "failed" in written
    assert "ValueError: why" in written
    assert "hunter2" not in written.replace('password="hunter2"', "")
    assert sys.stdout.isatty() or "\x1b" not in written


def test_what_json_cannot_hold_is_written_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An event is never lost to its own values."""
    configure_logging(LogSettings(), role="worker")

    structlog.get_logger().info("odd", value={(1, 2): frozenset({1})}, error=ValueError("x"), number=2**70)

    assert "odd" == lines(capsys)[0]["event"]
