"""How `codes` ends: exit codes, the same for every command, and the line that says why."""

from enum import IntEnum

from ops.top.errors import ApiUnavailable
from schemas.errors import (
    BrokerUnavailable,
    CodeServiceError,
    ObjectStoreUnavailable,
    SettingsInvalid,
    StoreUnavailable,
)


class Exit(IntEnum):
    """What a script may ask for."""

    OK = 0
    FAILED = 1
    """Failed or refused; with `--check`: something would change."""
    USAGE = 2
    """Wrong usage, or a setting is wrong."""
    UNREACHABLE = 3
    """A part does not run or does not answer."""
    TIMED_OUT = 4
    """An answer did not come in time."""


def exit_code(error: CodeServiceError) -> Exit:
    """The exit code of a command that ends with this error."""
    if isinstance(error, SettingsInvalid):
        return Exit.USAGE
    if isinstance(error, StoreUnavailable | ObjectStoreUnavailable | BrokerUnavailable | ApiUnavailable):
        return Exit.UNREACHABLE
    return Exit.FAILED


def told(error: CodeServiceError) -> str:
    """One line: the message, and for all but settings what the error's class says of cause and remedy."""
    message = " ".join(str(error).split())
    if isinstance(error, SettingsInvalid):
        return message
    remedy = " ".join((type(error).__doc__ or "").split())
    return f"{message}: {remedy}"
