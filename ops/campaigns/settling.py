"""Waits until all requests that were sent by now are answered, and all counts that were published by now are counted.

In:       settings; the brokers' committed offsets.
Out:      nothing, or an error.
Promise:  afterwards no worker decides or publishes again what was sent before: the ledger's entries of a campaign in
          which nothing moves any more are not needed. A redelivery would find neither them nor its codes.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from consumers.expirer.assigns_watermark import open_assigns_watermark
from ops.broker.client import client_options
from ops.broker.reading import kafka_errors
from ops.settings.load import Settings
from schemas.errors import CodeServiceError
from schemas.groups import INVENTORY_GROUP, WORKER_GROUP
from schemas.topics import INVENTORY, REQUEST_TOPICS, Topics, TopicSpec

PATIENCE_S: Final = 60.0
POLL_S: Final = 0.2


class NotSettled(CodeServiceError):
    """Records that were sent before are not served yet. Look at the lag of the group, and run the command again."""


async def until_answered(settings: Settings, *, now: datetime, patience_s: float = PATIENCE_S) -> None:
    """Wait until the workers have answered every request that was sent before `now`.

    Raises:
        NotSettled: they have not in `patience_s`.
        BrokerUnavailable, KafkaRefused: Kafka gave no answer.
    """
    await _until_served(settings, REQUEST_TOPICS, WORKER_GROUP, now, patience_s)


async def until_counted(settings: Settings, *, now: datetime, patience_s: float = PATIENCE_S) -> None:
    """The same of the inventory and its events."""
    await _until_served(settings, (INVENTORY,), INVENTORY_GROUP, now, patience_s)


async def _until_served(
    settings: Settings, specs: Sequence[TopicSpec], group: str, now: datetime, patience_s: float
) -> None:
    topics, until_s = Topics(settings.topics.prefix), monotonic() + patience_s
    before = now + timedelta(milliseconds=settings.expirer.clock_margin_ms)
    connection, full_group = client_options(settings.kafka), settings.kafka.group_prefix + group
    for spec in specs:
        with kafka_errors(settings.kafka):
            async with open_assigns_watermark(connection, topics.full(spec), full_group) as watermark:
                while (since := await watermark.undecided_since()) is not None and since <= before:
                    if monotonic() > until_s:
                        raise NotSettled(f"{full_group} has not served {topics.full(spec)} since {since:%FT%TZ}")
                    await asyncio.sleep(POLL_S)
