"""Exit codes, the same for every role and command."""

from enum import IntEnum


class Exit(IntEnum):
    """Documented in docs/operations.md; scripts rely on them."""

    OK = 0
    FAILED = 1
    """Failed or refused; with `--check`, something would change."""
    USAGE = 2
    """Wrong usage, or an invalid setting."""
    UNREACHABLE = 3
    """A part is unavailable, at once or for as long as `--timeout-s` allows."""
    TIMED_OUT = 4
    """No answer in time, although every part is available."""
    NOT_JUDGED = 5
    """`codes audit` found nothing, but could not judge everything that it was asked about."""
    INTERRUPTED = 130
    """Ended by Ctrl-C. As for any program: 128 and the number of the signal."""
    CLOSED_PIPE = 141
    """Nobody reads standard output any more; the same."""
