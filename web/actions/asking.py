"""Reads the body of an action: a confirmation as JSON, or a file.

Promise:  a page of another site cannot send these content types without the consent of this server.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Final, TypeVar

from aiohttp import web
from pydantic import ValidationError

from schemas.base import ID_PATTERN
from web.actions.models import Confirmation
from web.openapi import FILE_TYPES
from web.queries import InvalidQuery
from web.responses import NoAnswer

JSON: Final = "application/json"
BODY_BYTES_MAX: Final = 4_096
PIECE_BYTES: Final = 65_536
BODY_S_MAX: Final = 120.0

C = TypeVar("C", bound=Confirmation)


def id_in(request: web.Request, name: str) -> str:
    """An id in the path. Raises InvalidQuery if nothing can have it."""
    found = request.match_info[name]
    if re.fullmatch(ID_PATTERN, found) is None:
        raise InvalidQuery(f"{name}: this is no id")
    return found


async def confirmed(request: web.Request, model: type[C], subject: str) -> C:
    """The body of an action on this subject.

    Raises:
        InvalidQuery: the body is not such a JSON, or confirms something else.
    """
    if request.content_type != JSON:
        raise InvalidQuery(f"the content type must be {JSON}")
    body = await body_of(request, BODY_BYTES_MAX)
    try:
        given = model.model_validate_json(body)
    except ValidationError as why:
        fields = sorted({".".join(map(str, error["loc"])) for error in why.errors(include_input=False)})
        raise InvalidQuery(f"invalid: {', '.join(fields) or 'the body'}") from None
    check_confirmation(given.confirm, subject)
    return given


def check_confirmation(confirm: str, subject: str) -> None:
    """Raises InvalidQuery if another thing is confirmed."""
    if confirm != subject:
        raise InvalidQuery(f"confirm must be {subject}")


async def file_of(request: web.Request, bytes_max: int) -> bytes:
    """The bytes of a file.

    Raises:
        InvalidQuery: it is no file by its content type, or it is empty or too large.
    """
    if request.content_type not in FILE_TYPES:
        raise InvalidQuery(f"the content type must be {' or '.join(FILE_TYPES)}")
    content = await body_of(request, bytes_max)
    if not content:
        raise InvalidQuery("the file is empty")
    return content


async def body_of(request: web.Request, bytes_max: int) -> bytes:
    """Raises InvalidQuery if it is longer; NoAnswer if it does not arrive."""
    too_long = InvalidQuery(f"the body has more than {bytes_max:,} bytes")
    if (request.content_length or 0) > bytes_max:
        raise too_long
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S_MAX):
            async for piece in request.content.iter_chunked(PIECE_BYTES):
                body += piece
                if len(body) > bytes_max:
                    raise too_long
    except TimeoutError:
        raise NoAnswer(HTTPStatus.REQUEST_TIMEOUT, "invalid", "the body did not arrive in time") from None
    return bytes(body)
