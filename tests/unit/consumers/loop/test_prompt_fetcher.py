"""A partition that is busy is soon asked for again; an idle consumer asks no more often for it."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import consumer

from consumers.loop import aiokafka_patch
from consumers.loop.prompt_fetcher import LEFT_OUT_WAIT_MS, NEARLY_READ_BYTES, READ_WAIT_S, PromptFetcher
from tests.fakes.fetches import Log, a_batch
from tests.fakes.time import run

BUSY, IDLE = TopicPartition("t", 0), TopicPartition("t", 1)
VALUE_BYTES = 200
"""Of each record of `a_batch`, at least."""
FRESHLY = 0.5
"""Of the time that idle loops have to read."""


def unread(records: int, *, age_s: float = 1.0) -> Any:
    """A fetch that nobody has read yet; one batch of it is handed out."""
    result = Log(a_batch(0) + a_batch(3, count=records), 0, 3 + records).result()
    next(result._partition_records)
    result._created -= age_s
    return result


async def asked(records: Mapping[TopicPartition, Any]) -> list[tuple[int, list[int]]]:
    """Of each fetch that would be sent: how long it may wait, in ms, and for which partitions."""
    client = SimpleNamespace(
        _loop=asyncio.get_running_loop(),
        _metadata_max_age_ms=1_000,
        cluster=SimpleNamespace(leader_for_partition=lambda _place: 1),
    )
    fetcher = PromptFetcher(client, SimpleNamespace(register_fetch_waiters=lambda _waiters: None))
    fetcher._fetch_task.cancel()
    fetcher._records.update(records)
    state = SimpleNamespace(has_valid_position=True, paused=False, position=0)
    requests, *_ = fetcher._get_actions_per_node(SimpleNamespace(tps=(BUSY, IDLE), state_value=lambda _place: state))
    return [
        (request._max_wait_ms, sorted(number for _, parts in request.topics for number, *_ in parts))
        for _, request in requests
    ]


def test_a_fetch_that_leaves_a_busy_partition_out_is_short() -> None:
    """As soon as its loop has read all, it is asked for; aiokafka would wait half a second for the others."""
    assert [(LEFT_OUT_WAIT_MS, [1])] == run(asked({BUSY: unread(1)}))


@pytest.mark.parametrize("records", [{}, {BUSY: unread(NEARLY_READ_BYTES // VALUE_BYTES)}])
def test_any_other_fetch_waits_as_long_as_before(records: dict[TopicPartition, Any]) -> None:
    """Asked more often, brokers would work for nothing: nobody is left out, or has nothing more to read soon."""
    assert [500] == [wait_ms for wait_ms, _ in run(asked(records))]


def test_loops_that_are_idle_read_before_the_next_fetch() -> None:
    """Or each fetch would leave out whose records the one before it brought."""
    assert [] == run(asked({BUSY: unread(1, age_s=READ_WAIT_S * FRESHLY)}))


def test_every_consumer_of_the_process_fetches_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consumers make their fetcher when they are started."""
    monkeypatch.setattr(consumer, "Fetcher", None)

    aiokafka_patch.install()

    assert consumer.Fetcher is PromptFetcher
