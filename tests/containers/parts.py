"""Kafka, MongoDB and S3 in containers, by testcontainers: the images and settings of docker-compose.yml.

Out:      `in_containers`: a running stack of the same type as the local one; `container`: a part, to be paused.
Promise:  the containers listen on 127.0.0.1 only, and are removed with their data at the end, also after a failure.
"""

import asyncio
import gc
import http.client
import time
import warnings
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, cast

import docker  # type: ignore[import-untyped]  # it has no types
from docker.errors import DockerException  # type: ignore[import-untyped]  # as above
from testcontainers.core.container import DockerContainer

import devstack
from devstack import kafka
from devstack.addresses import REPLICA_SET
from devstack.kafka_settings import QUICK
from devstack.ports import HOST, choose
from devstack.replica_set import member_answers
from devstack.shape import PARTS, PartName
from devstack.stack import ACCESS_KEY
from devstack.state import PartRecord
from tests.containers.composed import SERVICES, variables_of

KAFKA_INSIDE: Final = 9092
S3_INSIDE: Final = 7070
S3_FOLDER: Final = "/tmp/vgw"  # noqa: S108  # in the container: a folder that its image has
S3_VERSIONS: Final = "/var/tmp"  # noqa: S108  # as above
READY_LIMIT_S: Final = 120
READY_POLL_S: Final = 0.3
ANSWER_LIMIT_S: Final = 5
LOG_LINES: Final = 20

Answers = Callable[[int], Coroutine[Any, Any, bool]]

_started: dict[PartName, DockerContainer] = {}
_stacks: list[devstack.Stack] = []
"""At most one: that of this process's session."""


def why_not() -> str | None:
    """Why Docker cannot be used, on one line; None: it can."""
    with warnings.catch_warnings():
        # Docker's client leaves its socket open where nobody listens.
        warnings.simplefilter("ignore", ResourceWarning)
        reason = refusal()
        gc.collect()
    return reason


def refusal() -> str | None:
    """The same, in the client's words."""
    try:
        docker.from_env().close()
    except DockerException as error:
        return " ".join(str(error).split())
    return None


@contextmanager
def in_containers() -> Iterator[devstack.Stack]:
    """All three, ready.

    Raises:
        StackError: an image cannot be had; or a part ended, or gave no answer in `READY_LIMIT_S`, with the end of its
            log.
    """
    ports = choose(PARTS, {})
    with ExitStack() as entered:
        try:
            for name, part in made(ports).items():
                _started[name] = entered.enter_context(part)
        except DockerException as error:
            raise devstack.StackError(" ".join(str(error).split())) from None
        records = tuple(record(name, ports[name]) for name in PARTS)
        stack = devstack.Stack(Path.cwd(), records, started_by_this_call=True)
        _stacks[:] = [stack]
        yield stack


def running_stack() -> devstack.Stack:
    """The stack that was started."""
    [stack] = _stacks
    return stack


def container(part: PartName) -> Any:  # Docker's client has no types
    """What Docker's client knows of a part."""
    return _started[part].get_wrapped_container()


def made(ports: Mapping[PartName, int]) -> dict[PartName, DockerContainer]:
    """The containers, not yet started."""
    broker, mongo, s3 = (ports[name] for name in PARTS)
    quick = {f"KAFKA_{name.upper().replace('.', '_')}": str(value) for name, value in QUICK.items()}
    listening = {"KAFKA_ADVERTISED_LISTENERS": f"INSIDE://localhost:19092,HOST://{HOST}:{broker}"}
    keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": ACCESS_KEY}
    # A replica set is known by one address, inside and outside.
    mongod = [*SERVICES["mongo"]["command"], "--port", str(mongo)]
    return {
        "kafka": a_container("kafka", {**quick, **listening}, None, {KAFKA_INSIDE: broker}),
        "database": a_container("mongo", {}, mongod, {mongo: mongo}),
        "s3": a_container("s3", keys, ["posix", "--versioning-dir", S3_VERSIONS, S3_FOLDER], {S3_INSIDE: s3}),
    }


def a_container(
    service: str, more: Mapping[str, str], command: list[str] | None, ports: Mapping[int, int]
) -> DockerContainer:
    """One as docker-compose.yml has it, with ports of its own and no volume that outlives it."""
    variables = {**variables_of(service), **more}
    container = DockerContainer(SERVICES[service]["image"], command=cast("Any", command), env=variables)
    cast("Any", container.ports).update({str(inside): (HOST, outside) for inside, outside in ports.items()})
    return container


def record(name: PartName, port: int) -> PartRecord:
    """A part that answers, as the local stack would know it."""
    until_ready(name, port)
    wrapped = container(name)
    return PartRecord(
        name=name,
        engine="mongod" if name == "database" else name,
        version=wrapped.attrs["Config"]["Image"],
        pid=wrapped.attrs["State"]["Pid"],
        born_at=time.time(),
        ports={"server": port},
        log=Path(wrapped.attrs["LogPath"]),
        command=(),
        ready=True,
    )


def until_ready(name: PartName, port: int) -> None:
    """Wait for the first answer. Raises PartFailedError."""
    wrapped, deadline = container(name), time.monotonic() + READY_LIMIT_S
    while not asyncio.run(ANSWERS[name](port)):
        wrapped.reload()
        if wrapped.status != "running" or time.monotonic() > deadline:
            said = wrapped.logs(tail=LOG_LINES).decode(errors="replace").splitlines()
            raise devstack.PartFailedError(name, f"gave no answer, and is {wrapped.status}", said)
        time.sleep(READY_POLL_S)
    wrapped.reload()


async def s3_answers(port: int) -> bool:
    """Whether S3's health check passes."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", SERVICES["s3"]["environment"]["VGW_HEALTH"])
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def mongod_answers(port: int) -> bool:
    """Whether the replica set of one member accepts writes."""
    return await member_answers(port, REPLICA_SET, [port])


ANSWERS: Final[Mapping[PartName, Answers]] = {
    "kafka": kafka.answers,
    "database": mongod_answers,
    "s3": s3_answers,
}
