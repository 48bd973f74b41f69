"""Whether this process traces, and by what: spans of OpenTelemetry, sent by OTLP over HTTP; or nothing at all.

In:       the settings; the variables `OTEL_*` that all of OpenTelemetry's programs read.
Out:      a `Tracer`.
Promise:  where tracing is off, nothing of OpenTelemetry is imported. A collector that is away holds up no work, and
          the end of the process for at most `FLUSH_S`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from consumers.loop.tracing import UNTRACED, Tracer
from schemas.errors import SettingsInvalid
from schemas.settings import OtelSettings

FLUSH_S: Final = 2.0
"""For the spans of the last seconds, at the end."""


@asynccontextmanager
async def open_tracer(settings: OtelSettings, *, role: str) -> AsyncIterator[Tracer]:
    """A tracer for one process. Spans that are not sent yet when the block is left are sent then.

    Raises:
        SettingsInvalid: tracing is on, and the packages for it are not installed.
    """
    if not settings.enabled:
        yield UNTRACED
        return
    try:
        from ops.telemetry import otel  # noqa: PLC0415  # an extra, and a quarter of a second to import
    except ImportError:
        raise SettingsInvalid(
            "CODES_OTEL__ENABLED: OpenTelemetry is not installed; it comes with code-service[otel]"
        ) from None
    provider = otel.exporting_provider(role)
    try:
        yield otel.OtelTracer(provider)
    finally:
        await otel.flushed(provider, FLUSH_S)
