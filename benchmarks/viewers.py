"""What the live page's viewers cost the process that counts: `python -m benchmarks.viewers`.

In:   numbers of viewers, campaigns, shards and seconds; how the stream is encoded.
Out:  cores that the serving process used (processor time, not wall time), its memory, and what the viewers were sent.

The server is a process of its own, and so are the viewers, which only read; each has a token of its own. Every
campaign changes once a second, in its shards and types by turns, and has moved in every step of the last five
minutes. What the process costs without a viewer (taking the events in) is measured first and printed beside.
"""

import argparse
import asyncio
import multiprocessing
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import aiohttp
import jwt
import orjson
import psutil
from aiohttp import web
from pydantic import SecretStr

from consumers.inventory.role import LAG_EVERY_S, Lags
from consumers.inventory.view import InventoryView
from schemas.base import CODE_TYPES
from schemas.records import IncomingRecord
from schemas.settings import InventorySettings
from schemas.topics import INVENTORY, Topics
from web.app import web_app
from web.auth import Guard
from web.stream import Streams

SETTLE_S: Final = 5.0
HISTORY_S: Final = 300
HISTORY_STEP_S: Final = 10
SLICES: Final = 20
"""Parts of a second in which campaigns change."""
MANY: Final = 10_000
SEED: Final = 7
SECRET: Final = "a-secret-of-the-benchmark-of-thirty-two-signs"  # noqa: S105  # opens nothing but this process


@dataclass(frozen=True, slots=True)
class Shape:
    """What is measured."""

    viewers: int
    campaigns: int
    shards: int
    seconds: float
    encoding: str


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What live viewers cost.")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--campaigns", type=int, default=500)
    parser.add_argument("--shards", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--encoding", choices=("gzip", "identity"), default="gzip")
    shape = Shape(**vars(parser.parse_args()))
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, shape))
    server.start()
    try:
        port = ours.recv()
        idle = asyncio.run(measured(server.pid or 0, port, 0, shape))
        busy = asyncio.run(measured(server.pid or 0, port, shape.viewers, shape))
    finally:
        server.kill()
        server.join()
    print(
        f"{shape.campaigns} campaigns of {shape.shards} shards and 2 types, {shape.seconds:.0f} s, {shape.encoding}"
    )
    print(f"without viewers: {idle[0]:.3f} cores, {idle[1]:.0f} MiB")
    print(f"{shape.viewers} viewers: {busy[0]:.3f} cores, {busy[1]:.0f} MiB, {busy[2]:.1f} MiB/s sent")


async def measured(pid: int, port: int, viewers: int, shape: Shape) -> tuple[float, float, float]:
    """Cores, MiB of memory, and MiB a second that were read."""
    process = psutil.Process(pid)
    read = [0]
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        tasks = [asyncio.create_task(watch(session, port, number, shape, read)) for number in range(viewers)]
        await asyncio.sleep(SETTLE_S)
        before, read_before, began_s = process.cpu_times(), read[0], time.monotonic()
        await asyncio.sleep(shape.seconds)
        after, sent, took_s = process.cpu_times(), read[0] - read_before, time.monotonic() - began_s
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    used = after.user + after.system - before.user - before.system
    return used / took_s, process.memory_info().rss / 2**20, sent / took_s / 2**20


async def watch(session: aiohttp.ClientSession, port: int, number: int, shape: Shape, read: list[int]) -> None:
    """One viewer."""
    token = jwt.encode({"exp": time.time() + 3_600, "supreme": True, "sub": str(number)}, SECRET)
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": shape.encoding}
    async with session.get(f"http://127.0.0.1:{port}/api/stream", headers=headers) as answer:
        answer.raise_for_status()
        async for chunk in answer.content.iter_any():
            read[0] += len(chunk)


def serve(ready: Connection, shape: Shape) -> None:
    """The process that is measured."""
    asyncio.run(serving(ready, shape))


async def serving(ready: Connection, shape: Shape) -> None:
    """Serve the API, and let every campaign change once a second."""
    topics = Topics("codes.")
    view = InventoryView(topics, "changelog")
    guard = Guard(InventorySettings(jwt_secret=SecretStr(SECRET)))
    runner = web.AppRunner(web_app(guard, Streams(view, Lags(), topics, MANY), Path("/-")))
    changes = Changes(view, topics, shape)
    changes.fill()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ready.send(runner.addresses[0][1])
    clock = asyncio.get_running_loop().time
    began_s, aged_s, turn = clock(), clock(), 0
    while True:
        for number in range(turn % SLICES, shape.campaigns, SLICES):
            changes.change(number, 0)
        turn += 1
        if clock() - aged_s > LAG_EVERY_S:
            aged_s = clock()
            view.age()
        await asyncio.sleep(max(began_s + turn / SLICES - clock(), 0))


class Changes:
    """Reserves of one code each, in the shards and types of a campaign by turns."""

    def __init__(self, view: InventoryView, topics: Topics, shape: Shape) -> None:
        self._view = view
        self._topic = topics.full(INVENTORY)
        self._shards = shape.shards
        self._changes = [0] * shape.campaigns
        names = random.Random(SEED)  # noqa: S311  # varied as in life, else they would be compressed to nothing
        self._names = [f"{names.getrandbits(64):x}" for _ in self._changes]
        self._counts = [names.randrange(1_000_000) for _ in range(2 * shape.shards * shape.campaigns)]

    def fill(self) -> None:
        """The first events of all shards, then both types' changes in each step of the last five minutes."""
        for number in range(len(self._changes)):
            for _ in range(2 * self._shards):
                self.change(number, HISTORY_S)
            for ago_s in range(HISTORY_S, 0, -HISTORY_STEP_S):
                self.change(number, ago_s)
                self.change(number, ago_s)

    def change(self, number: int, ago_s: int) -> None:
        """A campaign's next change."""
        change = self._changes[number]
        self._changes[number] += 1
        places = 2 * self._shards
        place, version = change % places, change // places + 1
        reserved = self._counts[number * places + place] + version
        event = {
            "campaign_id": self._names[number],
            "code_type": CODE_TYPES[place % 2],
            "shard": f"reserve.requests.v1.{place // 2}",
            "version": version,
            "available": 2_000_000 - reserved,
            "reserved": reserved,
            "assigned": reserved // 3,
            "cause": "reserve",
            "changed_at": (self._view.clock() - timedelta(seconds=ago_s)).isoformat(),
        }
        self._view.take(IncomingRecord(self._topic, 0, change, 0, None, orjson.dumps(event), ()))


if __name__ == "__main__":
    main()
