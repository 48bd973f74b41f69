"""Batches as OpenTelemetry spans, by its conventions for messaging. The only module that imports OpenTelemetry.

In:       the calls of `consumers.loop.tracing.Tracer`.
Out:      one span per batch, linked to the traces of its records; a child span per step, chunk and send.
Promise:  a span holds no code value: no key, value or header of a record, and no error message. A sender's
          `tracestate` is free text, so it is dropped.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ops.version import service_version
from producers.envelope import TRACE_BYTES_MAX, TRACE_HEADER
from schemas.observation.requests import Step
from schemas.records import IncomingRecord

LINKS_MAX: Final = 128
"""Per span, like OpenTelemetry's own limit; the others are counted in `codes.links_dropped`."""
SCOPE: Final = "code-service"

Attributes = Mapping[str, str | int]

KAFKA: Final[Attributes] = {"messaging.system": "kafka"}
MONGODB: Final[Attributes] = {"db.system.name": "mongodb"}
CALLS: Final[Mapping[Step, Attributes]] = {"gather": MONGODB, "apply": MONGODB}
"""Steps that call another program; all others are internal."""

_w3c = TraceContextTextMapPropagator()


class Links(NamedTuple):
    """Links to the traces of records."""

    kept: list[Link]
    dropped: int


class OtelTracer:
    """Implements `consumers.loop.tracing.Tracer`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(SCOPE, service_version())

    @contextmanager
    def processing(self, group: str, records: Sequence[IncomingRecord]) -> Iterator[None]:
        """Start a new trace, since a batch has many parents. Log lines inside it carry its id."""
        first, links = records[0], links_of(records)
        attributes: Attributes = {
            **KAFKA,
            "messaging.operation.type": "process",
            "messaging.operation.name": "process",
            "messaging.destination.name": first.topic,
            "messaging.destination.partition.id": str(first.partition),
            "messaging.consumer.group.name": group,
            "messaging.kafka.offset": first.offset,
            "messaging.batch.message_count": len(records),
            "codes.links_dropped": links.dropped,
        }
        with self._span(f"process {first.topic}", SpanKind.CONSUMER, attributes, links.kept):
            trace_id = get_current_span().get_span_context().trace_id
            with structlog.contextvars.bound_contextvars(trace_id=f"{trace_id:032x}"):
                yield

    @contextmanager
    def step(self, name: Step) -> Iterator[None]:
        """A child span."""
        calls = CALLS.get(name)
        with self._span(name, SpanKind.CLIENT if calls else SpanKind.INTERNAL, calls or {}):
            yield

    @contextmanager
    def chunk(self, rows: int) -> Iterator[None]:
        """A child span."""
        with self._span("write chunk", SpanKind.CLIENT, {**MONGODB, "codes.import.rows": rows}):
            yield

    @contextmanager
    def sending(self, count: int) -> Iterator[None]:
        """A child span without a destination: a batch's records go to several topics in one transaction."""
        attributes: Attributes = {
            **KAFKA,
            "messaging.operation.type": "send",
            "messaging.operation.name": "send",
            "messaging.batch.message_count": count,
        }
        with self._span("send", SpanKind.PRODUCER, attributes):
            yield

    def trace_id(self) -> str | None:
        """The current span's, unless it is not sampled."""
        context = get_current_span().get_span_context()
        return f"{context.trace_id:032x}" if context.trace_flags.sampled else None

    @contextmanager
    def _span(self, name: str, kind: SpanKind, attributes: Attributes, links: Sequence[Link] = ()) -> Iterator[None]:
        """Of an error only the class is recorded: drivers quote documents in their messages."""
        with self._tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as why:
                span.set_attribute("error.type", type(why).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def links_of(records: Sequence[IncomingRecord]) -> Links:
    """Links to the traces that the records carry, the first `LINKS_MAX` of them."""
    headers = [found for record in records if (found := record.header(TRACE_HEADER))]
    links: list[Link] = []
    for number, header in enumerate(headers):
        if len(links) == LINKS_MAX:
            return Links(links, len(headers) - number)
        links += link_of(header)
    return Links(links, 0)


def link_of(header: bytes) -> list[Link]:
    """The link for a `traceparent`; none if it is malformed, or too long to be sent back."""
    if len(header) > TRACE_BYTES_MAX:
        return []
    context = _w3c.extract({TRACE_HEADER: header.decode(errors="replace")})
    found = get_current_span(context).get_span_context()
    return [Link(found)] if found.is_valid else []


def exporting_provider(role: str) -> TracerProvider:
    """Sample, batch and export as `OTEL_*` say. The service name defaults to `codes-<role>`."""
    ours = Resource.create({"service.name": f"codes-{role}", "service.version": service_version()})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


async def flushed(provider: TracerProvider, timeout_s: float) -> None:
    """Export the remaining spans, in a thread that does not delay the exit if the collector does not answer."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def flush() -> None:
        provider.shutdown()
        with suppress(RuntimeError):  # too late: the loop is closed
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=flush, name="flush spans", daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(done.wait(), timeout_s)
