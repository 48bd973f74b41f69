"""Exit codes of `codes`, the same for every command, and the line that describes an error."""

from collections.abc import Iterable
from typing import Final

from cli.top.errors import ApiUnavailable
from ops.broker.patience import Unanswered
from ops.exit_codes import Exit
from schemas.errors import (
    BrokerUnavailable,
    CodeServiceError,
    ObjectStoreUnavailable,
    RegistryUnavailable,
    SettingsInvalid,
    StoreUnavailable,
)

VARIABLE_PREFIXES: Final = {
    BrokerUnavailable: "CODES_KAFKA__",
    StoreUnavailable: "CODES_MONGO__",
    ObjectStoreUnavailable: "CODES_S3__",
}
"""Prefix of the variables that hold the address of each part."""
UNAVAILABLE: Final = (
    StoreUnavailable,
    ObjectStoreUnavailable,
    BrokerUnavailable,
    RegistryUnavailable,
    ApiUnavailable,
    Unanswered,
)


def exit_code(error: CodeServiceError) -> Exit:
    if isinstance(error, SettingsInvalid):
        return Exit.USAGE
    if isinstance(error, UNAVAILABLE):
        return Exit.UNREACHABLE
    return Exit.FAILED


def error_line(error: CodeServiceError) -> str:
    """The message, followed by the remedy: the error's own or its class's. A settings error's message has both."""
    message = " ".join(str(error).split())
    if isinstance(error, SettingsInvalid):
        return message
    return f"{message}: {remedy_of(error)}"


def remedy_of(error: CodeServiceError) -> str:
    """The error's own, or its class's."""
    return " ".join((error.remedy or type(error).__doc__ or "").split())


def advice(error: CodeServiceError, variables: Iterable[str]) -> str | None:
    """A hint for users who have set no address for the part that is unavailable."""
    prefix = VARIABLE_PREFIXES.get(type(error))
    return None if prefix is None else no_variable(prefix, variables)


def no_variable(prefix: str, variables: Iterable[str]) -> str | None:
    """The same, if none of the part's variables is set."""
    if any(name.startswith((prefix, "CODES_SECRETS_DIR")) for name in variables):
        return None
    return f"no variable {prefix}… is set; for the local stack: export $(codes dev env)"
