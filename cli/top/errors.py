"""Why `codes top` has no figures."""

from schemas.errors import CodeServiceError


class ApiUnavailable(CodeServiceError):
    """The inventory does not answer. Start `codes inventory`, or name its API by `--url` (event `api_listening`)."""


class ApiDenied(CodeServiceError):
    """No access. Give a token that is valid and has the claim, by `CODES_INVENTORY__TOKEN` or its `_FILE`."""


class ApiUnreadable(CodeServiceError):
    """The answer is not from this version of the inventory's API. Check `--url`."""
