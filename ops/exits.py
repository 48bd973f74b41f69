"""The exit codes of `codes`, the same for every command."""

from enum import IntEnum

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
    if isinstance(error, StoreUnavailable | ObjectStoreUnavailable | BrokerUnavailable):
        return Exit.UNREACHABLE
    return Exit.FAILED
