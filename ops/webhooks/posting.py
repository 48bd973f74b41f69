"""One HTTP request to a receiver.

In:       a receiver, a body.
Out:      `Answer`: taken, to be sent again, or refused for good.
Promise:  the receiver's address is in no answer: the client's own errors name it, so only their class is kept.
"""

from typing import Any, Final, Literal, NamedTuple

import aiohttp

from ops.webhooks.targets import Target

AGAIN: Final = frozenset({408, 425, 429})
"""Besides errors of the server: statuses of a receiver that may take it later."""
SERVER_ERROR: Final = 500
MULTIPLE_CHOICES: Final = 300


class Answer(NamedTuple):
    """What became of a request."""

    outcome: Literal["taken", "again", "refused"]
    reason: str = ""


async def post(session: aiohttp.ClientSession, target: Target, body: dict[str, Any], alert_id: str) -> Answer:
    """Redirects are not followed: they would carry an alert to an address that nobody configured."""
    address, headers = target.url.get_secret_value(), {"Idempotency-Key": alert_id}
    try:
        async with session.post(address, json=body, headers=headers, allow_redirects=False) as answer:
            return answer_of(answer.status)
    except (aiohttp.ClientError, TimeoutError, OSError) as why:
        return Answer("again", type(why).__name__)


def answer_of(status: int) -> Answer:
    """By the status alone."""
    if status < MULTIPLE_CHOICES:
        return Answer("taken")
    is_later = status >= SERVER_ERROR or status in AGAIN
    return Answer("again" if is_later else "refused", f"status {status}")
