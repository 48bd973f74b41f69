"""What is known of the parts, in one JSON file that is replaced as a whole.

In:       records of parts that were started.
Out:      the same, also for the next program that asks; the ports a part had stay known after it stopped.
Promise:  a reader sees the file before or after a change, never half of one.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from devstack import processes
from devstack.errors import StackError

PartName = Literal["kafka", "database", "s3"]
PARTS: tuple[PartName, ...] = get_args(PartName)


class PartRecord(BaseModel):
    """One part that was started."""

    model_config = ConfigDict(frozen=True)

    name: PartName
    engine: str
    version: str
    pid: int
    born_at: float
    """When the process was born (Unix time): a pid alone may come to mean another process."""
    ports: dict[str, int]
    log: Path
    command: tuple[str, ...]
    ready: bool = False
    """Whether it has answered since it was started."""

    @property
    def who(self) -> processes.Identity:
        """Say which process this is."""
        return processes.Identity(self.pid, self.born_at)

    @property
    def is_running(self) -> bool:
        """Look whether its process is alive, ready or not."""
        return processes.is_running(self.who)

    @property
    def port(self) -> int:
        """Name the port that clients use: a part's first."""
        return next(iter(self.ports.values()))


class State(BaseModel):
    """All that the file holds."""

    model_config = ConfigDict(frozen=True)

    parts: dict[PartName, PartRecord] = {}
    ports: dict[PartName, dict[str, int]] = {}


class StateFile:
    """The file. Whoever writes it holds the folder's lock; anybody may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State:
        """Read all of it; nothing known is an empty state.

        Raises:
            StackError: the file is not one of ours. What it says about running parts is lost with it.
        """
        try:
            return State.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return State()
        except ValidationError as error:
            raise StackError(f"{self._path} is unreadable; end the parts by hand and remove it") from error

    def put(self, record: PartRecord) -> None:
        """Remember a part as it is now, and its ports for later."""
        state = self.read()
        parts = {**state.parts, record.name: record}
        self._write(State(parts=parts, ports={**state.ports, record.name: record.ports}))

    def forget(self, names: Iterable[PartName]) -> None:
        """Forget that these parts were started; their ports stay known."""
        state = self.read()
        gone = set(names)
        kept = {name: part for name, part in state.parts.items() if name not in gone}
        self._write(State(parts=kept, ports=state.ports))

    def _write(self, state: State) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(state.model_dump_json(indent=2) + "\n")
        fresh.replace(self._path)
