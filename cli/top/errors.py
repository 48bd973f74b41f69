"""Errors of `codes top`."""

from schemas.errors import CodeServiceError


class ApiUnavailable(CodeServiceError):
    """The inventory does not answer. Start `codes inventory`, or set `--url` (see its log event `api_listening`)."""


class ApiDenied(CodeServiceError):
    """Access denied. Set `CODES_INVENTORY__TOKEN`, or its `_FILE`, to a valid token with the required claim."""


class ApiUnreadable(CodeServiceError):
    """The server at this address is not the inventory's API of this version. Check `--url`."""
