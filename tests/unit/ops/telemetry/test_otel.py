"""Batches as spans: by the conventions, linked to what caused them, and telling no secret."""

from typing import Any

import pytest
import structlog
from opentelemetry.trace import SpanKind, StatusCode

from ops.telemetry.otel import LINKS_MAX, link_of, links_of
from schemas.errors import EmitFailed, FactsStale
from schemas.observation.answers import AnswersVisible
from schemas.observation.fact import Fact
from schemas.observation.requests import BatchReport
from schemas.records import Headers
from schemas.settings import WorkerSettings
from schemas.topics import RESERVE
from tests.fakes.builders import NOW, a_record, a_reserve, header
from tests.fakes.kafka import Source
from tests.fakes.observer import ObservedFacts
from tests.fakes.serving import ServedPartition
from tests.fakes.spans import Spans, id_of, id_of_trace, parent_of, traces_of

SOURCE = Source(RESERVE.name, 3)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PROCESS = "process t.reserve.requests.v1"


def traceparent(trace: str = TRACE) -> Headers:
    """A sender's header."""
    return (("traceparent", f"00-{trace}-00f067aa0ba902b7-01".encode()),)


class Listening(ObservedFacts):
    """Remembers what a log line would have bound to it when the batch is done."""

    def __init__(self) -> None:
        super().__init__()
        self.bound: list[dict[str, Any]] = []

    def observe(self, fact: Fact, /) -> None:
        super().observe(fact)
        if isinstance(fact, BatchReport):
            self.bound.append(structlog.contextvars.get_contextvars())


class TracedPartition(ServedPartition):
    """A partition that is traced."""

    def __init__(self) -> None:
        self.spans = Spans()
        self.listening = Listening()
        super().__init__(source=SOURCE, observer=self.listening, tracer=self.spans.tracer, limits=WorkerSettings())

    def send(self, request_id: str, headers: Headers = ()) -> None:
        """One request waits."""
        self.kafka.send(SOURCE, a_reserve(request_id=request_id).to_json(), NOW, headers=headers)


@pytest.fixture
def bench() -> TracedPartition:
    """With two requests, of which one has a trace."""
    bench = TracedPartition()
    bench.send("r-1", traceparent())
    bench.send("r-2")
    return bench


def test_a_batch_is_one_span_by_the_conventions_for_messaging(bench: TracedPartition) -> None:
    """A trace of its own, with a link to the trace of each message that has one."""
    bench.serve()

    span = bench.spans.one(PROCESS)
    assert (SpanKind.CONSUMER, None, [TRACE]) == (span.kind, span.parent, traces_of(span))
    assert {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": "t.reserve.requests.v1",
        "messaging.destination.partition.id": "3",
        "messaging.consumer.group.name": "codes-worker",
        "messaging.kafka.offset": 0,
        "messaging.batch.message_count": 2,
        "codes.links_dropped": 0,
    } == dict(span.attributes or {})
    assert StatusCode.UNSET == span.status.status_code


def test_each_step_is_a_child_and_the_sending_is_one_of_the_last(bench: TracedPartition) -> None:
    """What asks another program is of another kind than what computes."""
    bench.serve()

    batch = bench.spans.one(PROCESS)
    steps = [span for span in bench.spans.all() if parent_of(span) == id_of(batch)]
    assert [
        ("decode", SpanKind.INTERNAL),
        ("gather", SpanKind.CLIENT),
        ("plan", SpanKind.INTERNAL),
        ("apply", SpanKind.CLIENT),
        ("emit", SpanKind.INTERNAL),
    ] == [(span.name, span.kind) for span in steps]
    assert {"db.system.name": "mongodb"} == dict(bench.spans.one("apply").attributes or {})
    sent = bench.spans.one("send")
    assert (SpanKind.PRODUCER, id_of(steps[-1])) == (sent.kind, parent_of(sent))
    assert 3 == (sent.attributes or {})["messaging.batch.message_count"]  # two results, one shard


def test_the_time_to_the_answer_knows_the_trace_of_its_batch(bench: TracedPartition) -> None:
    """It becomes an exemplar; outside of a batch there is none."""
    bench.serve()

    (answers,) = bench.listening.of(AnswersVisible)
    assert (id_of_trace(bench.spans.one(PROCESS)), None) == (answers.trace_id, bench.spans.tracer.trace_id())


def test_the_senders_trace_comes_back_and_not_the_batchs(bench: TracedPartition) -> None:
    """The answer belongs to who asked."""
    bench.serve()

    assert [traceparent()[0][1], None] == [header(result, "traceparent") for result in bench.visible()]


def test_of_a_stale_plan_only_the_errors_class_is_traced(bench: TracedPartition) -> None:
    """Messages of errors may quote a document. Each try is a span."""
    bench.store.faults.refusals = [FactsStale('dup key: { code: "SECRET-1" }')]

    bench.serve()

    failed, done = bench.spans.named("apply")
    assert ("FactsStale", StatusCode.ERROR, None, ()) == (
        (failed.attributes or {})["error.type"],
        failed.status.status_code,
        failed.status.description,
        failed.events,
    )
    assert StatusCode.UNSET == done.status.status_code == bench.spans.one(PROCESS).status.status_code
    assert "SECRET-1" not in bench.spans.text()


def test_a_batch_that_kafka_did_not_take_failed(bench: TracedPartition) -> None:
    """Up to the batch itself."""
    bench.emitter.failures = 1

    with pytest.raises(EmitFailed):
        bench.serve()

    failed = {span.name for span in bench.spans.all() if span.status.status_code == StatusCode.ERROR}
    assert {"send", "emit", PROCESS} == failed


def test_links_have_a_limit() -> None:
    """And what is beyond it is counted."""
    records = [a_record(b"", headers=traceparent(f"{number:032x}")) for number in range(1, LINKS_MAX + 8)]

    assert (LINKS_MAX, 7) == (len(links_of(records).kept), links_of(records).dropped)
    assert (LINKS_MAX, 0) == (len(links_of(records[:LINKS_MAX]).kept), links_of(records[:LINKS_MAX]).dropped)


@pytest.mark.parametrize(
    "value", [b"SECRET-1", b"00-0-0-01", b"\xff\xfe", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"]
)
def test_what_is_no_trace_makes_no_link(value: bytes) -> None:
    """A sender may write anything there."""
    assert [] == link_of(value)


def test_nothing_else_of_a_record_is_traced() -> None:
    """Neither key, value or headers, nor the free text of a `tracestate`."""
    bench = TracedPartition()
    secrets = (("tracestate", b"v=SECRET-1"), ("baggage", b"v=SECRET-2"), ("x", b"SECRET-3"))
    bench.send("SECRET-4", (*traceparent(), *secrets))
    bench.kafka.send(SOURCE, b"SECRET-5", NOW, key=b"SECRET-6")

    bench.serve()

    assert [TRACE] == traces_of(bench.spans.one(PROCESS))
    assert "SECRET" not in bench.spans.text()


def test_log_lines_of_a_batch_say_its_trace(bench: TracedPartition) -> None:
    """From one to the other, and only while it is under way."""
    bench.serve()

    context = bench.spans.one(PROCESS).context
    assert context is not None
    assert [{"trace_id": f"{context.trace_id:032x}"}] == bench.listening.bound
    assert {} == structlog.contextvars.get_contextvars()
