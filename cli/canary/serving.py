"""The canary as a process: a round every so often, until SIGTERM, with metrics and probes on its ops port.

In:       the settings; the campaign; the interval.
Out:      exit code 0 after SIGTERM, at the end of the round in progress; Ctrl-C ends it at once.
Promise:  a round that fails ends no process: it is counted, logged with its reason, and the next one is tried.
"""

import asyncio
import signal
import time
from typing import Final

import structlog

from cli.canary.rounds import Answered, Round, run_round
from ops.settings.load import Settings
from ops.telemetry.health import Health
from ops.telemetry.metrics import CANARY_SPECS
from ops.telemetry.ops_port import ops_server
from ops.telemetry.registry import Metrics
from schemas.observation.canary import CanaryRoundEnded
from schemas.observation.fact import Fact, Observer

ROLE: Final = "canary"
LOOP: Final = (ROLE, 0)
ROUND_S_MAX: Final = 120.0
"""Beyond the interval, before `/live` fails: a round, with connections that are opened and closed."""

log = structlog.get_logger(__name__)


class Counting(Observer):
    """Moves the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def observe(self, fact: Fact, /) -> None:
        """Move them."""
        self._metrics.move(fact)


class Unobserved(Observer):
    """Takes no notice: a single round has no metrics."""

    def observe(self, fact: Fact, /) -> None:
        """Nothing."""


async def serve(settings: Settings, campaign_id: str, every_s: float, timeout_s: float) -> None:
    """Run rounds until SIGTERM.

    Raises:
        SettingsInvalid: see `ops_server`.
    """
    stopping, metrics = asyncio.Event(), Metrics(ROLE, specs=CANARY_SPECS)
    health = Health(consumes=True, silence_max_s=every_s + ROUND_S_MAX)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with ops_server(settings.ops, metrics, health):
        health.started()
        health.assigned(frozenset({LOOP}))
        log.info("canary_started", prefix=settings.topics.prefix, campaign_id=campaign_id)
        while not stopping.is_set():
            observer = Counting(metrics)
            note(await run_round(settings, campaign_id, timeout_s, observer), observer)
            health.turned(*LOOP)
            await pause(stopping, every_s)
        health.stopping()
    log.info("stopped")


def note(ended: Round, observer: Observer) -> None:
    """Count a round, and log why it failed. A canary that fails is rare, so each failure has its line."""
    observer.observe(CanaryRoundEnded(ended.outcome, time.time()))
    if ended.outcome != "ok":
        log.warning("canary_failed", outcome=ended.outcome, step=failed_step(ended.steps), reason=reason_of(ended))


def failed_step(steps: list[Answered]) -> str | None:
    """The first one whose answer was wrong or did not come."""
    return next((answered.step for answered in steps if not answered.is_right), None)


def reason_of(ended: Round) -> str | None:
    """What is known of the cause: an error of Kafka, or the reason of a refusal."""
    if ended.error is not None:
        return type(ended.error).__name__
    return next((answered.reason for answered in ended.steps if not answered.is_right), None)


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait for the next round, or the stop."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
