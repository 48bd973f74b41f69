"""Where tests take Kafka, MongoDB and S3 from: the local stack, also with a sharded database, or containers.

In:       `CODES_TEST_STACK`: `local`, which is the default, `sharded` or `containers`.
Out:      `a_stack`: running, of the same type and with the same variables from all; `pause` and `resume`, for tests
          in which a part does not answer; `is_sharded`, for whoever migrates.
Promise:  what was started for the tests is stopped after them. Without Docker, or without the programs of a sharded
          database, the run ends with one line.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

import devstack
from devstack.folder import Layout, layout_of, locked
from devstack.shape import PartName

SOURCE: Final = "CODES_TEST_STACK"
LOCAL: Final = "local"
SHARDED: Final = "sharded"
CONTAINERS: Final = "containers"
SOURCES: Final = (LOCAL, SHARDED, CONTAINERS)
SHARDS: Final = 2
START: Final = Layout(layout_of(None).root / "start")
"""Of its lock: one process at a time starts its stack, so that only the first one fetches what is missing."""


def source() -> str:
    """Which of them.

    Raises:
        pytest.UsageError: there is no such source, or what it needs is missing. One line, and nothing is tested.
    """
    wanted = os.environ.get(SOURCE) or LOCAL
    if wanted not in SOURCES:
        raise pytest.UsageError(f"{SOURCE} is {wanted!r}; it may be {', '.join(SOURCES)}, or unset")
    if wanted == SHARDED and not (shutil.which("mongod") and shutil.which("mongos")):
        raise pytest.UsageError(f"{SOURCE}={SHARDED}, but there is no mongod, or no mongos, on the PATH")
    if wanted == CONTAINERS:
        from tests.containers.parts import why_not  # noqa: PLC0415  # Docker's client loads slowly

        reason = why_not()
        if reason:
            raise pytest.UsageError(f"{SOURCE}={CONTAINERS}, but Docker does not answer: {reason}")
    return wanted


def is_sharded() -> bool:
    """Whether the database is a sharded cluster, on which `codes migrate` shards the collections."""
    return source() == SHARDED


@contextmanager
def a_stack() -> Iterator[devstack.Stack]:
    """All three parts, from the source that is asked for."""
    if source() == CONTAINERS:
        from tests.containers.parts import in_containers  # noqa: PLC0415  # as above

        with in_containers() as stack:
            yield stack
    else:
        with on_this_machine() as stack:
            yield stack


@contextmanager
def on_this_machine() -> Iterator[devstack.Stack]:
    """The local stack; joined if it runs already, else started and stopped again."""
    with locked(START, print):
        stack = devstack.up(database_shards=SHARDS if is_sharded() else None)
    yield stack
    if stack.started_by_this_call:
        devstack.down()


def running() -> devstack.Stack:
    """The stack that this process's tests use."""
    if source() == CONTAINERS:
        from tests.containers.parts import running_stack  # noqa: PLC0415  # as above

        return running_stack()
    stack = devstack.current()
    assert stack is not None
    return stack


def pause(part: PartName) -> None:
    """Let a part be silent, like one behind a broken network."""
    if source() == CONTAINERS:
        from tests.containers.parts import container  # noqa: PLC0415  # as above

        container(part).pause()
    else:
        _signal(part, signal.SIGSTOP)


def resume(part: PartName) -> None:
    """Let it go on where it was."""
    if source() == CONTAINERS:
        from tests.containers.parts import container  # noqa: PLC0415  # as above

        container(part).unpause()
    else:
        _signal(part, signal.SIGCONT)


def _signal(part: PartName, how: signal.Signals) -> None:
    for node in running().nodes_of(part):
        os.kill(node.pid, how)
