"""What a person reads of a run.

In:   verdicts, as they come; or a seed that fails.
Out:  lines on stdout, each at once; an exit code: 1 if anything failed, or nothing ran.
"""

import time
from collections.abc import Iterable
from typing import Final

import typer

from tests.simulation.verdicts import Verdict

SECONDS_PER_MINUTE: Final = 60
SECONDS_PER_HOUR: Final = 3600
SHOWN_MAX: Final = 10
"""Violations of a seed."""


def reported(verdicts: Iterable[Verdict]) -> int:
    """Print failing seeds as they come, and a summary; the exit code."""
    began_s, seen = time.monotonic(), []
    for verdict in verdicts:
        seen.append(verdict)
        if verdict.violations:
            typer.echo(failure(verdict))
    typer.echo(summary(seen, time.monotonic() - began_s))
    return 1 if not seen or any(verdict.violations for verdict in seen) else 0


def failure(verdict: Verdict) -> str:
    """What a person needs of a failing seed."""
    count = len(verdict.violations)
    more = [f"and {count - SHOWN_MAX} more"] if count > SHOWN_MAX else []
    return "\n  ".join(
        [
            f"seed {verdict.seed} failed: {count} violations",
            *verdict.violations[:SHOWN_MAX],
            *more,
            f"again: make simulate SEEDS={verdict.seed}; smaller: python -m tests.simulation --shrink {verdict.seed}",
        ]
    )


def summary(verdicts: Iterable[Verdict], took_s: float) -> str:
    """The last line."""
    seen = list(verdicts)
    return (
        f"simulate: seeds={len(seen)} requests={sum(verdict.requests for verdict in seen)} "
        f"faults={sum(verdict.faults for verdict in seen)} "
        f"failed={sum(bool(verdict.violations) for verdict in seen)} "
        f"virtual_hours={sum(verdict.virtual_s for verdict in seen) / SECONDS_PER_HOUR:.1f} "
        f"seconds={took_s:.1f} seeds_per_minute={len(seen) / took_s * SECONDS_PER_MINUTE:.0f}"
    )


def shrunk_report(seed: int) -> int:
    """Print the smallest plan found that fails as the seed does; the exit code."""
    from tests.simulation.plan import plan_of  # noqa: PLC0415  # after the hash seed is set
    from tests.simulation.run import enter_simulation, simulate  # noqa: PLC0415  # as above
    from tests.simulation.shrink import shrunk  # noqa: PLC0415  # as above

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
    typer.echo("\n  ".join(["violations:", *simulate(small).violations]))
    return 1
