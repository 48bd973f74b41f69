"""Errors that the next operations of a server get, as faults order them.

In:   an error, and which operations get it: of a name, or any.
Out:  the error of an operation, if there is one.
"""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Moment = Literal["before", "after"]
"""Before the effect took place, or after it: the client cannot know."""
E = TypeVar("E", bound=Exception)


@dataclass(slots=True)
class Planned(Generic[E]):
    """One error, for so many operations."""

    error: E
    operation: str | None
    moment: Moment
    left: int


class PlannedErrors(Generic[E]):
    """In the order in which they were ordered."""

    def __init__(self) -> None:
        self._planned: list[Planned[E]] = []

    def add(self, planned: Planned[E]) -> None:
        """One more."""
        self._planned.append(planned)

    def clear(self) -> None:
        """None any more."""
        self._planned.clear()

    def next_for(self, operation: str) -> Planned[E] | None:
        """What an operation fails with."""
        for planned in self._planned:
            if planned.operation in {None, operation}:
                planned.left -= 1
                if not planned.left:
                    self._planned.remove(planned)
                return planned
        return None
