"""The models of the request and command topics, with the contract's names.

Out: `Request` (reserve, assign, release), `ImportCommand`, and `content_digest`, which distinguishes a repeat from
     another request under the same id.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, Self

import orjson
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from schemas.base import (
    DAY_S,
    EXPIRER_PREFIX,
    SENDER_ID_LENGTH_MAX,
    CodeType,
    Id,
    Model,
    Operation,
    Quantity,
    SenderId,
    TtlSeconds,
)

ReleaseReason = Literal["unused", "cancelled", "expired"]

RELEASERS_SCHEMA: Final[JsonDict] = {
    "if": {"required": ["request_id"], "properties": {"request_id": {"pattern": f"^{EXPIRER_PREFIX}"}}},
    "then": {
        "required": ["reason"],
        "properties": {"reason": {"const": "expired"}, "fan_id": {"type": "null"}},
    },
    "else": {"properties": {"request_id": {"maxLength": SENDER_ID_LENGTH_MAX}}},
}
"""The part of `an_expirers_id_fits_its_reservation` that a JSON Schema can express."""


class ReserveRequest(Model):
    """Hold codes for a fan until they are assigned, released or expire. Source: topic `reserve.requests.v1`."""

    operation: ClassVar[Operation] = "reserve"

    request_id: SenderId
    """Chosen by the sender; the idempotency key, and the id of the reservation."""
    campaign_id: Id
    fan_id: Id
    code_type: CodeType = "tm"
    quantity: Quantity = 1
    """Codes wanted; all of them or none."""
    ttl_s: TtlSeconds = DAY_S
    """Seconds that the codes are held, counted from the decision."""


class AssignReservation(Model):
    """Assign a reservation's codes permanently to the fan who holds it. Source: topic `assign.requests.v1`."""

    operation: ClassVar[Operation] = "assign"

    request_id: SenderId
    campaign_id: Id
    fan_id: Id
    reservation_id: Id


class AssignFromStock(Model):
    """Assign codes to a fan directly from stock, without a reservation. Source: topic `assign.requests.v1`."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["reservation_id"]}})
    operation: ClassVar[Operation] = "assign"

    request_id: SenderId
    campaign_id: Id
    fan_id: Id
    code_type: CodeType = "tm"
    quantity: Quantity = 1
    """Codes wanted; all of them or none."""


def a_releasers(value: str) -> str:
    """Raises ValueError for an id that neither a sender nor the expirer may use on a release."""
    if not value.startswith(EXPIRER_PREFIX) and len(value) > SENDER_ID_LENGTH_MAX:
        raise ValueError(f"may have at most {SENDER_ID_LENGTH_MAX} characters")
    return value


class ReleaseRequest(Model):
    """Return a reservation's codes to stock. Source: topic `release.requests.v1`, from senders and the expirer."""

    model_config = ConfigDict(json_schema_extra=RELEASERS_SCHEMA)
    operation: ClassVar[Operation] = "release"

    request_id: Annotated[Id, AfterValidator(a_releasers)]
    campaign_id: Id
    reservation_id: Id
    fan_id: Id | None = None
    """If given, it must be the holder's id."""
    reason: ReleaseReason = "unused"

    @property
    def by_expirer(self) -> bool:
        """Whether the expirer sent it, because the reservation has expired."""
        return self.request_id.startswith(EXPIRER_PREFIX)

    @model_validator(mode="after")
    def an_expirers_id_fits_its_reservation(self) -> Self:
        """An id `expire:…` is valid only for the expiry of the reservation that it names."""
        if self.by_expirer and not self._is_an_expiry():
            raise ValueError("request_id: `expire:<reservation_id>:<attempt>` is the expirer's own")
        return self

    def _is_an_expiry(self) -> bool:
        stem, _, attempt = self.request_id.rpartition(":")
        return (
            stem == EXPIRER_PREFIX + self.reservation_id
            and attempt.isascii()
            and attempt.isdigit()
            and self.reason == "expired"
            and self.fan_id is None
        )


class ImportCommand(Model):
    """Import the codes of an S3 object into a campaign. Source: topic `import.commands.v1`."""

    request_id: SenderId
    """The import's id."""
    campaign_id: Id
    bucket: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{3,63}$")]
    key: Annotated[str, Field(min_length=1, max_length=1024)]
    version_id: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    code_type: CodeType = "tm"


AssignRequest = AssignReservation | AssignFromStock
Request = ReserveRequest | AssignReservation | AssignFromStock | ReleaseRequest


def expirer_request_id(reservation_id: str, attempt: int) -> str:
    """The request id of the expirer's `attempt`-th request to release an overdue reservation."""
    return f"{EXPIRER_PREFIX}{reservation_id}:{attempt}"


def content_digest(request: Model) -> str:
    """SHA-256 of a request's content, hex.

    Fields that have their default value are left out, as are unknown fields. So a field that a later version adds
    with a default does not change the digests of older requests.
    """
    defaults = defaults_of(type(request))
    content = {name: value for name, value in request.__dict__.items() if value != defaults[name]}
    content["kind"] = type(request).__name__
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


@cache
def defaults_of(model: type[Model]) -> Mapping[str, Any]:
    """Each field's default; of a field without, an object that no value equals."""
    return {name: field.default for name, field in model.model_fields.items()}
