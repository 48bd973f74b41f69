"""How `codes` ends: exit codes, the same for every command, and the line that says why."""

from collections.abc import Iterable
from typing import Final

from cli.top.errors import ApiUnavailable
from ops.broker.patience import Unanswered
from ops.exit_codes import Exit
from schemas.errors import (
    BrokerUnavailable,
    CodeServiceError,
    ObjectStoreUnavailable,
    SettingsInvalid,
    StoreUnavailable,
)

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
