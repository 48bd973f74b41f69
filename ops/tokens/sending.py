"""The token that commands send with requests. Out: `token_headers`."""

from schemas.records import AUTHORIZATION
from schemas.request_settings import RequestSettings


def token_headers(settings: RequestSettings) -> list[tuple[str, bytes]]:
    """The header of a record, if there is a token."""
    token = settings.token
    return [] if token is None else [(AUTHORIZATION, f"Bearer {token.get_secret_value()}".encode())]
