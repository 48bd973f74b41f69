"""What a storm is asked to do.

In:       the command line of `python -m tests.chaos`.
Out:      `Options`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Final

SEEDS: Final = 2**31
REQUESTS: Final = 20_000
FAULTS: Final = 100
GUARANTEES: Final = ("exactly_once", "at_least_once")


@dataclass(frozen=True, slots=True)
class Options:
    """One storm."""

    seed: int
    requests: int = REQUESTS
    faults: int = FAULTS
    guarantee: str = "exactly_once"
    brokers: int = 1
    database_nodes: int = 1
    database_shards: int = 0
    storm_s_max: float | None = None
    """The storm ends after so long, however many requests and faults there were; None: no such limit."""
    folder: Path | None = None
    """Of logs and schedule; None: a new one under `.stack`."""


def parsed(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; exits with 2 for wrong usage."""
    values = vars(_parser().parse_args(arguments))
    seed = SystemRandom().randrange(SEEDS) if values["seed"] is None else values["seed"]
    return Options(**{**values, "seed": seed})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Run all roles on a stack of their own under a seeded schedule of faults, with clients that send "
        "all kinds of requests; check everything that they left. The last line counts what was found; the exit code "
        "is 1 if there is a violation.",
    )
    add = parser.add_argument
    add("--seed", type=number, metavar="N", help="of the schedule and of the clients' choices; default: random")
    add("--requests", type=int, default=REQUESTS, metavar="N", help="records to send (default: %(default)s)")
    add("--faults", type=int, default=FAULTS, metavar="N", help="faults, one every 2 to 4 s (default: %(default)s)")
    add("--guarantee", choices=GUARANTEES, default=GUARANTEES[0], help="CODES_PROCESSING_GUARANTEE of the roles")
    add("--brokers", type=int, default=1, metavar="N", help="Kafka brokers (default: 1)")
    add("--database-nodes", type=int, default=1, metavar="N", help="members of MongoDB's replica set (default: 1)")
    add(
        "--database-shards", type=int, default=0, metavar="N", help="shards behind a router; 0: not sharded (default)"
    )
    add("--storm-s-max", type=float, metavar="S", help="end the storm after S seconds; default: no limit")
    add("--folder", type=Path, metavar="DIR", help="for logs and schedule; default: a new one in .stack")
    return parser


def number(text: str) -> int | None:
    """A seed; an empty one is a random one, so that `make` may pass an unset variable."""
    return int(text) if text else None
