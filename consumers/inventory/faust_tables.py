"""Faust's table rebuilt by us: the changelog is read to its end, by a consumer of its own, before events are counted.

In:       the table's changelog, from where this process last read it.
Out:      `OurTables`, whose recovery opens the flow when the table and the alerts that were sent are known.
Promise:  no event is counted on a table that lacks something that was there when the group assigned its partition to
          this process; and none during a rebalance.

Faust 0.15 reads the changelog through the queues that it empties now and then: its recovery then waits for ever for
the record that is gone, and this process counts nothing without saying so. See docs/decisions/0012.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from faust.types import TP

from consumers.inventory import faust_flow
from consumers.inventory.faust_stop import FAUST_LOG
from consumers.inventory.view_reader import is_past
from consumers.loop import aiokafka_patch as lenient
from consumers.loop.stopping import stop_consumer
from handlers.inventory.changelog import rebuilt

POLL_MS: Final = 200
RECORDS_AT_ONCE: Final = 1_000


class OurTable(faust.Table):  # type: ignore[type-arg]  # Faust's typing is incomplete
    """A table that knows what its changelog has not acknowledged yet."""

    logger = FAUST_LOG

    def send_changelog(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # Faust's signature
        """The same, and remembered: an offset must not be committed before."""
        sent = super().send_changelog(*args, **kwargs)
        cast("Any", self.app).unwritten.add(sent)
        return sent


class OurRecovery(Recovery):
    """A pass for each rebalance."""

    logger = FAUST_LOG

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Faust's signature
        super().__init__(*args, **kwargs)
        self._closings = 0
        self._read_to: dict[TopicPartition, int] = {}
        """Where the changelog goes on. What this process wrote itself meanwhile is read again, which is no harm."""

    async def on_rebalance(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # Faust's signature
        """The group has rebalanced."""
        self._closings = faust_flow.of(self.app).closings
        await super().on_rebalance(*args, **kwargs)

    @faust.Service.task
    async def _restart_recovery(self) -> None:
        while not await self.wait_for_stopped(cast("Any", self.signal_recovery_start)):
            self.signal_recovery_start.clear()
            try:
                with suppress(RebalanceAgain, IllegalStateError):  # the group rebalances again
                    await self._wait(self._restore(self._generation_id))
            except ServiceStopped:
                return

    @faust.Service.task
    async def _slurp_changelogs(self) -> None:
        """Nothing comes through Faust's queue."""

    async def _restore(self, generation_id: int) -> None:
        app: Any = self.app
        consumer = faust_flow.of(app)
        await self._read_changelog([TopicPartition(*tp) for tp in self.active_tps])
        await app.until_alerts_read()
        streams = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        await consumer.prepare(streams)
        if consumer.closings == self._closings and generation_id == app.consumer_generation_id:
            self._open(streams)
            await app._fetcher.maybe_start()  # noqa: SLF001  # Faust's own recovery does so

    def _open(self, streams: set[TP]) -> None:
        """No await in here: nothing may come between the last look and the opening."""
        app, consumer = self.app, faust_flow.of(self.app)
        self.completed.set()
        app.flow_control.resume()  # this empties the queues
        consumer.resume_partitions(streams)
        consumer.resume_flow()
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()

    async def _read_changelog(self, partitions: Iterable[TopicPartition]) -> None:
        wanted = list(partitions)
        if not wanted:
            return
        async with reading(cast("Any", self.app).side.connection) as reader:
            reader.assign(wanted)
            for partition in set(wanted) & self._read_to.keys():
                reader.seek(partition, self._read_to[partition])
            ends = await reader.end_offsets(wanted)
            while not await is_past(reader, ends):
                found = await reader.getmany(timeout_ms=POLL_MS, max_records=RECORDS_AT_ONCE)
                self._apply(record for records in found.values() for record in records)
            self._read_to |= {partition: await reader.position(partition) for partition in wanted}

    def _apply(self, records: Iterable[Any]) -> None:
        for record in records:
            data = cast("Any", self.tables._changelogs[record.topic]).data.data  # noqa: SLF001  # the store's own values
            if record.value is None:
                data.pop(record.key, None)
            else:
                data[record.key] = rebuilt(record.key, data.get(record.key), record.value)


class OurTables(TableManager):
    """Faust's manager of tables, with our recovery."""

    logger = FAUST_LOG

    @property
    def recovery(self) -> Recovery:
        """Made at its first use, as Faust does."""
        if self._recovery is None:
            self._recovery = OurRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery


@asynccontextmanager
async def reading(connection: Mapping[str, Any]) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group."""
    lenient.install()
    consumer = AIOKafkaConsumer(
        **connection, enable_auto_commit=False, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await stop_consumer(consumer)
