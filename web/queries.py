"""Query parameters of the HTTP API: names, ranges, defaults.

Out: one model per route, and `asked`, which validates a query.
"""

from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.base import ID_PATTERN, CodeType
from web.answers import Order, Sort

LIMIT_MAX: Final = 500

Q = TypeVar("Q", bound=BaseModel)


class InvalidQuery(Exception):  # becomes a response
    """A parameter is invalid; the message names it."""

    status = HTTPStatus.BAD_REQUEST


class Query(BaseModel):
    """An unknown parameter is an error: a misspelt one would otherwise have no effect."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CampaignsQuery(Query):
    """Search, order and page of campaigns."""

    search: Annotated[str, Field(max_length=128)] = ""
    """Part of the campaign's id, case-insensitive."""
    sort: Sort = "name"
    """Sort by id, available codes, all codes, five-minute rate, time until empty, or last change."""
    order: Order = "asc"
    offset: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 100


class HistoryQuery(Query):
    """Resolution and code type of a history."""

    resolution: Literal["fine", "coarse", "hourly"] = "fine"
    """`fine`: steps of 10 seconds over an hour; `coarse`: steps of a minute over a day; `hourly`: steps of an hour
    over a week."""
    code_type: CodeType | None = None
    """Only codes of this type."""


class AlertsQuery(Query):
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 100


class LettersQuery(Query):
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 100


class FanQuery(Query):
    campaign_id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    """Only what is about this campaign."""


def asked(request: web.Request, model: type[Q]) -> Q:
    """Validate the query of a request.

    Raises:
        InvalidQuery: a parameter is unknown, given twice, or out of range.
    """
    if len(request.query) != len(set(request.query)):
        raise InvalidQuery("a parameter is given twice")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as why:
        errors = why.errors(include_input=False)
        problems = (f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)
        raise InvalidQuery("; ".join(problems)) from None
