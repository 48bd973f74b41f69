"""What the live page's viewers cost the process that counts: `python -m benchmarks.viewers`.

In:   numbers of viewers, campaigns and seconds.
Out:  cores that the serving process used, its memory, and what the viewers were sent.

The server is a process of its own, and so are the viewers, which only read. Every campaign changes once a second.
What it costs without a viewer (taking the events in) is measured first and printed beside.
"""

import argparse
import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import aiohttp
import orjson
import psutil
from aiohttp import web

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from schemas.records import IncomingRecord
from schemas.settings import InventorySettings
from schemas.topics import INVENTORY, Topics
from web.app import web_app
from web.auth import Guard
from web.stream import Streams

SETTLE_S: Final = 5.0
MANY: Final = 10_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What live viewers cost.")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--campaigns", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, asked.campaigns))
    server.start()
    try:
        port = ours.recv()
        idle = asyncio.run(measured(server.pid or 0, port, 0, asked.seconds))
        busy = asyncio.run(measured(server.pid or 0, port, asked.viewers, asked.seconds))
    finally:
        server.kill()
        server.join()
    print(f"{asked.campaigns} campaigns, each changing once a second, {asked.seconds:.0f} s")
    print(f"without viewers: {idle[0]:.3f} cores, {idle[1]:.0f} MiB")
    print(f"{asked.viewers} viewers: {busy[0]:.3f} cores, {busy[1]:.0f} MiB, {busy[2]:.1f} MiB/s sent")


async def measured(pid: int, port: int, viewers: int, seconds: float) -> tuple[float, float, float]:
    """Cores, MiB of memory, and MiB a second that were read."""
    process = psutil.Process(pid)
    read = [0]
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        tasks = [asyncio.create_task(watch(session, port, read)) for _ in range(viewers)]
        await asyncio.sleep(SETTLE_S)
        before, read_before = process.cpu_times(), read[0]
        await asyncio.sleep(seconds)
        after, sent = process.cpu_times(), read[0] - read_before
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    used = after.user + after.system - before.user - before.system
    return used / seconds, process.memory_info().rss / 2**20, sent / seconds / 2**20


async def watch(session: aiohttp.ClientSession, port: int, read: list[int]) -> None:
    """One viewer."""
    async with session.get(f"http://127.0.0.1:{port}/api/stream") as answer:
        async for chunk in answer.content.iter_any():
            read[0] += len(chunk)


def serve(told: Connection, campaigns: int) -> None:
    """The process that is measured."""
    asyncio.run(serving(told, campaigns))


async def serving(told: Connection, campaigns: int) -> None:
    """Serve the API, and let every campaign change once a second."""
    topics = Topics("codes.")
    view = InventoryView(topics, "changelog")
    runner = web.AppRunner(web_app(Guard(InventorySettings()), Streams(view, Lags(), topics, MANY), Path("/-")))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    told.send(runner.addresses[0][1])
    version = 0
    while True:
        version += 1
        for number in range(campaigns):
            view.take(a_change(topics, f"campaign-{number}", version, view))
        await asyncio.sleep(1.0)


def a_change(topics: Topics, campaign_id: str, version: int, view: InventoryView) -> IncomingRecord:
    """One reserve of one code."""
    event = {
        "campaign_id": campaign_id,
        "code_type": "tm",
        "shard": "reserve.requests.v1.0",
        "version": version,
        "available": 1_000_000 - version,
        "reserved": version,
        "assigned": 0,
        "cause": "reserve",
        "changed_at": view.clock().isoformat(),
    }
    return IncomingRecord(topics.full(INVENTORY), 0, version, 0, None, orjson.dumps(event), ())


if __name__ == "__main__":
    main()
