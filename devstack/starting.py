"""Starting parts: all missing parts concurrently, and none left running if that fails.

In:       the layout and the state file.
Out:      running parts that answer, each recorded in the state file.
Promise:  after a failure or an interrupt, every part that this call started is stopped.
"""

import asyncio
import time
from collections.abc import Collection

from devstack import database, kafka, processes, s3
from devstack.errors import PartFailedError
from devstack.folder import Layout, Report, begun_mark
from devstack.ports import choose
from devstack.recipe import Kind, Recipe
from devstack.state import PartName, PartRecord, StateFile
from devstack.stopping import stop_parts

KINDS: dict[PartName, Kind] = {"kafka": kafka.KIND, "database": database.KIND, "s3": s3.KIND}

READY_LIMIT_S = 90
READY_POLL_S = 0.1


async def start_parts(names: Collection[PartName], layout: Layout, file: StateFile, report: Report) -> None:
    """Start these parts concurrently, and wait until each answers.

    Raises:
        StackError: a part could not be started; the others were stopped. The reason of the first failure.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(_start(name, layout, file, report))
    except BaseExceptionGroup as failures:
        stop_parts(names, file)
        raise failures.exceptions[0] from None
    except asyncio.CancelledError:
        stop_parts(names, file)
        raise


async def _start(name: PartName, layout: Layout, file: StateFile, report: Report) -> None:
    kind = KINDS[name]
    ports = choose(kind.ports, file.read().ports.get(name, {}))
    recipe = await kind.prepare(layout, ports, report)
    record = _launch(name, recipe, ports, layout)
    file.put(record)
    await _until_ready(recipe, record)
    begun_mark(recipe.folder).unlink(missing_ok=True)
    file.put(record.model_copy(update={"ready": True}))
    report(f"{name}: ready on port {record.port}")


def _launch(name: PartName, recipe: Recipe, ports: dict[str, int], layout: Layout) -> PartRecord:
    log = layout.log(name)
    who = processes.start(recipe.command, log=log, folder=recipe.folder, environment=recipe.environment)
    if who is None:
        raise PartFailedError(name, "ended as soon as it was started", processes.log_end(log))
    return PartRecord(
        name=name,
        engine=recipe.engine,
        version=recipe.version,
        pid=who.pid,
        born_at=who.born_at,
        ports=ports,
        log=log,
        command=recipe.command,
    )


async def _until_ready(recipe: Recipe, record: PartRecord) -> None:
    deadline = time.monotonic() + READY_LIMIT_S
    while not await recipe.answers():
        if not record.is_running:
            raise PartFailedError(record.name, "died while starting", processes.log_end(record.log))
        if time.monotonic() > deadline:
            raise PartFailedError(record.name, f"gave no answer in {READY_LIMIT_S} s", processes.log_end(record.log))
        await asyncio.sleep(READY_POLL_S)
