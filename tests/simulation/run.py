"""One history from its plan to its verdict.

In:       a plan.
Out:      `Outcome`: what the checker found, and figures that are the same each time the plan is run.
Promise:  the roles run their own code; only names of clients, clocks and random numbers refer to the simulation's.
"""

import asyncio
import gc
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import structlog
from stamina.instrumentation import set_on_retry_hooks

from consumers.loop import partition
from ops.settings.load import Settings
from tests.checking.check import check
from tests.checking.history import History
from tests.simulation.fans import Senders, file_of, key_of
from tests.simulation.fleet import Fleet
from tests.simulation.injection import Injection
from tests.simulation.kafka import clients as kafka
from tests.simulation.kernel.clocks import replaced, simulated
from tests.simulation.kernel.loop import NothingLeftToRun, TimeStandsStill
from tests.simulation.kernel.world import World, living_tasks, run_world
from tests.simulation.mongo import replacements as mongo
from tests.simulation.mutants.mutant import swapped
from tests.simulation.parts import Parts, open_parts
from tests.simulation.plan import Plan
from tests.simulation.reach import Reach
from tests.simulation.reader import Reader
from tests.simulation.s3 import client as s3
from tests.simulation.settings import BUCKET, settings_of

PACKAGES: Final = (
    "consumers", "producers", "stores", "roles", "ops", "handlers", "schemas",
    "aiokafka", "faust", "mode", "motor", "pymongo", "stamina", "tenacity",
)  # fmt: skip
"""Where names are replaced."""
IDLE_POLL_MS: Final = 2_000
"""Eight times as long as a real partition's: half of all steps would be idle polls. Records and a stop end a poll at
once, and an idle turn only reports the position. No other constant of the service is changed."""
ANSWER_BOUND_S: Final = 90.0
"""From the last fault, or from a request after it, to the answer."""
LAST_ASKED_S: Final = 60.0
"""No fan's course is longer."""
STOP_S: Final = 30.0
GARBAGE_MAX: Final = 300_000
"""Objects of earlier histories that are left, before they are collected."""
HANG: Final = frozenset({"hang"})
SETTLED_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan."""

    plan: Plan
    violations: Sequence[str]
    requests: int
    faults: int
    virtual_s: float
    steps: int
    """Steps of all processes and servers: the fingerprint of a history."""
    rules: frozenset[str] = field(default_factory=frozenset)
    """The rules that are broken."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How often each outcome was seen."""


def simulate(plan: Plan) -> Outcome:
    """Run a plan in a world of its own; inside of `simulation`."""
    try:
        with without_collector():
            return run_world(plan.seed, lambda world: _history(world, plan))
    except (NothingLeftToRun, TimeStandsStill) as why:
        said = f"hang: {type(why).__name__} {why}"
        return Outcome(plan, [said], requests=0, faults=len(plan.faults), virtual_s=0.0, steps=0, rules=HANG)


@contextmanager
def without_collector() -> Iterator[None]:
    """Collect garbage between histories only: that is faster, and a history does not depend on its moment."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        if gc.get_count()[0] > GARBAGE_MAX:
            gc.collect()


@contextmanager
def simulation() -> Iterator[None]:
    """What `simulate` needs; entering takes longer than many a history."""
    logging.disable(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # by default it prints
    set_on_retry_hooks(())
    sys.unraisablehook = lambda _unraisable: None  # coroutines of killed processes find no loop
    warnings.simplefilter("ignore", RuntimeWarning)  # as above
    with simulated_names(), swapped(partition, POLL_TIMEOUT_MS=IDLE_POLL_MS):
        yield


@cache
def enter_simulation() -> ExitStack:
    """Enter it for the rest of this process."""
    stack = ExitStack()
    stack.enter_context(simulation())
    gc.freeze()
    return stack


async def _history(world: World, plan: Plan) -> Outcome:
    settings = settings_of(plan.setup)
    parts = await open_parts(world, settings, plan.setup)
    for upload in plan.uploads:
        parts.storage.change(BUCKET, key_of(upload), file_of(upload))
    return await _lived(world, plan, settings, parts)


@contextmanager
def simulated_names() -> Iterator[None]:
    """Clients, clocks and random numbers are the simulation's."""
    with replaced({**kafka.replacements(), **mongo.replacements(), **s3.replacements(), **simulated()}, PACKAGES):
        yield


async def _lived(world: World, plan: Plan, settings: Settings, parts: Parts) -> Outcome:
    reader, fleet = Reader(parts.visible), Fleet(world, settings)
    senders = Senders(plan, parts, reader, world.random)
    injection = Injection(Reach(world, parts, fleet))
    fleet.start_all(plan.setup)
    helpers = [asyncio.create_task(work) for work in (reader.run(), fleet.look_after(), injection.run(plan.faults))]
    problems = await _until_quiet(senders, injection, fleet, parts)
    shown = fleet.shown()
    problems += [f"stop: {name} did not end" for name in await fleet.stop_all(STOP_S)]
    reader.read()
    for helper in helpers:
        helper.cancel()
    problems += [f"crash: {crash}" for crash in fleet.crashes]
    history = parts.history(reader.records, injection.last_fault_s, left_tasks(world), ANSWER_BOUND_S, shown)
    return outcome_of(world, plan, senders, history, problems)


async def _until_quiet(senders: Senders, injection: Injection, fleet: Fleet, parts: Parts) -> list[str]:
    """Wait until all is sent, answered and counted, and all faults are over; what hangs otherwise."""
    sending = asyncio.create_task(senders.run())
    until_s = None
    while not (sending.done() and injection.is_over and parts.unsettled(fleet.shown()) is None):
        now_s = parts.world.loop.time()
        if injection.is_over and until_s is None:
            until_s = max(now_s, LAST_ASKED_S) + ANSWER_BOUND_S
        if until_s is not None and now_s > until_s:
            sending.cancel()
            return [f"hang: {parts.unsettled(fleet.shown()) or 'a sender waits for an answer'}"]
        await asyncio.sleep(SETTLED_EVERY_S)
    await sending
    return []


def left_tasks(world: World) -> list[str]:
    """Tasks that outlived their process, by name."""
    return [f"{task.get_name()}: {task.get_coro()}" for task in living_tasks(world)]


def outcome_of(world: World, plan: Plan, senders: Senders, history: History, problems: Sequence[str]) -> Outcome:
    """The verdict."""
    found = check(history)
    return Outcome(
        plan=plan,
        violations=[*problems, *map(str, found)],
        rules=frozenset([*(problem.partition(":")[0] for problem in problems), *(one.rule for one in found)]),
        requests=senders.sent,
        faults=len(plan.faults),
        virtual_s=world.loop.time(),
        steps=world.loop.steps,
    )
