"""Logging: one line per event on standard output, in one schema, for our code and all libraries.

In:       structlog events, and records of the standard library's logging.
Out:      JSON objects, or text for a terminal: `at`, `level`, `event`, `logger`, `role`, then the event's own fields.
          `ops.telemetry.log_events` lists events, `ops.telemetry.log_schema` their fields.
Promise:  no secret is written (see `ops.telemetry.masking`), and a traceback shows no local variables. Only our own
          packages log at DEBUG: at that level drivers log whole commands and records.
"""

import logging
import sys
from typing import Final

import stamina
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from ops.telemetry.masking import mask_values
from schemas.telemetry_settings import LogSettings

PACKAGES: Final = (
    "audit",
    "cli",
    "consumers",
    "handlers",
    "ops",
    "producers",
    "roles",
    "schemas",
    "stores",
    "web",
)
FIRST_KEYS: Final = ("at", "level", "event", "logger", "role")
LIBRARIES: Final = (
    "aiobotocore",
    "aiohttp",
    "aiokafka",
    "asyncio",
    "boto3",
    "botocore",
    "faust",
    "mode",
    "motor",
    "opentelemetry",
    "pymongo",
    "s3transfer",
    "urllib3",
)
"""At INFO they log every rebalance and connection; our own events cover what matters of that."""


def configure_logging(settings: LogSettings, *, role: str) -> None:
    """Send all log records through one chain to standard output. Call it once, before the first event.

    `role` is the process's role: `worker`, `importer`, `migrate`. Libraries log from WARNING up, and from INFO up
    when the level is DEBUG. Python's warnings are captured too.
    """
    before = _before(role)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=before, processors=_after(settings)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel("INFO" if settings.level == "DEBUG" else settings.level)
    for name in PACKAGES:
        logging.getLogger(name).setLevel(settings.level)
    _limit_libraries(settings)
    logging.captureWarnings(capture=True)
    stamina.instrumentation.set_on_retry_hooks([])  # the observer logs each wait once


def _limit_libraries(settings: LogSettings) -> None:
    least = "INFO" if settings.level == "DEBUG" else "WARNING"
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
        library.setLevel("ERROR" if settings.level == "ERROR" else least)


def _before(role: str) -> list[Processor]:
    def add_role(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"role": role, **event}

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        add_role,
    ]


def _after(settings: LogSettings) -> list[Processor]:
    """The end of the chain. The traceback becomes text before masking, because drivers quote documents in it."""
    return [
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
        mask,
        in_order,
        _json() if settings.format == "json" else _console(),
    ]


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that masks secret keys at any depth, and secrets inside text."""
    return mask_values(event)


def in_order(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that puts the schema's own keys first, so that lines line up."""
    first = {key: event[key] for key in FIRST_KEYS if key in event}
    return {**first, **event}


def _json() -> Processor:
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
        timestamp_key="at",
    )
