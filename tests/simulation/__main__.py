"""`python -m tests.simulation`: runs seeds, and shrinks one that fails. `make simulate` calls it.

Out:  a line for each seed that fails, with the command that repeats it; a summary; exit code 1 if any failed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Final

import typer

HASH_SEED: Final = "PYTHONHASHSEED"
SEEDS_DEFAULT: Final = "1-60"
SECONDS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a seed, small enough to be sent between processes."""

    seed: int
    violations: tuple[str, ...]
    requests: int
    faults: int
    virtual_s: float
    steps: int


def main() -> None:
    """Parse the options, and run."""
    options = parsed()
    if os.environ.get(HASH_SEED) != "0":  # the order of sets of texts is part of a history
        again = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        sys.exit(subprocess.call(again, env={**os.environ, HASH_SEED: "0"}))  # noqa: S603  # this very program
    if options.shrink is not None:
        sys.exit(shrink(options.shrink))
    sys.exit(run(seeds_of(options.seeds), jobs=options.jobs, seconds=options.seconds))


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS_DEFAULT, help="such as 17, 1-60 or 3,7,100-200")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seconds", type=float, default=None, help="begin no further seed after so long")
    parser.add_argument(
        "--shrink", type=int, metavar="SEED", help="find a smaller history that fails as this seed does"
    )
    return parser.parse_args()


def seeds_of(text: str) -> list[int]:
    """The seeds that a text names."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def run(seeds: Sequence[int], *, jobs: int, seconds: float | None) -> int:
    """Run the seeds; the exit code."""
    began_s = time.monotonic()
    verdicts, failed = [], 0
    for verdict in verdicts_of(until(seeds, began_s, seconds), jobs):
        verdicts.append(verdict)
        if verdict.violations:
            failed += 1
            typer.echo(failure(verdict))
    took_s = time.monotonic() - began_s
    typer.echo(
        f"simulate: seeds={len(verdicts)} requests={sum(one.requests for one in verdicts)} "
        f"faults={sum(one.faults for one in verdicts)} failed={failed} "
        f"virtual_hours={sum(one.virtual_s for one in verdicts) / 3600:.1f} seconds={took_s:.1f} "
        f"seeds_per_minute={len(verdicts) / took_s * SECONDS_PER_MINUTE:.0f}"
    )
    return 1 if failed or not verdicts else 0


def until(seeds: Iterable[int], began_s: float, seconds: float | None) -> Iterator[int]:
    """The seeds, as long as there is time."""
    for seed in seeds:
        if seconds is not None and time.monotonic() - began_s > seconds:
            return
        yield seed


def verdicts_of(seeds: Iterable[int], jobs: int) -> Iterator[Verdict]:
    """Each seed's verdict, in the order of the seeds."""
    if jobs == 1:
        yield from map(verdict_of, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(verdict_of, seeds)


def verdict_of(seed: int) -> Verdict:
    """Run one seed."""
    from tests.simulation.plan import plan_of  # noqa: PLC0415  # after the hash seed is set
    from tests.simulation.run import enter_simulation, simulate  # noqa: PLC0415

    enter_simulation()
    outcome = simulate(plan_of(seed))
    return Verdict(
        seed, tuple(outcome.violations), outcome.requests, outcome.faults, outcome.virtual_s, outcome.steps
    )


def failure(verdict: Verdict) -> str:
    """What a person needs of a failing seed."""
    lines = [f"seed {verdict.seed} failed: {len(verdict.violations)} violations", *verdict.violations[:10]]
    return "\n  ".join(
        [
            *lines,
            f"again: make simulate SEEDS={verdict.seed}; smaller: python -m tests.simulation --shrink {verdict.seed}",
        ]
    )


def shrink(seed: int) -> int:
    """Print the smallest plan found that fails as the seed does."""
    from tests.simulation.plan import plan_of  # noqa: PLC0415
    from tests.simulation.run import enter_simulation, simulate  # noqa: PLC0415
    from tests.simulation.shrink import shrunk  # noqa: PLC0415

    enter_simulation()
    plan = plan_of(seed)
    rules = sorted(simulate(plan).rules)
    if not rules:
        typer.echo(f"seed {seed} does not fail")
        return 0
    small = shrunk(plan, rules[0], lambda candidate: simulate(candidate).rules)
    typer.echo(
        f"rule {rules[0]}: {len(small.faults)} of {len(plan.faults)} faults, "
        f"{len(small.fans)} of {len(plan.fans)} fans"
    )
    for item in (small.setup, *small.faults, *small.fans, *small.uploads, *small.noise):
        typer.echo(f"  {item}")
    typer.echo("\n  ".join(["violations:", *simulate(replace(small)).violations]))
    return 1


if __name__ == "__main__":
    main()
