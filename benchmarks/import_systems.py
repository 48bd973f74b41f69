"""Three systems that load a file, each as a process of its own in a scene of its own.

In:   the running stack's environment, how many rows, how many other codes the campaign has before.
Out:  `Loaded`: how far it was at which moments, and what it took.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.codes_file import CAMPAIGN, KEY, content
from benchmarks.pace import Point
from benchmarks.scene import Scene, clear, empty_scene
from benchmarks.usage import Usage, usage
from schemas.topics import IMPORT, IMPORTS
from tests.integration.importing import Files, ends, some_files
from tests.integration.running import a_neighbour, running

PARTITIONS: Final = {IMPORT.name: 1, IMPORTS.name: 1}
PROGRESS_EVERY_S: Final = "1"
"""Often enough for an event or two per tenth of the rows; each costs the importer a Kafka transaction."""
SILENCE_MAX_S: Final = 60.0
"""A run without an event for this long has failed."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The results of one run."""

    points: list[Point]
    usage: Usage | None = None
    """Of the importer only: from ready to its end."""


async def load(system: str, stack: Mapping[str, str], rows: int, *, had: int = 0) -> Loaded:
    """Let a system load this many rows into a campaign that has `had` other codes."""
    async with import_scene(stack, rows) as (scene, files):
        await insert_codes(scene, rows, rows + had)
        return await SYSTEMS[system](scene, files, rows)


@asynccontextmanager
async def import_scene(stack: Mapping[str, str], rows: int) -> AsyncIterator[tuple[Scene, Files]]:
    """Topics, an empty database, and the object; removed afterwards."""
    scene = await empty_scene(stack, partitions=PARTITIONS)
    try:
        with some_files(scene.environment) as files:
            files.put(KEY, content(rows))
            yield scene, files
    finally:
        await clear(scene)


async def insert_many(scene: Scene, _files: Files, rows: int) -> Loaded:
    """See `benchmarks.insert_many`."""
    return Loaded(await insert_codes(scene, 0, rows))


async def row_by_row(scene: Scene, files: Files, _rows: int) -> Loaded:
    """See `benchmarks.row_by_row`."""
    return Loaded(await told_by("benchmarks.row_by_row", files.bucket, KEY, scene=scene))


async def importer(scene: Scene, files: Files, rows: int) -> Loaded:
    """A real `codes importer` with a real command; its progress events give the rate."""
    more = {"CODES_LOG__LEVEL": "INFO", "CODES_IMPORTER__PROGRESS_EVERY_S": PROGRESS_EVERY_S}
    with TemporaryDirectory() as folder:
        log = Path(folder) / "importer.log"
        async with (
            a_neighbour(scene.settings) as neighbour,
            running("importer", scene.environment, log, **more) as role,
        ):
            await role.until_ready()
            watch = asyncio.create_task(usage(role.pid))
            await neighbour.send(IMPORT, files.command(KEY, "import-1", campaign_id=CAMPAIGN))
            (end,) = await ends(neighbour, 1, timeout_s=SILENCE_MAX_S)
            role.signal(signal.SIGTERM)
            await role.ended()
            check_end(end, rows)
            return Loaded([point_of(event) for event in await neighbour.values(IMPORTS, 1)], await watch)


System = Callable[[Scene, Files, int], Awaitable[Loaded]]
SYSTEMS: Final[Mapping[str, System]] = {
    "insert_many": insert_many,
    "row_by_row": row_by_row,
    "importer": importer,
}


async def insert_codes(scene: Scene, start: int, stop: int) -> list[Point]:
    """Insert codes with these numbers directly into the database."""
    if start == stop:
        return []
    return await told_by("benchmarks.insert_many", str(start), str(stop), scene=scene)


async def told_by(module: str, *arguments: str, scene: Scene) -> list[Point]:
    """Run a module that prints its progress line by line.

    Raises:
        RuntimeError: it did not end well.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **scene.environment},
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return [Point(float(at_s), int(rows)) for at_s, rows in (line.split() for line in said.splitlines())]


def check_end(end: Mapping[str, Any], rows: int) -> None:
    """A rate is valid only if all rows were loaded.

    Raises:
        RuntimeError: the import failed, or did not insert every row.
    """
    if (end["state"], end["inserted"]) != ("completed", rows):
        raise RuntimeError(f"import {end['state']}, reason {end['reason']}, {end['inserted']} of {rows} inserted")


def point_of(event: Mapping[str, Any]) -> Point:
    """The progress of an import at one event."""
    return Point(datetime.fromisoformat(event["at"]).timestamp(), event["rows_read"])
