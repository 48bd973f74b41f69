"""Shapes that need no file.

Out: `BUILT_IN`, by name. A shape is built when it is asked for.
"""

from collections.abc import Callable, Mapping
from math import exp
from typing import Final

from cli.rehearsal.shape import Row, Shape

OPENING_S: Final = 600
STEP_S: Final = 5
RESERVES_PER_S: Final = 100.0
DECAY_S: Final = 120.0
"""40 per cent of the fans arrive in the first minute, as in docs/handbook/sizing.md."""
ASSIGNED: Final = 0.8
ASSIGNED_AFTER_S: Final = 60
RELEASED: Final = 0.1
RELEASED_AFTER_S: Final = 120
STEADY: Final = Row(0, 60, 30, 10)
STEADY_S: Final = 300


def opening() -> Shape:
    """A sale opens: a spike of reserves that decays; assigns and releases follow them."""
    rows = [
        Row(
            second,
            reserves(second),
            ASSIGNED * reserves(second - ASSIGNED_AFTER_S),
            RELEASED * reserves(second - RELEASED_AFTER_S),
        )
        for second in range(0, OPENING_S, STEP_S)
    ]
    return Shape("opening", (*rows, Row(OPENING_S, 0, 0, 0)))


def reserves(second: float) -> float:
    """Reserves a second; none before the sale opens."""
    return RESERVES_PER_S * exp(-second / DECAY_S) if second >= 0 else 0.0


def steady() -> Shape:
    """The same rate all the time."""
    return Shape("steady", (STEADY, Row(STEADY_S, 0, 0, 0)))


BUILT_IN: Final[Mapping[str, Callable[[], Shape]]] = {"opening": opening, "steady": steady}
