"""Seeds run one after the other, or in several processes.

In:   seeds.
Out:  `verdicts_of`: each seed's `Verdict`, as soon as it is known.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a seed, small enough to be sent between processes."""

    seed: int
    violations: tuple[str, ...]
    requests: int
    faults: int
    virtual_s: float
    steps: int


def until(seeds: Iterable[int], seconds: float | None) -> Iterator[int]:
    """The seeds, as long as there is time."""
    began_s = time.monotonic()
    for seed in seeds:
        if seconds is not None and time.monotonic() - began_s > seconds:
            return
        yield seed


def verdicts_of(seeds: Iterable[int], jobs: int) -> Iterator[Verdict]:
    """Each seed's verdict; with several jobs in the order in which they end."""
    if jobs == 1:
        yield from map(verdict_of, seeds)
        return
    left = iter(seeds)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        # No more at once than there are jobs: the time limit is looked at when a seed is taken.
        running: set[Future[Verdict]] = {pool.submit(verdict_of, seed) for seed in islice(left, jobs)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(verdict_of, seed) for seed in islice(left, len(done))}
            yield from (future.result() for future in done)


def verdict_of(seed: int) -> Verdict:
    """Run one seed."""
    from tests.simulation.plan import plan_of  # noqa: PLC0415  # after the hash seed is set
    from tests.simulation.run import enter_simulation, simulate  # noqa: PLC0415  # as above

    enter_simulation()
    outcome = simulate(plan_of(seed))
    return Verdict(
        seed, tuple(outcome.violations), outcome.requests, outcome.faults, outcome.virtual_s, outcome.steps
    )
