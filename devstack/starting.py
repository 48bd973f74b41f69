"""Starting nodes: all missing nodes concurrently, and none left running if that fails.

In:       the layout and the state file, which has the stack's shape.
Out:      running nodes that answer, each recorded in the state file.
Promise:  after a failure or an interrupt, every node that this call started is stopped.
"""

import asyncio
import time
from collections.abc import Collection, Mapping

from devstack import database, kafka, processes, s3
from devstack.errors import PartFailedError
from devstack.folder import Layout, Report, begun_mark
from devstack.node_ports import ports_of
from devstack.recipe import Kind, Prepared, Recipe
from devstack.shape import PARTS, PartName
from devstack.state import PartRecord, StateFile
from devstack.stopping import stop_parts

KINDS: dict[PartName, Kind] = {"kafka": kafka.KIND, "database": database.KIND, "s3": s3.KIND}

READY_LIMIT_S = 90
READY_POLL_S = 0.1


async def start_parts(names: Collection[str], layout: Layout, file: StateFile, report: Report) -> None:
    """Start these nodes concurrently, and wait until each answers.

    Raises:
        StackError: a node could not be started; the others were stopped. The reason of the first failure.
    """
    try:
        async with asyncio.TaskGroup() as tasks:
            for part in PARTS:
                tasks.create_task(_start(part, names, layout, file, report))
    except BaseExceptionGroup as failures:
        stop_parts(names, file)
        raise _first(failures) from None
    except asyncio.CancelledError:
        stop_parts(names, file)
        raise


async def launch(
    part: PartName, names: Collection[str], layout: Layout, file: StateFile, report: Report
) -> tuple[Prepared, list[PartRecord]]:
    """Start these nodes of a part, and record them; they need not answer yet."""
    ports = ports_of(part, KINDS[part].ports, names, file.read())
    prepared = await KINDS[part].prepare(layout, ports, report)
    records = []
    for name in ports:
        if name in names:
            records.append(_launch(name, prepared.recipes[name], ports[name], layout))
            file.put(records[-1])
    return prepared, records


async def until_ready(recipe: Recipe, record: PartRecord) -> None:
    """Wait until a node answers.

    Raises:
        PartFailedError: it died, or gave no answer in `READY_LIMIT_S`.
    """
    deadline = time.monotonic() + READY_LIMIT_S
    while not await recipe.answers():
        if not record.is_running:
            raise PartFailedError(record.name, "died while starting", processes.log_end(record.log))
        if time.monotonic() > deadline:
            raise PartFailedError(record.name, f"gave no answer in {READY_LIMIT_S} s", processes.log_end(record.log))
        await asyncio.sleep(READY_POLL_S)


async def _start(part: PartName, names: Collection[str], layout: Layout, file: StateFile, report: Report) -> None:
    """Start a part's nodes.

    None of them counts as ready before all are, because an unfinished first start is undone for all of them.
    """
    if not set(names).intersection(file.read().shape.nodes_of(part)):
        return
    prepared, records = await launch(part, names, layout, file, report)
    async with asyncio.TaskGroup() as tasks:
        for record in records:
            tasks.create_task(until_ready(prepared.recipes[record.name], record))
    begun_mark(prepared.data).unlink(missing_ok=True)
    for record in records:
        file.put(record.model_copy(update={"ready": True}))
        report(f"{record.name}: ready on port {record.port}")


def _launch(name: str, recipe: Recipe, ports: Mapping[str, int], layout: Layout) -> PartRecord:
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
        ports=dict(ports),
        log=log,
        command=recipe.command,
    )


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure; those of one part's nodes are in a group of their own."""
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
