"""The demo from its start to its verdict.

In:       how much of everything; where to show it.
Out:      `Outcome`.
Promise:  however it ends, no process that it started is left, unless the stack was to be kept.
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
from cli.demo.interrupts import deferred
from cli.demo.roles import CREW, RoleFailed, Roles
from cli.demo.screen import Screen
from cli.demo.traffic import Size, Traffic
from cli.demo.watching import HEARD_TOPICS, Heard
from ops.broker.migrate import migrate
from ops.broker.reading import topic_reader
from ops.broker.topics import admin_client
from ops.settings.load import Settings, load_settings
from schemas.topics import ALL_TOPICS, Topics
from stores.mongo.removal import drop_database

READY_LIMIT_S: Final = 60.0
READY_POLL_S: Final = 0.1
NOT_OURS: Final = ("CODES_", "AWS_")
"""Variables that would lead the demo elsewhere than to the local stack."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went."""

    report: AuditReport
    heard: Heard
    troubles: tuple[str, ...]
    """What did not come in time, and roles that did not end well."""
    seconds: float
    environment: Mapping[str, str]
    """Where the run's topics and database are, for who keeps them."""

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to complain of."""
        return self.report.sound and not self.troubles


def run_demo(size: Size, screen: Screen, *, keep: bool) -> Outcome:
    """Start what is needed, play, audit, and stop what was started. With `keep` the stack and the data stay.

    Raises:
        StackError: the local stack cannot be started.
        RoleFailed: a role ended.
        KeyboardInterrupt: somebody ended the demo.
    """
    with screen.shown(), local_stack(screen, keep=keep) as stack:
        environment = own_environment(stack)
        with process_environment(environment), roles(stack.folder / "logs") as crew:
            return asyncio.run(play(environment, size, screen, crew, keep=keep))


@contextmanager
def local_stack(screen: Screen, *, keep: bool) -> Iterator[devstack.Stack]:
    """The stack, joined or started; stopped again if this run started it."""
    step = screen.step("the local stack")
    must_stop = devstack.current() is None
    try:
        stack = devstack.up(report=screen.say)
        must_stop = stack.started_by_this_call
        step.done()
        yield stack
    finally:
        if must_stop and not keep:
            with deferred():
                devstack.down()


@contextmanager
def roles(logs: Path) -> Iterator[Roles]:
    """The roles, to be started inside; none runs afterwards."""
    crew = Roles(logs)
    try:
        yield crew
    finally:
        with deferred():
            crew.stop()


def own_environment(stack: devstack.Stack) -> dict[str, str]:
    """Everything of this process's environment that does not lead elsewhere, and names of this run's own."""
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
    """Inside, this process has it: S3's client takes its credentials from nowhere else."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def play(environment: Mapping[str, str], size: Size, screen: Screen, crew: Roles, *, keep: bool) -> Outcome:
    """Migrate, start the roles, let the traffic run, stop the roles, audit."""
    settings = load_settings(environment)
    step = screen.step("topics and collections")
    await migrate(settings)
    step.done()
    crew.start(environment)
    traffic, texts = await played(settings, size, screen, crew)
    step = screen.step("the roles stop")
    ended_badly = await asyncio.to_thread(crew.stop)
    step.done()
    step = screen.step("the audit")
    report = audit(await read_history(settings, limits=Limits(), texts={**crew.texts(), **texts}))
    step.done()
    outcome = Outcome(report, traffic.heard, (*traffic.missing, *ended_badly), screen.seconds, environment)
    if outcome.is_good and not keep:
        await remove(settings)
    return outcome


async def played(settings: Settings, size: Size, screen: Screen, crew: Roles) -> tuple[Traffic, Mapping[str, str]]:
    """The traffic, and what metrics and reject reports say after it."""
    heard = Heard(Topics(settings.topics.prefix))
    bucket = settings.mongo.database
    async with listening(settings, heard):
        await until_ready(crew, screen)
        traffic = Traffic(settings, size, heard, screen, crew.check, bucket)
        await traffic.run()
        return traffic, {**await crew.metrics(), **await traffic.reject_reports()}


@asynccontextmanager
async def listening(settings: Settings, heard: Heard) -> AsyncIterator[None]:
    """Hear what comes from now on, inside."""
    topics = Topics(settings.topics.prefix)
    async with topic_reader(settings, [topics.full(topic) for topic in HEARD_TOPICS]) as reader:
        reader.start_at(await reader.ends())
        task = asyncio.create_task(heard.listen(reader))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def until_ready(crew: Roles, screen: Screen) -> None:
    """Wait for all roles.

    Raises:
        RoleFailed: one ended, or they are not ready in time.
    """
    step = screen.step("the roles", len(CREW))
    deadline_s = screen.seconds + READY_LIMIT_S
    while (ready := await crew.ready()) < len(CREW):
        if screen.seconds > deadline_s:
            raise RoleFailed(f"only {ready} of {len(CREW)} roles are ready after {READY_LIMIT_S:g} s")
        step.reached(ready)
        await asyncio.sleep(READY_POLL_S)
    step.done()


async def remove(settings: Settings) -> None:
    """Remove the run's topics and its database: on a stack that goes on, runs would pile up."""
    topics = Topics(settings.topics.prefix)
    async with admin_client(settings) as admin:
        await admin.delete_topics([topics.full(topic) for topic in ALL_TOPICS])
    await drop_database(settings.mongo)
