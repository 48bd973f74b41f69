"""What every role's process has besides its work: log, ops port, signals, exit.

In:       settings, and the role's work.
Out:      exit code 0 after SIGTERM, 130 after SIGINT; anything unforeseen ends the process with its traceback,
          uncommitted, and the orchestrator starts it again.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, cast

import structlog
from prometheus_client.registry import Collector

from consumers.loop.codecs import check_codecs
from consumers.loop.failpoints import Failpoint, failpoint_from
from consumers.loop.retry import convert_stray_cancellation
from consumers.loop.serving import KafkaSide
from consumers.loop.tracing import Tracer
from ops.broker.client import client_options
from ops.broker.door import door_of
from ops.exit_codes import Exit
from ops.settings.load import Settings
from ops.telemetry.answer_times import AnswerTimes
from ops.telemetry.collectors import ProgressCollector, StockCollector
from ops.telemetry.health import Health, silence_max_s
from ops.telemetry.heartbeat import Heart, Probes, beating
from ops.telemetry.log import configure_logging
from ops.telemetry.loop_lag import measured_loop
from ops.telemetry.metric_spec import Known
from ops.telemetry.metrics import ROLE_SPECS
from ops.telemetry.metrics.process import LOOP_LAG
from ops.telemetry.observer import OpsObserver
from ops.telemetry.ops_port import ops_server
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from ops.telemetry.tracing import open_tracer
from ops.webhooks.targets import targets_of
from roles.refused import until_refused
from schemas.errors import CodeServiceError
from schemas.health import RoleName
from schemas.observation.answers import AnswersVisible
from schemas.topics import HEALTH, IMPORT, INVENTORY, REQUEST_TOPICS, Topics, TopicSpec
from stores.code_port import StockFigures

GRACE_S: Final = 5.0
"""Beyond the budget of a batch: for closing clients."""
CUT_SHORT_S: Final = 3.0
"""For what is cut short after that."""
EXIT_S: Final = 1.5
"""For the interpreter's exit, which joins the driver's threads. One that waits for a database would keep the process
for up to `mongo.timeout_ms`. With the longest stop budget (20 s), a role ends within 30 s."""
GARBAGE_THRESHOLDS: Final = (50_000, 20, 20)
"""Values more than there were, before they are looked through; a batch of 500 makes some ten thousand."""
WORKER: Final = "worker"
INVENTORY_ROLE: Final = "inventory"
SERVED: Final[Mapping[str, tuple[TopicSpec, ...]]] = {
    WORKER: REQUEST_TOPICS,
    "importer": (IMPORT,),
    INVENTORY_ROLE: (INVENTORY,),
}
"""Topics whose partitions a role serves."""
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
    stock: StockFigures
    """Counted by the stores, read by metrics."""
    compute: Callable[[Collector], None]
    """Have metrics of the role's own worked out at each scrape."""
    probes: Probes = field(default_factory=dict)
    """How the heartbeats ask the parts that the role uses; the role adds them."""


Work = Callable[[RoleContext], Coroutine[Any, Any, None]]


def run_role(name: str, settings: Settings, work: Work, *, consumes: bool) -> None:
    """Run a role until SIGTERM or SIGINT. `consumes`: it is given partitions by a group.

    Raises:
        CodeServiceError: one that we know, of which the command line makes one line.
    """
    configure_logging(settings.log, role=name)
    check_codecs()
    collect_garbage_less_often()
    with asyncio.Runner() as runner:  # its end joins the loop's threads, so the time limit starts before it
        try:
            exit_code = runner.run(role(name, settings, work, consumes=consumes))
        except CodeServiceError:
            raise
        except Exception:  # what is unforeseen ends the process; its traceback goes through the masks, not to stderr
            log.exception("crashed")
            leave_within(EXIT_S, Exit.FAILED)
            sys.exit(Exit.FAILED)
        leave_within(EXIT_S, exit_code)
    if exit_code is not Exit.OK:
        sys.exit(exit_code)


