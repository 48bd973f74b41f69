"""Whether a process traces: off at no cost, on only with the packages for it, and never in the way of its end."""

import asyncio
import socket
import subprocess
import sys
from typing import Final

import pytest

from consumers.loop.tracing import NOTHING, UNTRACED
from ops.telemetry.tracing import FLUSH_S, open_tracer
from schemas.telemetry_settings import OtelSettings
from tests.fakes.builders import a_record
from tests.fakes.spans import collecting

WITHOUT = "import sys; sys.modules['opentelemetry'] = None; from cli.main import main; main(['expirer'])"
LOADED = (
    "import cli.main, roles.worker, roles.importer, sys; "
    "print([name for name in sys.modules if name.startswith('opentelemetry')])"
)


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    return subprocess.run(  # noqa: S603  # this very program
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


async def trace_one() -> None:
    """Open a tracer and make one span."""
    async with open_tracer(OtelSettings(enabled=True), role="worker") as tracer:
        with tracer.processing("group", [a_record(b"")]):
            pass


def test_off_is_the_default_and_does_nothing() -> None:
    """One block without state serves all."""

    async def opened() -> object:
        async with open_tracer(OtelSettings(), role="worker") as tracer:
            return tracer

    assert UNTRACED is asyncio.run(opened())
    blocks = [UNTRACED.processing("g", []), UNTRACED.step("apply"), UNTRACED.chunk(1), UNTRACED.sending(1)]
    assert ([NOTHING] * 4, None) == (blocks, UNTRACED.trace_id())


def test_off_imports_nothing_of_opentelemetry() -> None:
    """Neither by our own modules nor by others."""
    assert "[]" == python(LOADED).stdout.strip()


def test_on_without_its_packages_is_a_wrong_setting() -> None:
    """One line that says what to install, and the exit code of wrong settings."""
    parts = {"CODES_KAFKA__BOOTSTRAP_SERVERS": "localhost:1", "CODES_MONGO__URI": "mongodb://localhost:1"}
    done = python(WITHOUT, CODES_OTEL__ENABLED="true", **parts)

    assert (2, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert "CODES_OTEL__ENABLED" in done.stderr
    assert "code-service[otel]" in done.stderr


async def test_spans_are_sent_at_the_end_under_the_roles_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was not sent until then; another name is the environment's to give."""
    async with collecting() as (collector, address):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        await trace_one()
        monkeypatch.setenv("OTEL_SERVICE_NAME", "another")
        await trace_one()

    names = {"codes-worker: process t.reserve.requests.v1", "another: process t.reserve.requests.v1"}
    assert names == collector.names()


async def test_where_the_sdk_is_disabled_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the switch that all programs have."""
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    async with collecting() as (collector, address):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        await trace_one()

    assert set() == collector.names()


SILENT: Final = """
import asyncio, time
from ops.telemetry.tracing import open_tracer
from schemas.telemetry_settings import OtelSettings
from tests.fakes.builders import a_record

async def trace_one():
    async with open_tracer(OtelSettings(enabled=True), role="worker") as tracer:
        with tracer.processing("group", [a_record(b"")]):
            pass
        print(time.monotonic())

asyncio.run(trace_one())
print(time.monotonic())
"""
"""In a process of its own: the exporter's threads outlive it, and go on calling `random` during the tests after this
one, which hypothesis takes for a strategy that does."""


def test_a_silent_collector_does_not_hold_up_the_end() -> None:
    """A collector that takes connections and never answers costs the time that is set for it, and no more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = python(SILENT, OTEL_EXPORTER_OTLP_ENDPOINT=address)

    begun, ended = map(float, done.stdout.split())
    assert FLUSH_S <= ended - begun < FLUSH_S + 6, "the exporter alone would take ten seconds"
