"""Settings of tracing and of the log.

Out: `OtelSettings`, `LogSettings`.
"""

from typing import Literal

from schemas.settings import Group


class OtelSettings(Group):
    """Tracing with OpenTelemetry. The standard variables `OTEL_*` set the destination and the sampling."""

    enabled: bool = False
    """Create spans and send them by OTLP over HTTP; needs the extra `otel`."""


class LogSettings(Group):
    """The log on standard output."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest level that is written."""
    format: Literal["json", "console"] = "json"
    """`json`: one JSON object per line. `console`: lines for people."""
