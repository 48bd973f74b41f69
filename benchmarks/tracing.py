"""`python -m benchmarks.tracing`: the cost of tracing per batch, off and on, without a broker or a database.

In:   the number of rounds. A batch is 500 requests that each carry a trace, on a store in memory.
Out:  two ratios to the time of an untraced batch. On a real database a batch takes several times as long, so both
      are closer to 1 there.
"""

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import Annotated, Final

import typer
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from consumers.loop.tracing import UNTRACED, Tracer
from consumers.worker.batch import RequestPartition
from ops.telemetry.otel import OtelTracer
from schemas.topics import RESERVE
from tests.fakes.builders import NOW, TM, a_reserve, candidates
from tests.fakes.kafka import MemoryKafka, Source
from tests.fakes.memory_store import MemoryCodeStore, MemoryDatabase
from tests.fakes.observer import ObservedFacts
from tests.fakes.serving import a_context

SOURCE: Final = Source(RESERVE.name, 0)
BATCH: Final = 500
STEPS: Final = ("decode", "gather", "plan", "apply", "emit")
HOOKS: Final = 10_000


class Discarding(SpanExporter):
    """Discards all spans."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002  # the SDK's form
        """Sending is left out: it happens in a thread of its own."""
        return SpanExportResult.SUCCESS


async def batch_s(tracer: Tracer) -> float:
    """Seconds of one batch."""
    kafka, database = MemoryKafka(), MemoryDatabase()
    database.add_codes(TM, candidates(BATCH), NOW)
    for number in range(BATCH):
        trace = f"00-{number + 1:032x}-00f067aa0ba902b7-01".encode()
        value = a_reserve(request_id=f"r-{number}").to_json()
        kafka.send(SOURCE, value, NOW, headers=(("traceparent", trace),))
    store = MemoryCodeStore(database, SOURCE.shard, publishes_code_values=False)
    context = a_context(ObservedFacts(), tracer=tracer)
    work, emitter = RequestPartition(SOURCE.shard, SOURCE.topic, store, context), kafka.open_emitter(SOURCE)
    start = time.perf_counter()
    await work.serve(kafka.pending(SOURCE), emitter, asyncio.Event())
    return time.perf_counter() - start


def hooks_s() -> float:
    """Seconds for a batch's calls of the tracer that does nothing."""
    start = time.perf_counter()
    for _ in range(HOOKS):
        with UNTRACED.processing("group", ()):
            for step in STEPS:
                with UNTRACED.step(step):
                    pass
            with UNTRACED.sending(1):
                pass
    return (time.perf_counter() - start) / HOOKS


async def measured(rounds: int) -> tuple[float, float]:
    """Medians of an untraced and of a traced batch, measured in turns."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Discarding()))
    traced = OtelTracer(provider)
    pairs = [(await batch_s(UNTRACED), await batch_s(traced)) for _ in range(rounds)]
    provider.shutdown()
    return median(off for off, _ in pairs), median(on for _, on in pairs)


def main(rounds: Annotated[int, typer.Option(help="Batches per variant.")] = 100) -> None:
    """Measure and print."""
    off, on = asyncio.run(measured(rounds))
    typer.echo(
        f"off: {(off + hooks_s()) / off:.5f} of a batch without tracing, {off * 1000:.1f} ms for {BATCH} requests"
    )
    typer.echo(f"on:  {on / off:.3f} times as long")


if __name__ == "__main__":
    typer.run(main)
