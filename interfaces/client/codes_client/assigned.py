"""Reads which codes were assigned, and gives each event once.

In:       `assigned.v1`, and a store of the events that were processed.
Out:      `CodeAssigned`, one by one.
Promise:  an event whose `ce_id` the store knows is skipped. An event is marked, and its offset committed, after its
          loop body: a process that is killed in between gets it again.
"""

import json
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from .errors import KafkaUnavailable, UnreadableEvent
from .events import CodeAssigned
from .stores import Store

TOPIC: Final = "assigned.v1"
RECORDS_MAX: Final = 500
POLL_MS: Final = 500
EVENT: Final = "ce_id"


class AssignedReader:
    """One per process, in a group of your own. Use it as an async context manager, and iterate over it."""

    def __init__(
        self,
        bootstrap: str,
        *,
        group: str,
        store: Store,
        prefix: str = "codes.",
        kafka: Mapping[str, Any] | None = None,
    ) -> None:
        """A reader that connects when its context is entered.

        Args:
            bootstrap: `host:port` of a broker; separate several with commas.
            group: your consumer group; `codes-` is the service's own prefix.
            store: remembers which events were processed; all processes of the group must share it.
            prefix: prefix of the service's topics.
            kafka: further arguments of aiokafka's consumer, for example for TLS and logins.
        """
        self._bootstrap = bootstrap
        self._store = store
        self._options = {
            "auto_offset_reset": "earliest",
            **(kafka or {}),
            "bootstrap_servers": bootstrap,
            "group_id": group,
            "isolation_level": "read_committed",  # the default would also read events of aborted transactions
            "enable_auto_commit": False,
        }
        self._topic = prefix + TOPIC
        self._consumer: AIOKafkaConsumer | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises KafkaUnavailable."""
        consumer = AIOKafkaConsumer(self._topic, **self._options)
        try:
            await consumer.start()
        except KafkaError as why:
            await consumer.stop()
            raise KafkaUnavailable(f"{self._bootstrap}: {type(why).__name__}") from why
        self._consumer = consumer
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def __aiter__(self) -> AsyncIterator[CodeAssigned]:
        """Events that were not processed yet, for ever.

        Raises:
            UnreadableEvent: a record is no event of this version.
        """
        consumer = self._consumer
        if consumer is None:
            raise KafkaUnavailable("the reader is not open")
        while True:
            batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS_MAX)
            for event in (event_of(record) for records in batches.values() for record in records):
                if await self._store.is_done(event.event_id):
                    continue
                yield event
                await self._store.mark_done([event.event_id])
            if batches:
                await commit(consumer)


async def commit(consumer: AIOKafkaConsumer) -> None:
    """Commit what was read. Another process may have these partitions by now; it skips what is done."""
    try:
        await consumer.commit()
    except (CommitFailedError, IllegalStateError):
        return


def event_of(record: Any) -> CodeAssigned:  # noqa: ANN401  # aiokafka's
    """A record as an event.

    Raises:
        UnreadableEvent: it is none. To skip it would lose a fan's code.
    """
    try:
        event_id = dict(record.headers)[EVENT].decode()
        return CodeAssigned.model_validate({**json.loads(record.value), "event_id": event_id})
    except (KeyError, TypeError, ValueError):  # pydantic's errors too, which quote the value
        raise UnreadableEvent(f"{record.topic}.{record.partition}@{record.offset}") from None
