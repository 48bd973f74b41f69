"""How `codes` ends: exit codes, the same for every command, and the line that says why."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

from ops.patience import Unanswered
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
    """A part does not run or does not answer, at once or for as long as `--timeout-s` allows."""
    TIMED_OUT = 4
    """An answer did not come in time, though the part that brings it is there."""
    NOT_JUDGED = 5
    """`codes audit` found nothing, but could not judge everything that it was asked about."""


WHERE: Final = {
    BrokerUnavailable: "CODES_KAFKA__",
    StoreUnavailable: "CODES_MONGO__",
    ObjectStoreUnavailable: "CODES_S3__",
}
"""How the variables begin that say where a part is."""


def exit_code(error: CodeServiceError) -> Exit:
    """The exit code of a command that ends with this error."""
    if isinstance(error, SettingsInvalid):
        return Exit.USAGE
    if isinstance(error, StoreUnavailable | ObjectStoreUnavailable | BrokerUnavailable | ApiUnavailable | Unanswered):
        return Exit.UNREACHABLE
    return Exit.FAILED


def told(error: CodeServiceError) -> str:
    """One line: the message, and for all but settings what the error's class says of cause and remedy."""
    message = " ".join(str(error).split())
    if isinstance(error, SettingsInvalid):
        return message
    remedy = " ".join((type(error).__doc__ or "").split())
    return f"{message}: {remedy}"


def advice(error: CodeServiceError, variables: Iterable[str]) -> str | None:
    """One line for who looks for a part without having said where: nothing among the `variables` does."""
    group = WHERE.get(type(error))
    if group is None or any(name.startswith((group, "CODES_SECRETS_DIR")) for name in variables):
        return None
    return f"no variable {group}… is set; those of the local stack: export $(codes dev env)"
