"""Errors that the next operations get, as faults order them.

In:   an error, and which operations get it: of a name, or any.
Out:  the error of an operation, if there is one.
"""

from dataclasses import dataclass
from typing import Literal

from tests.simulation.mongo.errors import ServerError

Moment = Literal["before", "after"]
"""Before the effect took place, or after it: the client cannot know."""


@dataclass(slots=True)
class Planned:
    """One error, for so many operations."""

    error: ServerError
    operation: str | None
    moment: Moment
    left: int


class PlannedErrors:
    """In the order in which they were ordered."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def add(self, planned: Planned) -> None:
        """One more."""
        self._planned.append(planned)

    def clear(self) -> None:
        """None any more."""
        self._planned.clear()

    def next_for(self, operation: str) -> Planned | None:
        """What an operation fails with."""
        for planned in self._planned:
            if planned.operation in {None, operation}:
                planned.left -= 1
                if not planned.left:
                    self._planned.remove(planned)
                return planned
        return None
