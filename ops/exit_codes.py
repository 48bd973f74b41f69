"""How a process of this service ends, as a number: the same for every role and command."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may ask for."""

    OK = 0
    FAILED = 1
    """Failed or refused; with `--check`: something would change."""
    USAGE = 2
    """Wrong usage, or a setting is wrong."""
    UNREACHABLE = 3
    """A part does not run or does not answer, at once or for as long as `--timeout-s` allows."""
    TIMED_OUT = 4
    """An answer did not come in time, though the part that brings it is there."""
    NOT_JUDGED = 5
    """`codes audit` found nothing, but could not judge everything that it was asked about."""
