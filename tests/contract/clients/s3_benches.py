"""The same claims about S3 and its client on both: the simulated one, and moto's server.

In:   a claim: a coroutine function that is given a bench.
Out:  `on_simulated_s3`, `on_real_s3`, which run a claim to its end.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from ops.settings.load import Settings, load_settings
from stores.s3.connection import connected
from tests.fakes.relay import Ends, Relay
from tests.simulation.kernel import clocks
from tests.simulation.kernel.world import World, run_world
from tests.simulation.s3.client import replacements
from tests.simulation.s3.storage import STORAGE, Storage

TIMEOUT_MS: Final = "1000"
SEED: Final = 7


@dataclass(slots=True)
class S3Bench:
    """An empty bucket."""

    client: Any
    """The client of `stores.s3`."""
    bucket: str
    crash: Callable[[], Coroutine[Any, Any, None]]
    """From now on connections are refused."""
    freeze: Callable[[], Coroutine[Any, Any, None]]
    """From now on no answer comes."""


Claim = Callable[[S3Bench], Coroutine[Any, Any, None]]


class Silence(Relay):
    """A relay that can go silent."""

    def __init__(self, host: str, target_port: int) -> None:
        super().__init__(host, target_port)
        self.is_silent = False

    async def relay(self, ends: Ends) -> None:
        async def flow(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while piece := await source.read(65_536):
                if not self.is_silent:
                    target.write(piece)
            ends.abort()

        await asyncio.gather(flow(ends.from_client, ends.to_part), flow(ends.from_part, ends.to_client))


def on_simulated_s3(claim: Claim) -> None:
    """On virtual time, in a new world."""
    settings = load_settings({"CODES_S3__TIMEOUT_MS": TIMEOUT_MS})

    async def run(world: World) -> None:
        storage = Storage(world.network)
        STORAGE.set(storage)

        async def crash() -> None:
            storage.crash()

        async def freeze() -> None:
            storage.freeze()

        async with connected(settings.s3) as client:
            await client.create_bucket(Bucket="files")
            await claim(S3Bench(client, "files", crash, freeze))

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores",)):
        run_world(SEED, run)


def on_real_s3(claim: Claim, settings: Settings) -> None:
    """On the stack's S3, in true time."""

    async def run() -> None:
        address = settings.s3.endpoint_url or ""
        parts = urlsplit(address)
        relay = Silence(parts.hostname or "", parts.port or 0)
        await relay.start()

        async def freeze() -> None:
            relay.is_silent = True

        through = address.replace(parts.netloc, f"127.0.0.1:{relay.port}")
        bucket = settings.mongo.database
        try:
            async with connected(settings.s3.model_copy(update={"endpoint_url": through})) as client:
                await client.create_bucket(Bucket=bucket)
                await claim(S3Bench(client, bucket, relay.stop, freeze))
        finally:
            await relay.stop()

    asyncio.run(run())
