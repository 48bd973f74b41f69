"""What the audit needs of each document, and what makes a document unusable for it.

In:       documents as MongoDB has them, whatever somebody wrote there by hand.
Out:      the problem in a sentence without values, or none; rows for the tables.
Promise:  nothing here raises for a damaged document.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from audit.tables import Row
from ops.broker.records import Fields
from schemas.base import CodeType, Model
from schemas.documents import LedgerDocument, ReservationState
from schemas.problems import problems

Count = Annotated[int, Field(ge=0)]


class Audited(Model):
    """Fields that the audit does not read are not checked: another version may have written them."""

    id: str = Field(alias="_id")
    changed_at: datetime | None = None


class AuditedCode(Audited):
    """Of `codes`."""

    campaign_id: str
    code: Annotated[str, Field(min_length=1)]
    code_type: CodeType
    status: Literal["available", "reserved", "assigned"]
    imported_by: str


class AuditedReservation(Audited):
    """Of `reservations`."""

    fan_id: str
    state: ReservationState
    code_ids: Sequence[str]
    expires_at: datetime | None = None


class AuditedShard(Audited):
    """Of `inventory`."""

    campaign_id: str
    code_type: str
    version: Count
    available: int
    reserved: int
    assigned: int


class AuditedImport(Audited):
    """Of `imports`."""

    state: str | None = None
    rows_read: Count
    inserted: Count
    duplicates_in_file: Count
    duplicates_in_campaign: Count
    rejected: Count


MODELS: Final[Mapping[str, type[Model]]] = {
    "codes": AuditedCode,
    "reservations": AuditedReservation,
    "requests": LedgerDocument,
    "inventory": AuditedShard,
    "imports": AuditedImport,
}
"""By collection. Of the others nothing is compared."""


def damage_of(collection: str, document: Fields) -> str:
    """`field: what is wrong`; empty if the audit can use the document."""
    model = MODELS.get(collection)
    if model is None:
        return ""
    try:
        model.model_validate(document, strict=model is not LedgerDocument)  # MongoDB has no tuples and no enums
    except ValidationError as why:
        return problems(why)
    return ""


def milliseconds(instant: object) -> int:
    """Since 1970, of an instant as text or as the database has it; 0 for none."""
    if isinstance(instant, str):
        instant = parsed(instant)
    return int(instant.timestamp() * 1000 + 0.5) if isinstance(instant, datetime) else 0


def parsed(instant: str) -> datetime | None:
    """An instant in ISO 8601; None for any other text: a damaged document has its own finding."""
    try:
        return datetime.fromisoformat(instant)
    except ValueError:
        return None


def code_row(document: Fields, value: bytes) -> Row:
    """Of `codes`, also of a damaged document: it is a code that reservations name. `value` is its digest."""
    names = ("_id", "campaign_id", "code_type", "status")
    texts = (text_or_none(document.get(name)) for name in names)
    return (*texts, value, text_or_none(document.get("imported_by")), milliseconds(document.get("changed_at")))


def text_or_none(field: object) -> str | None:
    """SQLite takes no ObjectId and no array."""
    return str(field) if isinstance(field, str) else None


def shard_row(document: Fields) -> Row:
    """Of `inventory`."""
    names = ("_id", "campaign_id", "code_type", "version", "available", "reserved", "assigned")
    return (*(document[name] for name in names), milliseconds(document.get("changed_at")))


def import_row(document: Fields) -> Row:
    """Of `imports`."""
    names = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    figures = (document[name] for name in names)
    return (document["_id"], document.get("state"), *figures, milliseconds(document.get("changed_at")))
