"""What every role's process does around its work: log, ops port, signals, exit.

In:       settings, and the role's work.
Out:      exit code 0 after SIGTERM or SIGINT; anything unforeseen ends the process with its traceback, uncommitted,
          and the orchestrator starts it again.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from consumers.failpoints import Failpoint, failpoint_from
from consumers.role import KafkaSide
from ops.health import Health
from ops.kafka import client_options
from ops.log import configure_logging
from ops.metrics import Metrics
from ops.observer import OpsObserver
from ops.server import ops_server
from ops.settings import Settings
from schemas.topics import Topics

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RoleContext:
    """What a role's work is given."""

    settings: Settings
    topics: Topics
    kafka: KafkaSide
    failpoint: Failpoint
    stopping: asyncio.Event
    """Set by SIGTERM or SIGINT."""


Work = Callable[[RoleContext], Awaitable[None]]


def run_role(name: str, settings: Settings, work: Work, *, consumes: bool) -> None:
    """Run a role until it is told to stop. `consumes`: it is given partitions by a group."""
    configure_logging(settings.log, role=name)
    asyncio.run(role(name, settings, work, consumes=consumes))


async def role(name: str, settings: Settings, work: Work, *, consumes: bool) -> None:
    """The process's one task: everything runs inside it."""
    stopping = asyncio.Event()
    metrics, health = Metrics(), Health(consumes=consumes)
    context = role_context(settings, OpsObserver(metrics, health), stopping)
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop, stopping, health)
    async with ops_server(settings.ops, metrics, health):
        health.started()
        log.info("started", guarantee=settings.processing_guarantee, prefix=settings.topics.prefix)
        await work(context)
    log.info("stopped", role=name)


def stop(stopping: asyncio.Event, health: Health) -> None:
    """Take no new work, finish what is under way."""
    log.info("stopping")
    health.stopping()
    stopping.set()


def role_context(settings: Settings, observer: OpsObserver, stopping: asyncio.Event) -> RoleContext:
    """Everything a role needs, made of the settings."""
    side = KafkaSide(
        connection=client_options(settings.kafka),
        settings=settings.kafka,
        guarantee=settings.processing_guarantee,
        limits=settings.worker,
        observer=observer,
    )
    return RoleContext(settings, Topics(settings.topics.prefix), side, failpoint_from(settings.failpoint), stopping)
