"""Tracing of this process: OpenTelemetry spans exported by OTLP over HTTP, or none.

In:       the settings, and OpenTelemetry's own variables `OTEL_*`.
Out:      a `Tracer`.
Promise:  with tracing off, OpenTelemetry is not imported. An unavailable collector delays no work, and the exit of
          the process by at most `FLUSH_S`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from consumers.loop.tracing import UNTRACED, Tracer
from schemas.errors import SettingsInvalid
from schemas.telemetry_settings import OtelSettings

FLUSH_S: Final = 2.0
"""Time to export the last spans at exit."""


@asynccontextmanager
async def open_tracer(settings: OtelSettings, *, role: str) -> AsyncIterator[Tracer]:
    """A tracer for one process. Remaining spans are exported when the `async with` block ends.

    Raises:
        SettingsInvalid: tracing is on, but its packages are not installed.
    """
    if not settings.enabled:
        yield UNTRACED
        return
    try:
        from ops.telemetry import otel  # noqa: PLC0415  # an extra, and a quarter of a second to import
    except ImportError:
        raise SettingsInvalid(
            "CODES_OTEL__ENABLED: OpenTelemetry is not installed; install code-service[otel]"
        ) from None
    provider = otel.exporting_provider(role)
    try:
        yield otel.OtelTracer(provider)
    finally:
        await otel.flushed(provider, FLUSH_S)
