"""Watches how far the workers are behind during a rehearsal.

In:       the brokers' offsets.
Out:      `LagSeen`: the most at any look.
Promise:  without an answer or without the right to ask, the lag is unknown, and the rehearsal goes on.
"""

import asyncio
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from cli.rehearsal.report import LagSeen
from consumers.inventory.lag import Lag, lag_reader
from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.groups import WORKER_GROUP
from schemas.topics import REQUEST_TOPICS, Topics

LOOK_EVERY_S: Final = 2.0


async def watch(settings: Settings, seen: LagSeen) -> None:
    """Look for ever. A look without an answer is left out."""
    topics = Topics(settings.topics.prefix)
    group = settings.kafka.group_prefix + WORKER_GROUP
    wanted = {group: [topics.full(spec) for spec in REQUEST_TOPICS]}
    with suppress(KafkaError, TimeoutError):
        async with lag_reader(client_options(settings.kafka)) as reader:
            while True:
                with suppress(KafkaError, TimeoutError):
                    note(seen, await reader.read(wanted))
                await asyncio.sleep(LOOK_EVERY_S)


def note(seen: LagSeen, lags: list[Lag]) -> None:
    """Of all partitions together; nothing if one is not known."""
    if all(lag.records is not None and lag.age_s is not None for lag in lags):
        seen.add(sum(lag.records or 0 for lag in lags), max((lag.age_s or 0.0 for lag in lags), default=0.0))
