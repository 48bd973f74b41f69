"""Several databases at once, beside the stack's own: a node, and clusters of two and more shards.

In:       the numbers of shards; a `mongod` and a `mongos` on the PATH.
Out:      a stage for each, on the same Kafka.
Promise:  what was started is ended.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.stage import Stage
from devstack.addresses import database_uri
from devstack.folder import Layout
from devstack.shape import Shape
from devstack.starting import start_parts
from devstack.state import StateFile
from devstack.stopping import stop_parts


@asynccontextmanager
async def databases(stage: Stage, shards: Sequence[int]) -> AsyncIterator[dict[int, Stage]]:
    """Start them; they are ended, and their data removed, at the end."""
    with tempfile.TemporaryDirectory() as folder:
        layouts = {count: Layout(Path(folder) / str(count)) for count in shards}
        try:
            yield {count: await started(stage, count, layout) for count, layout in layouts.items()}
        finally:
            for layout in layouts.values():
                file = StateFile(layout.state)
                await asyncio.to_thread(stop_parts, list(file.read().parts), file)


async def started(stage: Stage, count: int, layout: Layout) -> Stage:
    """The stage with a database of this number of shards."""
    layout.root.mkdir()
    file, shape = StateFile(layout.state), Shape(database_shards=count)
    file.reshape(shape)
    await start_parts(list(shape.nodes_of("database")), layout, file, lambda _: None)
    parts = file.read().parts
    uri = database_uri({name: record.port for name, record in parts.items()})
    return stage.on(uri, [record.pid for record in parts.values()])
