"""Whether a command may join a running stack: one stack has one shape, one engine and one version of Kafka.

In:       the state file, the environment, the wanted numbers of nodes.
Out:      the shape to start, or an error that says what to do.
"""

from typing import TypedDict

from devstack.classpath import wanted_version
from devstack.engines import forced
from devstack.errors import StackError
from devstack.shape import Shape
from devstack.state import PartRecord, StateFile


class Sizes(TypedDict, total=False):
    """Numbers of nodes. What is left out is as in the stack that runs or has died; in a new stack, one node."""

    brokers: int | None
    database_nodes: int | None
    database_shards: int | None


def check_joinable(file: StateFile, sizes: Sizes) -> Shape:
    """The shape of the stack to start or join.

    Raises:
        StackError: another shape, engine or version runs.
    """
    state = file.read()
    shape = Shape.model_validate({**state.shape.model_dump(), **{k: v for k, v in sizes.items() if v is not None}})
    running = [record for record in state.parts.values() if record.is_running]
    if running and shape != state.shape:
        raise _stop_first(f"with {state.shape.options}", f"with {shape.options}")
    _check_engine(running)
    _check_kafka(running)
    return shape


def _check_engine(running: list[PartRecord]) -> None:
    wanted = forced()
    for record in running:
        if wanted and record.part == "database" and record.kind != "router" and record.engine != wanted:
            raise _stop_first(record.engine, wanted)


def _check_kafka(running: list[PartRecord]) -> None:
    wanted = wanted_version()
    for record in running:
        if record.part == "kafka" and record.version != wanted:
            raise _stop_first(f"Kafka {record.version}", wanted)


def _stop_first(runs: str, wanted: str) -> StackError:
    return StackError(f"the stack runs {runs}, not {wanted}; stop it first: codes dev down")
