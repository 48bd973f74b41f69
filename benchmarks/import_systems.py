"""Three systems that load a file, each as a process of its own in a scene of its own.

In:   the running stack's environment, how many rows, how many other codes the campaign has before.
Out:  `Loaded`: how far it was at which moments, and what it took.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer

from benchmarks.filling import check, command, import_command, import_events, imported, uploaded
from benchmarks.load import CAMPAIGN
from benchmarks.pace import Point
from benchmarks.processes import SYSTEMS, output_of, running
from benchmarks.scene import Scene, clear, empty_scene
from benchmarks.usage import Usage, usage
from schemas.topics import IMPORT, IMPORTS

PARTITIONS: Final = {IMPORT.name: 1, IMPORTS.name: 1}
WARM: Final = "warm"
"""A campaign of one code, imported first: the importer's start is not measured."""
PROGRESS: Final = {"CODES_IMPORTER__PROGRESS_EVERY_S": "1"}
"""Often enough for an event or two per tenth of the rows; each costs the importer a Kafka transaction."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The results of one run."""

    points: list[Point]
    usage: Usage | None = None
    """Of the importer only: from its first import to its end."""


async def load(system: str, stack: Mapping[str, str], rows: int, *, had: int = 0) -> Loaded:
    """Let a system load this many rows into a campaign that has `had` other codes."""
    async with import_scene(stack) as scene:
        if had:
            await points_of(scene, "insert_many", str(rows), str(rows + had))
        return await LOADERS[system](scene, rows)


@asynccontextmanager
async def import_scene(stack: Mapping[str, str]) -> AsyncIterator[Scene]:
    """Topics and an empty database; removed afterwards."""
    scene = await empty_scene(stack, partitions=PARTITIONS)
    try:
        yield scene
    finally:
        await clear(scene)


async def insert_many(scene: Scene, rows: int) -> Loaded:
    """See `benchmarks.systems.insert_many`."""
    return Loaded(await points_of(scene, "insert_many", "0", str(rows)))


async def row_by_row(scene: Scene, rows: int) -> Loaded:
    """See `benchmarks.systems.row_by_row`."""
    async with uploaded(scene, {rows}) as (bucket, keys):
        return Loaded(await points_of(scene, "row_by_row", bucket, keys[rows]))


async def importer(scene: Scene, rows: int) -> Loaded:
    """A real `codes importer` with a real command; its progress events give the rate."""
    async with (
        uploaded(scene, {1, rows}) as (bucket, keys),
        import_events(scene) as events,
        running("importer", {**scene.environment, **PROGRESS}) as process,
    ):
        await imports_of(scene, events, [process], import_command(bucket, WARM, keys[1]), 1)
        watch = asyncio.create_task(usage(process.pid))
        seen = await imports_of(scene, events, [process], import_command(bucket, CAMPAIGN, keys[rows]), rows)
        process.terminate()
        return Loaded([point_of(event) for event in seen], await watch)


async def imports_of(
    scene: Scene,
    events: AIOKafkaConsumer,
    processes: Sequence[asyncio.subprocess.Process],
    body: Mapping[str, str],
    rows: int,
) -> list[dict[str, Any]]:
    """All events of one import; every row was inserted."""
    await command(scene, [body])
    seen = await imported(events, 1, processes)
    check([seen[-1]], {body["campaign_id"]: rows})
    return seen


Loader = Callable[[Scene, int], Awaitable[Loaded]]
LOADERS: Final[Mapping[str, Loader]] = {
    "insert_many": insert_many,
    "row_by_row": row_by_row,
    "importer": importer,
}


async def points_of(scene: Scene, system: str, *arguments: str) -> list[Point]:
    """Run a system that prints its progress line by line."""
    printed = await output_of(scene.environment, *SYSTEMS[system], *arguments)
    return [Point(float(at_s), int(rows)) for at_s, rows in (line.split() for line in printed.splitlines())]


def point_of(event: Mapping[str, Any]) -> Point:
    """The progress of an import at one event."""
    return Point(datetime.fromisoformat(event["at"]).timestamp(), event["rows_read"])
