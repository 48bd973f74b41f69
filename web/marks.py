"""Acknowledges and snoozes items that need attention, for all viewers.

In:       a POST of an admitted viewer: the item's key, what is decided.
Out:      a record of `attention.v1`; every instance reads it, this one too.
Promise:  only items that need attention now can be marked, so nothing is stored that nobody shows. Answered after the
          broker has the record.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import web
from pydantic import ValidationError

from schemas.attention import Mark
from schemas.errors import BrokerUnavailable
from schemas.records import OutgoingRecord
from schemas.topics import ATTENTION, Topics
from web.access import Access
from web.auth import Denied
from web.judgements import AttentionList, MarkRequest
from web.queries import InvalidQuery

BODY_BYTES_MAX: Final = 4_096
JSON: Final = "application/json"
OF_EVERYBODY: Final = "this item is about no campaign; a token for all campaigns is needed to mark it"

SendMark = Callable[[OutgoingRecord], Awaitable[None]]
"""Raises BrokerUnavailable if the broker does not take the record."""


class NoSuchItem(Exception):  # becomes a response
    """Nothing that needs attention has this key."""

    status = HTTPStatus.NOT_FOUND


async def no_marks(_record: OutgoingRecord) -> None:
    """Without a connection nothing can be marked."""
    raise BrokerUnavailable("there is no connection to Kafka")


async def mark_asked(request: web.Request) -> MarkRequest:
    """The body of a request.

    The content type must be JSON: a page of another site cannot send that without the consent of this server.

    Raises:
        InvalidQuery: the body is not JSON, too long, or not such a request.
    """
    if request.content_type != JSON:
        raise InvalidQuery(f"the content type must be {JSON}")
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise InvalidQuery("the body is too long")
    try:
        return MarkRequest.model_validate_json(await request.content.read(BODY_BYTES_MAX))
    except ValidationError as why:
        fields = sorted({".".join(map(str, error["loc"])) for error in why.errors(include_input=False)})
        raise InvalidQuery(f"invalid: {', '.join(fields) or 'the body'}") from None


def mark_of(asked: MarkRequest, attention: AttentionList, access: Access, *, by: str, now: datetime) -> Mark | None:
    """The mark to store; None: take it back.

    Raises:
        NoSuchItem: nothing that needs attention has this key.
        Denied: the item is about no campaign of the viewer: a mark would hide it from those who must act.
    """
    item = next((item for item in attention.items if item.key == asked.key), None)
    if item is None:
        raise NoSuchItem
    if item.campaign_id is None and not access.is_whole:
        raise Denied(HTTPStatus.FORBIDDEN, OF_EVERYBODY)
    if asked.action == "restore":
        return None
    until = now + timedelta(minutes=asked.minutes) if asked.action == "snooze" else None
    action = "snoozed" if asked.action == "snooze" else "acknowledged"
    return Mark.model_validate({"key": asked.key, "action": action, "by": by, "until": until, "at": now})


def mark_record(key: str, mark: Mark | None, topics: Topics) -> OutgoingRecord:
    """A mark as a record; without one, a tombstone."""
    return OutgoingRecord(topics.full(ATTENTION), key.encode(), None if mark is None else mark.to_json(), ())
