"""Base class and field types of all models: frozen, strict, with the contract's types for ids, instants and numbers.

Out: `Model`, and the field types that requests, results, events and documents use.
"""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self, get_args

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

DAY_S: Final = 86_400
QUANTITY_MAX: Final = 100
TTL_S_MAX: Final = 30 * DAY_S
SENDER_ID_LENGTH_MAX: Final = 110
EXPIRER_PREFIX: Final = "expire:"
ERASED_PREFIX: Final = "erased:"
"""Begins the random ids that replace a fan's id (`codes fans erase`)."""
INSTANTS_REMEMBERED: Final = 1_024
"""A batch formats the same few instants thousands of times."""

ID_PATTERN: Final = r"^[A-Za-z0-9._:-]{1,128}$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""1 to 128 characters of `A-Z a-z 0-9 . _ : -`."""


def not_the_expirers(value: str) -> str:
    """Raises ValueError if a sender uses an id that is reserved for the expirer."""
    if value.startswith(EXPIRER_PREFIX):
        raise ValueError(f"may not begin with `{EXPIRER_PREFIX}`: those ids are the expirer's own")
    return value


SenderId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,110}$"),
    AfterValidator(not_the_expirers),
    Field(json_schema_extra={"not": {"pattern": f"^{EXPIRER_PREFIX}"}}),
]
"""An id that a sender chooses for a request: at most 110 characters, not beginning with `expire:`."""

CodeType = Literal["tm", "external"]
CODE_TYPES: Final[tuple[CodeType, ...]] = get_args(CodeType)
Operation = Literal["reserve", "assign", "release"]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
TtlSeconds = Annotated[int, Field(ge=1, le=TTL_S_MAX)]


def to_milliseconds(instant: datetime) -> datetime:
    """Truncate to milliseconds in UTC, the resolution on the wire, so that stored and sent values are equal."""
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    beyond = utc.microsecond % 1000
    return utc.replace(microsecond=utc.microsecond - beyond) if beyond else utc


@lru_cache(maxsize=INSTANTS_REMEMBERED)
def rfc3339(instant: datetime) -> str:
    """Format as `2026-11-24T02:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


Instant = Annotated[datetime, AfterValidator(to_milliseconds), PlainSerializer(rfc3339, when_used="json")]
"""A point in time, in UTC with milliseconds. A string in JSON, a date in MongoDB."""


class CodeStatus(StrEnum):
    """Status of a code; a code has exactly one."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    ASSIGNED = "assigned"


class Model(BaseModel):
    """Frozen and strict (`"2"` is not 2); unknown fields are ignored."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,  # what the service sends has every field
    )

    @classmethod
    def trusted(cls, **fields: Any) -> Self:  # noqa: ANN401  # of any model
        """A model of values that are valid already, given all of its fields by name. It checks nothing.

        For what is made of the parts of valid models, thousands of times a second: a check costs five times as much.
        """
        model = cls.__new__(cls)
        assign(model, "__dict__", fields)
        assign(model, "__pydantic_fields_set__", set())
        assign(model, "__pydantic_extra__", None)
        assign(model, "__pydantic_private__", None)
        return model

    def to_json(self) -> bytes:
        """The wire form: one UTF-8 JSON object with every field of the contract."""
        return orjson.dumps(self.__dict__, default=plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


assign: Final = object.__setattr__
"""Models are frozen: their own refuses."""


MODEL_TYPE: Final = type(Model)
"""`type(type(value)) is MODEL_TYPE` takes a tenth of the time of `isinstance`, which pydantic answers in Python."""


def plain(value: Any) -> object:  # noqa: ANN401  # whatever a model holds
    """What orjson leaves to us: models inside of models, and instants."""
    return value.__dict__ if type(type(value)) is MODEL_TYPE else rfc3339(value)
