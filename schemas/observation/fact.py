"""What every fact is, and the port that takes facts; `ops.telemetry` implements it."""

from typing import Protocol

Place = tuple[str, int]
"""A topic's full name, and a partition."""


class Fact:
    """Something that a loop observed."""

    __slots__ = ()


class Observer(Protocol):
    """Takes every fact; never raises, and returns at once."""

    def observe(self, fact: Fact, /) -> None:
        """Take one fact."""
