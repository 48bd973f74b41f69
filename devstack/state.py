"""The state of the nodes, in one JSON file that is replaced as a whole.

In:       the stack's shape, and records of nodes that were started.
Out:      the same records for any later program; ports are remembered after a node stops.
Promise:  a reader sees the file before or after a change, never half of one.
"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from devstack import processes
from devstack.errors import StackError
from devstack.shape import NodeKind, PartName, Shape, kind_of, part_of


class PartRecord(BaseModel):
    """One node that was started: one process. A part has one node or several."""

    model_config = ConfigDict(frozen=True)

    name: str
    """The node's name (`Shape.nodes`)."""
    engine: str
    version: str
    pid: int
    born_at: float
    """Start time of the process (Unix time), because a pid may be reused."""
    ports: dict[str, int]
    log: Path
    command: tuple[str, ...]
    ready: bool = False
    """Whether it has answered since its start."""

    @property
    def part(self) -> PartName:
        """The part that it belongs to."""
        return part_of(self.name)

    @property
    def kind(self) -> NodeKind:
        """What it does in its part."""
        return kind_of(self.name)

    @property
    def who(self) -> processes.Identity:
        """The process."""
        return processes.Identity(self.pid, self.born_at)

    @property
    def is_running(self) -> bool:
        """Whether its process runs, ready or not."""
        return processes.is_running(self.who)

    @property
    def port(self) -> int:
        """The port that clients use: a node's first."""
        return next(iter(self.ports.values()))


class State(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(frozen=True)

    shape: Shape = Shape()
    """Of the nodes in `parts`; the default while there are none."""
    parts: dict[str, PartRecord] = {}
    ports: dict[str, dict[str, int]] = {}


class StateFile:
    """The file. A writer holds the folder's lock; reading needs no lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State:
        """The state; empty if there is no file.

        Raises:
            StackError: the file has another format. Its knowledge of running parts is lost.
        """
        try:
            return State.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return State()
        except ValidationError as error:
            raise StackError(f"{self._path} is unreadable; end the parts by hand and remove it") from error

    def put(self, record: PartRecord) -> None:
        """Save the state of a node, and its ports for later."""
        state = self.read()
        parts = {**state.parts, record.name: record}
        ports = {**state.ports, record.name: record.ports}
        self._write(State(shape=state.shape, parts=parts, ports=ports))

    def reshape(self, shape: Shape) -> None:
        """Save the shape of the nodes that will be started."""
        self._write(self.read().model_copy(update={"shape": shape}))

    def forget(self, names: Iterable[str]) -> None:
        """Remove the records of these nodes; keep their ports."""
        state = self.read()
        gone = set(names)
        kept = {name: part for name, part in state.parts.items() if name not in gone}
        self._write(State(shape=state.shape if kept else Shape(), parts=kept, ports=state.ports))

    def _write(self, state: State) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(state.model_dump_json(indent=2) + "\n")
        fresh.replace(self._path)
