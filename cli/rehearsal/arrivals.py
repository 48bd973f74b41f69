"""When each request of a shape arrives.

In:       a shape.
Out:      `Arrival`s in the order of their times.
Promise:  pure: the same shape gives the same arrivals. Memory holds those of one second.

Arrivals at equal distances would never queue where those of fans do, so they are random within each slice.
"""

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from cli.rehearsal.shape import OPERATIONS, Shape
from schemas.base import Operation

SEED: Final = 1


class Arrival(NamedTuple):
    """One request that is due."""

    at_s: float
    """Since the beginning."""
    operation: Operation


def arrivals(shape: Shape) -> Iterator[Arrival]:
    """All requests of a shape."""
    chance = Random(SEED)  # noqa: S311  # times of requests, not secrets
    for part in shape.slices():
        yield from sorted(
            Arrival(part.begin_s + chance.random() * part.seconds, operation)
            for operation, count in zip(OPERATIONS, part.counts, strict=True)
            for _ in range(count)
        )
