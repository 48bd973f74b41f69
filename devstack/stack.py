"""The local stack as a whole: start it, stop it, show its state.

In:       its folder (None: `CODES_DEV_DIR`, else `.stack` of the project).
Out:      a running Stack with the environment for other programs; or the state of each part.
Promise:  one stack per folder. A second `up` joins it, and restarts only parts that died.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from pydantic import BaseModel, ConfigDict

from devstack import processes
from devstack.classpath import wanted_version
from devstack.engines import Engine, forced, uri
from devstack.errors import StackError, with_log
from devstack.folder import Layout, Report, layout_of, locked
from devstack.ports import HOST
from devstack.s3 import REGION
from devstack.state import PARTS, PartName, PartRecord, StateFile
from devstack.stopping import stop_parts

ACCESS_KEY = "codes-dev"
"""moto accepts any key, but clients need one."""


class PartStatus(BaseModel):
    """The state of one part."""

    model_config = ConfigDict(frozen=True)

    name: PartName
    state: Literal["running", "starting", "stopped", "dead"]
    """`dead`: it was started, was not stopped, and no longer runs."""
    engine: str | None = None
    version: str | None = None
    pid: int | None = None
    port: int | None = None
    log: Path | None = None
    log_end: list[str] = []
    """The last lines of a dead part."""


FOR_SECANTUSD_PY: Final = {"CODES_MONGO__TRANSACTIONS_MAX": "1", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "500"}
"""It slows down under concurrent transactions, and the time of its look-ups grows with the square of the codes: 0.3 s
for 500, 4 s for 2,000, and longer than MongoDB's time-out for a whole chunk of 5,000."""


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    folder: Path
    parts: tuple[PartRecord, ...]
    started_by_this_call: bool
    """Whether this call started a part. If not, another program may rely on all of them."""

    @property
    def database(self) -> Engine:
        """The engine behind MongoDB's protocol."""
        return cast("Engine", self._part("database").engine)

    def environment(self) -> dict[str, str]:
        """The variables that another program needs to use this stack."""
        variables = {
            "CODES_KAFKA__BOOTSTRAP_SERVERS": f"{HOST}:{self._part('kafka').port}",
            "CODES_MONGO__URI": uri(self._part("database").port),
            "CODES_S3__ENDPOINT_URL": f"http://{HOST}:{self._part('s3').port}",
            "CODES_S3__REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
        }
        slow = FOR_SECANTUSD_PY if self.database == "secantusd-py" else {}
        return variables | slow

    def _part(self, name: PartName) -> PartRecord:
        return next(part for part in self.parts if part.name == name)


def _silent(_message: str) -> None:
    """Discard progress."""


def up(folder: Path | None = None, report: Report = _silent) -> Stack:
    """Start the stack: join the parts that run, start the others.

    Runs an event loop of its own: from async code, call it with `asyncio.to_thread`.

    Args:
        folder: the stack's folder.
        report: gets progress: a line, or several with the log of a dead part.

    Raises:
        StackError: a part is missing, died or did not answer. Parts that this call started are stopped.
        KeyboardInterrupt: Ctrl-C was pressed. Parts that this call started are stopped.
    """
    from devstack.starting import start_parts  # noqa: PLC0415 - its clients load slowly; only `up` needs them

    layout = layout_of(folder)
    with locked(layout, report):
        file = StateFile(layout.state)
        _check_engine(file)
        _check_kafka(file)
        _report_dead(file, report)
        missing = [part.name for part in _statuses(file) if part.state != "running"]
        stop_parts(missing, file)  # a part still starting was left by an `up` that was killed
        asyncio.run(start_parts(missing, layout, file, report))
        return _stack(layout, file, started=bool(missing))


def down(folder: Path | None = None, wipe: bool = False, report: Report = _silent) -> list[str]:
    """Stop the parts that run; returns their names. Data is kept unless `wipe`; S3 objects are lost.

    Raises:
        StackError: another command holds the lock, or the state file is unreadable.
    """
    layout = layout_of(folder)
    if not layout.root.exists():
        return []
    with locked(layout, report):
        stopped = stop_parts(PARTS, StateFile(layout.state))
        if wipe:
            layout.wipe()
    return stopped


def status(folder: Path | None = None) -> list[PartStatus]:
    """The state of each part, without starting or waiting."""
    return _statuses(StateFile(layout_of(folder).state))


def current(folder: Path | None = None) -> Stack | None:
    """The running stack; None unless all of its parts run and have answered."""
    layout = layout_of(folder)
    file = StateFile(layout.state)
    if any(part.state != "running" for part in _statuses(file)):
        return None
    return _stack(layout, file, started=False)


def _stack(layout: Layout, file: StateFile, *, started: bool) -> Stack:
    return Stack(layout.root, tuple(file.read().parts.values()), started_by_this_call=started)


def _check_engine(file: StateFile) -> None:
    wanted, record = forced(), file.read().parts.get("database")
    if wanted and record and record.is_running and record.engine != wanted:
        raise StackError(f"the stack runs {record.engine}, not {wanted}; stop it first: codes dev down")


def _check_kafka(file: StateFile) -> None:
    wanted, record = wanted_version(), file.read().parts.get("kafka")
    if record and record.is_running and record.version != wanted:
        raise StackError(f"the stack runs Kafka {record.version}, not {wanted}; stop it first: codes dev down")


def _report_dead(file: StateFile, report: Report) -> None:
    for part in _statuses(file):
        if part.state == "dead":
            report(with_log(f"{part.name} had died", part.log_end))


def _statuses(file: StateFile) -> list[PartStatus]:
    state = file.read()
    return [_status(name, state.parts.get(name)) for name in PARTS]


def _status(name: PartName, record: PartRecord | None) -> PartStatus:
    if record is None:
        return PartStatus(name=name, state="stopped")
    running = record.is_running
    return PartStatus(
        name=name,
        state=("running" if record.ready else "starting") if running else "dead",
        engine=record.engine,
        version=record.version,
        pid=record.pid,
        port=record.port,
        log=record.log,
        log_end=[] if running else processes.log_end(record.log),
    )
