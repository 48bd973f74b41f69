"""A FastStream service in its idiom: a subscriber whose return value a publisher sends.

It acknowledges each message after its result is sent, which is FastStream's setting for at-least-once. It writes no
log, to its own advantage.

In:   `python -m benchmarks.systems.faststream_app`, settings from the environment as the worker's.
Out:  one result per reserve request, until it is stopped.
"""

import asyncio
from typing import Final

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaResponse
from pydantic import BaseModel

from benchmarks.systems.stock_list import StockList
from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE, RESULTS, Topics

GROUP: Final = "faststream"


class Reserve(BaseModel):
    """A request, validated by FastStream."""

    request_id: str
    campaign_id: str
    fan_id: str


def service(settings: Settings) -> FastStream:
    """The application."""
    topics, stock = Topics(settings.topics.prefix), StockList(settings)
    broker = KafkaBroker(settings.kafka.bootstrap_servers, logger=None)
    app = FastStream(broker, logger=None)
    app.on_startup(stock.read)

    @broker.subscriber(
        topics.full(RESERVE),
        group_id=settings.kafka.group_prefix + GROUP,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    @broker.publisher(topics.full(RESULTS))
    async def reserve(asked: Reserve) -> KafkaResponse:
        return KafkaResponse(await stock.reserve(asked.model_dump()), key=asked.fan_id.encode())

    return app


if __name__ == "__main__":
    asyncio.run(service(load_settings()).run())
