"""A Faust service in its idiom: an agent over a stream, which sends each result to a topic.

In:   `python -m benchmarks.systems.faust_app`, settings from the environment as the worker's.
Out:  one result per reserve request, until it is stopped.
"""

import tempfile
from typing import Final

import faust
from faust.types import StreamT

from benchmarks.systems.stock_list import StockList
from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE, RESULTS, Topics

GROUP: Final = "faust"
NO_WEB: Final = False


class Reserve(faust.Record, serializer="json"):
    """A request, decoded by Faust."""

    request_id: str
    campaign_id: str
    fan_id: str


def service(settings: Settings, folder: str) -> faust.App:
    """The application."""
    topics, stock = Topics(settings.topics.prefix), StockList(settings)
    app = faust.App(
        settings.kafka.group_prefix + GROUP,
        broker=f"kafka://{settings.kafka.bootstrap_servers}",
        datadir=folder,
        topic_disable_leader=True,
        web_enabled=NO_WEB,
    )
    requests = app.topic(topics.full(RESERVE), value_type=Reserve)
    results = app.topic(topics.full(RESULTS), value_serializer="raw")

    @app.agent(requests)
    async def reserve(stream: StreamT[Reserve]) -> None:
        await stock.read()
        async for asked in stream:
            value = await stock.reserve(asked.asdict())
            await results.send(key=asked.fan_id, value=value)

    return app


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        faust.Worker(service(load_settings(), temporary), loglevel="warning", quiet=True).execute_from_commandline()