def collect_garbage_less_often() -> None:
    """What was imported stays, and need not be looked through; a batch's many values go by themselves.

    Measured on decisions and outputs alone: about an eighth less time than with Python's own thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


async def role(name: str, settings: Settings, work: Work, *, consumes: bool) -> Exit:
    """The process's one task: everything runs inside it. Returns the exit code."""
    stopping, received = asyncio.Event(), set[signal.Signals]()
    metrics, progress, stock = Metrics(name, known_labels(name, settings), ROLE_SPECS), Progress(), StockFigures()
    metrics.compute(ProgressCollector(progress))
    metrics.compute(StockCollector(stock))
    if name == WORKER:
        times = AnswerTimes(settings.objective)
        metrics.tally(AnswersVisible, times.take, times)
    health = Health(
        consumes=consumes, is_idle=progress.is_idle, silence_max_s=silence_max_s(settings.mongo.timeout_ms)
    )
    observer = OpsObserver(metrics, health, progress)

    async def traced_work() -> None:
        async with open_tracer(settings.otel, role=name) as tracer:
            context = role_context(settings, observer, tracer, stopping, stock, metrics.compute)
            heart = Heart(cast("RoleName", name), context.topics.full(HEALTH), health, context.probes)
            async with beating(heart, context.kafka.connection):
                await until_refused(work(context), door_of(context.kafka.connection))

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop, stopping, health, received.add, number)
    async with ops_server(settings.ops, metrics, health), measured_loop(metrics[LOOP_LAG].observe):
        health.started()
        log.info("started", guarantee=settings.processing_guarantee, prefix=settings.topics.prefix)
        await until_stopped(traced_work(), stopping, settings.worker.stop_budget_s + GRACE_S)
    log.info("stopped", role=name)
    return Exit.INTERRUPTED if signal.SIGINT in received else Exit.OK


def known_labels(role: str, settings: Settings) -> Known:
    """The labels that a role's metrics have from the start."""
    topics = Topics(settings.topics.prefix)
    return Known(
        topics=tuple(topics.full(topic) for topic in SERVED.get(role, ())),
        reply_topics=settings.topics.reply_allowed if role == WORKER else (),
        webhooks=receivers(settings) if role == INVENTORY_ROLE else (),
    )


def receivers(settings: Settings) -> tuple[str, ...]:
    """Names of the receivers of webhooks."""
    return tuple(target.name for target in targets_of(settings.webhooks.targets))


async def until_stopped(work: Coroutine[Any, Any, None], stopping: asyncio.Event, budget_s: float) -> None:
    """Do the work; once `stopping` is set, give it the budget to end, then cut it short.

    What is cut short is safe: nothing is committed that is not written, and the next owner reads it again. A client
    that cannot even be closed, because its server is unavailable, must not keep the process.
    """
    task = asyncio.create_task(work)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not await has_ended(task, budget_s):
        log.warning("cut_short")
        task.cancel()
        if not await has_ended(task, CUT_SHORT_S):
            leave_at_once()
        if task.cancelled():
            return
    await convert_stray_cancellation(task)


async def has_ended(task: asyncio.Task[None], timeout_s: float) -> bool:
    """Whether a task ends in time."""
    _, late = await asyncio.wait({task}, timeout=timeout_s)
    return not late


def leave_at_once() -> NoReturn:
    """End the process without closing anything."""
    log.warning("left_open")
    end_process(Exit.OK)


def leave_within(seconds: float, exit_code: int) -> None:
    """End the process if it has not ended by then; a daemon thread runs on while the interpreter joins others."""
    timer = threading.Timer(seconds, end_process, (exit_code,))
    timer.daemon = True
    timer.start()


def end_process(exit_code: int) -> NoReturn:
    """Without joining a thread."""
    sys.stdout.flush()
    os._exit(exit_code)


def stop(
    stopping: asyncio.Event,
    health: Health,
    note: Callable[[signal.Signals], None],
    number: signal.Signals,
) -> None:
    """Take no new work, finish the work in progress."""
    note(number)
    log.info("stopping")
    health.stopping()
    stopping.set()


def role_context(
    settings: Settings,
    observer: OpsObserver,
    tracer: Tracer,
    stopping: asyncio.Event,
    stock: StockFigures,
    compute: Callable[[Collector], None],
) -> RoleContext:
    """Everything a role needs, made of the settings."""
    side = KafkaSide(
        connection=client_options(settings.kafka),
        settings=settings.kafka,
        guarantee=settings.processing_guarantee,
        limits=settings.worker,
        observer=observer,
        tracer=tracer,
    )
    failpoint = failpoint_from(settings.failpoint)
    return RoleContext(settings, Topics(settings.topics.prefix), side, failpoint, stopping, stock, compute)
