"""JSON responses, and errors of the API as responses.

Out: `answered`, `sent`, `refused`; `NoAnswer`, which a handler raises to be answered with an error.
"""

from http import HTTPStatus

from aiohttp import web
from pydantic import BaseModel

from web.models import Problem, Reason


class NoAnswer(Exception):  # becomes a response
    """A request that is answered with an error."""

    def __init__(self, status: HTTPStatus, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason: Reason = reason
        self.detail = detail


def answered(answer: BaseModel) -> web.Response:
    """A response as JSON, never cached."""
    return sent(answer.model_dump_json())


def sent(content: str) -> web.Response:
    """A response with serialised JSON."""
    return web.Response(text=content, content_type="application/json", headers={"Cache-Control": "no-store"})


def refused(status: HTTPStatus, reason: Reason, detail: str) -> web.Response:
    """An error response."""
    response = answered(Problem(error=reason, detail=detail))
    response.set_status(status)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="codes"'
    return response
