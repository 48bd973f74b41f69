"""The local stack as a whole: start it, stop it, show its state.

In:       its folder (None: `CODES_DEV_DIR`, else `.stack` of the project).
Out:      a running Stack with the environment for other programs; or the state of each node.
Promise:  one stack per folder. A second `up` joins it, and restarts only nodes that died.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Unpack, cast

from devstack.addresses import database_uri, hosts
from devstack.engines import Engine
from devstack.errors import with_log
from devstack.folder import Layout, Report, layout_of, locked
from devstack.joining import Sizes, check_joinable
from devstack.ports import HOST
from devstack.s3 import REGION
from devstack.shape import PartName, Shape
from devstack.state import PartRecord, StateFile
from devstack.status import PartStatus, statuses
from devstack.stopping import stop_parts

ACCESS_KEY = "codes-dev"
"""moto accepts any key, but clients need one."""


FOR_SECANTUSD_PY: Final = {
    "CODES_MONGO__TRANSACTIONS_MAX": "1",
    "CODES_MONGO__ID_INDEX": "true",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "500",
}
"""It slows down under concurrent transactions, and the time of its look-ups grows with the square of the codes: 0.3 s
for 500, 4 s for 2,000, and longer than MongoDB's time-out for a whole chunk of 5,000."""


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    folder: Path
    parts: tuple[PartRecord, ...]
    """All nodes, in the order of the shape."""
    started_by_this_call: bool
    """Whether this call started a node. If not, another program may rely on all of them."""

    @property
    def database(self) -> Engine:
        """The engine behind MongoDB's protocol."""
        return cast("Engine", self.nodes_of("database")[0].engine)

    def nodes_of(self, part: PartName) -> list[PartRecord]:
        """The nodes of one part."""
        return [node for node in self.parts if node.part == part]

    def environment(self) -> dict[str, str]:
        """The variables that another program needs to use this stack."""
        [s3] = self.nodes_of("s3")
        variables = {
            "CODES_KAFKA__BOOTSTRAP_SERVERS": hosts(node.port for node in self.nodes_of("kafka")),
            "CODES_MONGO__URI": database_uri({node.name: node.port for node in self.nodes_of("database")}),
            "CODES_S3__ENDPOINT_URL": f"http://{HOST}:{s3.port}",
            "CODES_S3__REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }
        slow = FOR_SECANTUSD_PY if self.database == "secantusd-py" else {}
        return variables | slow


def _silent(_message: str) -> None:
    """Discard progress."""


def up(folder: Path | None = None, report: Report = _silent, **sizes: Unpack[Sizes]) -> Stack:
    """Start the stack: join the nodes that run, start the others.

    Runs an event loop of its own: from async code, call it with `asyncio.to_thread`.

    Args:
        folder: the stack's folder.
        report: gets progress: a line, or several with the log of a dead node.
        sizes: how many nodes there are. Stacks of different sizes have different data.

    Raises:
        StackError: a program is missing, a node died or did not answer, or the stack runs with other sizes. Nodes
            that this call started are stopped.
        KeyboardInterrupt: Ctrl-C was pressed. Nodes that this call started are stopped.
    """
    from devstack.starting import start_parts  # noqa: PLC0415 - its clients load slowly; only `up` needs them

    layout = layout_of(folder)
    with locked(layout, report):
        file = StateFile(layout.state)
        shape = check_joinable(file, sizes)
        _report_dead(file, report)
        missing = _make_room(file, shape)
        starting = start_parts(missing, layout, file, report)
        try:
            asyncio.run(starting)
        finally:
            starting.close()  # if Ctrl-C came before it began, Python would warn that it never ran
        return _stack(layout, file, started=bool(missing))


def _make_room(file: StateFile, shape: Shape) -> list[str]:
    """Stop nodes that an `up` that was killed left unfinished; returns the names of the nodes to start."""
    running = {node.name for node in statuses(file) if node.state == "running"}
    stop_parts([name for name in file.read().parts if name not in running], file)
    file.reshape(shape)
    return [name for name in shape.nodes if name not in running]


def down(folder: Path | None = None, wipe: bool = False, report: Report = _silent) -> list[str]:
    """Stop the nodes that run; returns their names. Data is kept unless `wipe`; S3 objects are lost.

    Raises:
        StackError: another command holds the lock, or the state file is unreadable.
    """
    layout = layout_of(folder)
    if not layout.root.exists():
        return []
    with locked(layout, report):
        file = StateFile(layout.state)
        stopped = stop_parts(file.read().parts, file, orderly=not wipe)  # data to be deleted need not be saved
        if wipe:
            layout.wipe()
    return stopped


def status(folder: Path | None = None) -> list[PartStatus]:
    """The state of each node, without starting or waiting."""
    return statuses(StateFile(layout_of(folder).state))


def current(folder: Path | None = None) -> Stack | None:
    """The running stack; None unless all of its nodes run and have answered."""
    layout = layout_of(folder)
    file = StateFile(layout.state)
    if any(node.state != "running" for node in statuses(file)):
        return None
    return _stack(layout, file, started=False)


def _stack(layout: Layout, file: StateFile, *, started: bool) -> Stack:
    state = file.read()
    return Stack(layout.root, tuple(state.parts[name] for name in state.shape.nodes), started_by_this_call=started)


def _report_dead(file: StateFile, report: Report) -> None:
    for node in statuses(file):
        if node.state == "dead":
            report(with_log(f"{node.name} had died", node.log_end))
