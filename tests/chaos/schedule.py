"""The schedule of faults: which fault begins when, of what, for how long.

In:       a seed, the kinds of faults that the stack allows.
Out:      faults without end, in the order of time; the storm takes as many as it needs.
Promise:  the same seed and the same kinds give the same schedule. A fault begins at least every `GAP_S_MAX`. Outages
          of parts do not overlap, and between two of them the service has time to work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

GAP_S_MIN: Final = 1.5
GAP_S_MAX: Final = 4.0
CALM_S: Final = 6.0
"""Between two outages of parts: otherwise no request would be decided in between."""
TARGETS: Final = 1_000
"""A target is a number; whoever carries the fault out takes it modulo what is there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    weight: int
    lasts_s: tuple[float, float] = (0.0, 0.0)
    """Shortest and longest; for a kill: before the restart."""
    is_outage: bool = False
    """Of a part that all roles need."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the schedule."""

    number: int
    at_s: float
    kind: str
    target: int
    lasts_s: float


ROLES: Final[Mapping[str, Kind]] = {
    "kill": Kind(6, (0.0, 2.0)),
    "kill_two": Kind(2, (0.0, 2.0)),
    "crash_at_point": Kind(5, (0.0, 1.0)),
    "freeze": Kind(5, (5.0, 9.0)),
    "freeze_briefly": Kind(2, (0.2, 2.0)),
    "stop": Kind(4, (0.0, 2.0)),
    "add_worker": Kind(2, (10.0, 25.0)),
    "remove_worker": Kind(2, (8.0, 20.0)),
}
"""Of processes of the service. A session lasts 4 s: `freeze` outlasts it."""
S3: Final[Mapping[str, Kind]] = {
    "s3_silent": Kind(2, (2.0, 8.0)),
    "s3_refuses": Kind(2, (2.0, 8.0)),
}
NODES: Final[Mapping[str, Kind]] = {
    "freeze_broker": Kind(3, (1.0, 10.0), is_outage=True),
    "kill_broker": Kind(2, (0.2, 3.0), is_outage=True),
    "freeze_database": Kind(3, (1.0, 10.0), is_outage=True),
    "kill_database": Kind(2, (0.2, 3.0), is_outage=True),
}
"""Of Kafka and MongoDB, of one node or more."""
PARTITIONS: Final[Mapping[str, Kind]] = {"add_partitions": Kind(1)}


def faults(seed: int, kinds: Mapping[str, Kind]) -> Iterator[Fault]:
    """The schedule."""
    chance = Random(seed)
    at_s, calm_from_s, number = 0.0, CALM_S, 0
    quiet_ones = [name for name, kind in kinds.items() if not kind.is_outage]
    while True:
        at_s += chance.uniform(GAP_S_MIN, GAP_S_MAX)
        name = drawn(chance, kinds, list(kinds) if at_s >= calm_from_s else quiet_ones)
        lasts_s = chance.uniform(*kinds[name].lasts_s)
        if kinds[name].is_outage:
            calm_from_s = at_s + lasts_s + CALM_S
        yield Fault(number, round(at_s, 3), name, chance.randrange(TARGETS), round(lasts_s, 3))
        number += 1


def drawn(chance: Random, kinds: Mapping[str, Kind], names: Sequence[str]) -> str:
    """One of these names, by weight."""
    return chance.choices(names, [kinds[name].weight for name in names])[0]
