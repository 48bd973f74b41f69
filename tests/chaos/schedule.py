"""The schedule of faults: which fault begins when, of what, for how long.

In:       a seed, the kinds of faults that the stack allows.
Out:      faults without end, in the order of time; the storm takes as many as it needs.
Promise:  the same seed and the same kinds give the same schedule. A fault begins at least every `GAP_S_MAX`. Outages
          of nodes do not overlap, and between two of them the service has time to work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

GAP_S_MIN: Final = 1.5
GAP_S_MAX: Final = 4.0
CALM_S: Final = 6.0
"""Between two outages of nodes: otherwise no request would be decided in between."""
TARGETS: Final = 1_000
"""A target is a number; whoever carries the fault out takes it modulo what is there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the schedule."""

    number: int
    at_s: float
    kind: str
    target: int
    lasts_s: float


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    weight: int
    lasts_s: tuple[float, float] = (0.0, 0.0)
    """Shortest and longest; of a process that ends: before its restart."""
    is_outage: bool = False
    """Of a node of Kafka or MongoDB, which all roles need."""


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
