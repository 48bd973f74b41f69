"""Traces of real batches: the worker's and the importer's loops in this process, on a real broker and database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import pytest

from ops.settings.load import Settings
from ops.telemetry.health import Health
from ops.telemetry.observer import OpsObserver
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from roles.importer import importer
from roles.process import RoleContext, role_context
from roles.worker import worker
from schemas.topics import ASSIGN, ASSIGNED, IMPORT, IMPORTS, RESERVE, RESULTS, TopicSpec
from stores.code_port import StockFigures
from tests.fakes.spans import Spans, id_of, parent_of, traces_of
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files, ends
from tests.integration.running import Neighbour

pytestmark = pytest.mark.integration

TRACES: Final = [f"{number:032x}" for number in range(1, 4)]
Work = Callable[[RoleContext], Coroutine[Any, Any, None]]


def traceparent(trace: str) -> bytes:
    """The `traceparent` of a sender."""
    return f"00-{trace}-00f067aa0ba902b7-01".encode()


@asynccontextmanager
async def traced(settings: Settings, work: Work) -> AsyncIterator[Spans]:
    """A role's work with its spans kept here; ended before the block's end is reached."""
    spans, stopping = Spans(), asyncio.Event()
    metrics = Metrics()
    observer = OpsObserver(metrics, Health(consumes=True), Progress())
    context = role_context(settings, observer, spans.tracer, stopping, StockFigures(), metrics.compute)
    task = asyncio.create_task(work(context))
    try:
        yield spans
    finally:
        stopping.set()
        await task


async def traces_on(neighbour: Neighbour, topic: TopicSpec, count: int) -> list[bytes]:
    """The traces on a topic's records."""
    return [dict(record.headers)["traceparent"] for record in await neighbour.records(topic, count)]


async def test_a_requests_trace_goes_through_the_batch_to_its_result_and_event(
    migrated: Settings, neighbour: Neighbour, stocked: PutCodes
) -> None:
    """The batch is linked to it; what comes back is the sender's own, whatever else was in the batch."""
    await stocked("sale", 10)
    send = partial(neighbour.send, partition=1)
    for number, trace in enumerate(TRACES[:2]):
        request = {"request_id": f"r{number}", "campaign_id": "sale", "fan_id": "fan"}
        await send(RESERVE, request, headers=[("traceparent", traceparent(trace))])
    async with traced(migrated, worker) as spans:
        await neighbour.records(RESULTS, 2)
        request = {"request_id": "a0", "campaign_id": "sale", "fan_id": "fan", "reservation_id": "r0"}
        await send(ASSIGN, request, headers=[("traceparent", traceparent(TRACES[2]))])
        results = await traces_on(neighbour, RESULTS, 3)
        events = await traces_on(neighbour, ASSIGNED, 1)

    assert [traceparent(trace) for trace in TRACES] == sorted(results)
    assert [traceparent(TRACES[2])] == events
    reserves = spans.one(f"process {neighbour.topics.full(RESERVE)}")
    assigns = spans.one(f"process {neighbour.topics.full(ASSIGN)}")
    assert (TRACES[:2], TRACES[2:]) == (traces_of(reserves), traces_of(assigns))
    assert (2, "1", f"{migrated.kafka.group_prefix}worker") == tuple(
        (reserves.attributes or {})[f"messaging.{name}"]
        for name in ("batch.message_count", "destination.partition.id", "consumer.group.name")
    )
    steps = [span.name for span in spans.all() if parent_of(span) == id_of(reserves)]
    assert ["decode", "gather", "plan", "apply", "emit"] == steps
    assert 2 == len(spans.named("send"))


async def test_an_import_is_a_span_with_one_for_each_chunk(
    migrated: Settings,
    environment: dict[str, str],
    neighbour: Neighbour,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Linked to the command's trace, which is on its events."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    files.put("some.csv", "\n".join(f"CODE-{number:05}" for number in range(250)).encode())
    small = migrated.importer.model_copy(update={"rows_per_chunk_max": 100})
    settings = migrated.model_copy(update={"importer": small})
    async with traced(settings, importer) as spans:
        await neighbour.send(IMPORT, files.command("some.csv"), headers=[("traceparent", traceparent(TRACES[0]))])
        await ends(neighbour, 1)
        events = await traces_on(neighbour, IMPORTS, 2)

    assert {traceparent(TRACES[0])} == set(events)
    command = spans.one(f"process {neighbour.topics.full(IMPORT)}")
    chunks = spans.named("write chunk")
    assert [TRACES[0]] == traces_of(command)
    assert {id_of(command)} == {parent_of(chunk) for chunk in chunks}
    assert [100, 100, 50] == [(chunk.attributes or {})["codes.import.rows"] for chunk in chunks]
    assert "CODE-" not in spans.text()
