"""Spans kept in memory, or received as a collector receives them.

Out: `Spans`, a tracer and what it made; `collecting`, a collector on a free port of this machine.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ops.telemetry.otel import OtelTracer


class Spans:
    """Lives for one test."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = OtelTracer(self._provider)

    def all(self) -> tuple[ReadableSpan, ...]:
        """All spans, in the order of their ends."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """The spans of one name."""
        return [span for span in self.all() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of its name."""
        (span,) = self.named(name)
        return span

    def text(self) -> str:
        """All spans as text."""
        return "\n".join(span.to_json() for span in self.all())


def parent_of(span: ReadableSpan) -> int | None:
    """The id of its parent span."""
    return None if span.parent is None else span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def id_of_trace(span: ReadableSpan) -> str:
    """Its trace, as `traceparent` writes it."""
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def traces_of(span: ReadableSpan) -> list[str]:
    """The traces it is linked to, as `traceparent` writes them."""
    return [f"{link.context.trace_id:032x}" for link in span.links]


class Collector:
    """A collector's exports."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []

    async def take(self, request: web.Request) -> web.Response:
        """Receive one export."""
        self.requests.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response()

    def names(self) -> set[str]:
        """The names of all spans, each with its service's name."""
        return {
            f"{attribute.value.string_value}: {span.name}"
            for request in self.requests
            for resource in request.resource_spans
            for attribute in resource.resource.attributes
            if attribute.key == "service.name"
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def text(self) -> str:
        """All exports as text."""
        return "\n".join(map(str, self.requests))


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, str]]:
    """A collector, and its address for `OTEL_EXPORTER_OTLP_ENDPOINT`."""
    collector = Collector()
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield collector, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
