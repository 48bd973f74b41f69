"""Runs the demo on the local stack, from start to audit.

In:       the size of the demo, and a screen for its progress.
Out:      `Outcome`.
Promise:  however it ends, it leaves none of its processes running, except the stack with `keep`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

import devstack
from audit.audit import audit
from audit.reading import Limits, read_history
from audit.report import AuditReport
from cli.demo.interrupts import ignored
from cli.demo.roles import CREW, RoleFailed, Roles
from cli.demo.screen import Screen
from cli.demo.traffic import Size, Traffic
from cli.demo.watching import WATCHED_TOPICS, Received
from cli.interrupts import run
from ops.broker.migrate import migrate
from ops.broker.reading import topic_reader
from ops.broker.topics import admin_client
from ops.settings.load import Settings, load_settings
from schemas.topics import ALL_TOPICS, INTERNAL_TOPICS, Topics
from stores.mongo.removal import drop_database

READY_LIMIT_S: Final = 60.0
READY_POLL_S: Final = 0.1
NOT_OURS: Final = ("CODES_", "AWS_")
"""Prefixes of variables that could point the demo to another stack than the local one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    report: AuditReport
    received: Received
    troubles: tuple[str, ...]
    """Answers that did not come in time, and roles that failed to end."""
    seconds: float
    environment: Mapping[str, str]
    """Variables that name the run's topics and database, for use with `--keep`."""

    @property
    def is_good(self) -> bool:
        return self.report.sound and not self.troubles


def run_demo(size: Size, screen: Screen, *, keep: bool) -> Outcome:
    """Start stack and roles, run the traffic, audit, and stop them. With `keep` the stack and the data stay.

    Raises:
        StackError: the local stack cannot be started.
        RoleFailed: a role ended.
        KeyboardInterrupt: the demo was interrupted.
    """
    with screen.shown(), local_stack(screen, keep=keep) as stack:
        environment = own_environment(stack)
        with process_environment(environment), roles(stack.folder / "logs") as crew:
            return run(play(environment, size, screen, crew, keep=keep), clean_up_s=None)


@contextmanager
def local_stack(screen: Screen, *, keep: bool) -> Iterator[devstack.Stack]:
    """The local stack: joined if it runs already, otherwise started, and stopped at the end."""
    step = screen.step("start the local stack")
    must_stop = devstack.current() is None
    try:
        stack = devstack.up(report=screen.say)
        must_stop = stack.started_by_this_call
        step.done()
        yield stack
    finally:
        if must_stop and not keep:
            with ignored():
                devstack.down()


@contextmanager
def roles(logs: Path) -> Iterator[Roles]:
    """The roles. The caller starts them in this context; none runs afterwards."""
    crew = Roles(logs)
    try:
        yield crew
    finally:
        with ignored():
            crew.stop()


def own_environment(stack: devstack.Stack) -> dict[str, str]:
    """This process's environment without the variables of other stacks, and with the names of this run."""
    name = f"demo-{token_hex(4)}"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(NOT_OURS)}
    return {
        **inherited,
        **stack.environment(),
        "CODES_TOPICS__PREFIX": f"{name}.",
        "CODES_KAFKA__GROUP_PREFIX": f"{name}-",
        "CODES_MONGO__DATABASE": name,
    }


@contextmanager
def process_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """In this context `os.environ` is this environment: the S3 client reads its credentials only from there."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def play(environment: Mapping[str, str], size: Size, screen: Screen, crew: Roles, *, keep: bool) -> Outcome:
    """Migrate, start the roles, run the traffic, stop the roles, audit."""
    settings = load_settings(environment)
    step = screen.step("create topics and collections")
    await migrate(settings)
    step.done()
    crew.start(environment)
    traffic, texts = await run_traffic(settings, size, screen, crew)
    step = screen.step("stop the roles")
    ended_badly = await asyncio.to_thread(crew.stop)
    step.done()
    step = screen.step("audit")
    report = audit(await read_history(settings, limits=Limits(), texts={**crew.texts(), **texts}))
    step.done()
    outcome = Outcome(report, traffic.received, (*traffic.missing, *ended_badly), screen.seconds, environment)
    if outcome.is_good and not keep:
        await remove(settings)
    return outcome


async def run_traffic(
    settings: Settings, size: Size, screen: Screen, crew: Roles
) -> tuple[Traffic, Mapping[str, str]]:
    """Run the traffic. Returns it with the metrics and reject reports after it."""
    received = Received(Topics(settings.topics.prefix))
    bucket = settings.mongo.database
    async with listening(settings, received):
        await until_ready(crew, screen)
        traffic = Traffic(settings, size, received, screen, crew.check, bucket)
        await traffic.run()
        return traffic, {**await crew.metrics(), **await traffic.reject_reports()}


@asynccontextmanager
async def listening(settings: Settings, received: Received) -> AsyncIterator[None]:
    """In this context, collect the records that are written from now on."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(topic) for topic in WATCHED_TOPICS]) as reader:
        reader.start_at(await reader.ends())
        task = asyncio.create_task(received.listen(reader))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until_ready(crew: Roles, screen: Screen) -> None:
    """Wait until all roles are ready.

    Raises:
        RoleFailed: a role ended, or is not ready in time.
    """
    step = screen.step("start the roles", len(CREW))
    deadline_s = screen.seconds + READY_LIMIT_S
    while (ready := await crew.ready()) < len(CREW):
        if screen.seconds > deadline_s:
            raise RoleFailed(f"only {ready} of {len(CREW)} roles are ready after {READY_LIMIT_S:g} s")
        step.reached(ready)
        await asyncio.sleep(READY_POLL_S)
    step.done()


async def remove(settings: Settings) -> None:
    """Remove the run's topics and its database, so that they do not accumulate on a stack that keeps running."""
    topics = Topics(settings.topics.prefix)
    async with admin_client(settings) as admin:
        await admin.delete_topics([topics.full(topic) for topic in (*ALL_TOPICS, *INTERNAL_TOPICS)])
    await drop_database(settings.mongo)
