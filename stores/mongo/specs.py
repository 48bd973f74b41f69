"""The collections as they should be: name, document model, indexes, shard key.

Out:      `CollectionSpec` for each; what each index is for stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel
from pymongo import ASCENDING, HASHED

from schemas.base import DAY_S
from schemas.documents import (
    CancellationDocument,
    CodeDocument,
    ImportDocument,
    InventoryDocument,
    LedgerDocument,
    OwnerDocument,
    RejectsDocument,
    ReservationDocument,
)


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """One index, all its fields ascending."""

    name: str
    fields: tuple[str, ...]
    unique: bool = False
    partial: tuple[str, str] | None = None
    """Only documents in which this field has this value."""
    expire_after_s: int | None = None
    """Seconds after the key's time at which a document is removed."""

    @property
    def keys(self) -> dict[str, int]:
        """The key as the server lists it."""
        return dict.fromkeys(self.fields, ASCENDING)

    def options(self) -> dict[str, Any]:
        """The options as the server lists them."""
        options: dict[str, Any] = {"unique": True} if self.unique else {}
        if self.partial is not None:
            options["partialFilterExpression"] = dict([self.partial])
        if self.expire_after_s is not None:
            options["expireAfterSeconds"] = self.expire_after_s
        return options


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """One collection as `codes migrate` makes it."""

    name: str
    model: type[BaseModel]
    indexes: tuple[IndexSpec, ...] = ()
    shard_key: Mapping[str, int | str] = field(default_factory=dict)
    """Of a sharded cluster; empty: the collection stays on the database's primary shard. The reasons are in
    docs/decisions/0021-sharding.md."""


UNIQUE_CODE: Final = IndexSpec("unique_code", ("campaign_id", "code"), unique=True)
"""A code is in a campaign once, however often it is imported."""
STOCK: Final = IndexSpec("stock", ("campaign_id", "code_type", "status", "draw"))
"""Candidates from a random point of the draw space. Not partial: see docs/decisions/0003-the-stocks-index.md."""
OVERDUE: Final = IndexSpec("overdue", ("expires_at",), partial=("state", "held"))
"""What the expirer looks for."""
MOVED_BY: Final = IndexSpec("moved_by", ("moved_by",))
"""From a code to its holder."""
CAMPAIGN: Final = IndexSpec("campaign", ("campaign_id",))
"""A campaign's shards."""
REPORT: Final = IndexSpec("report", ("import_id", "line"))
"""An import's rejected rows in the order of the file."""
FORGET_CANCELLATION: Final = IndexSpec("forget", ("asked_at",), expire_after_s=30 * DAY_S)
"""Longer than a command waits on its topic by default."""

BY_CAMPAIGN: Final[Mapping[str, int | str]] = {"campaign_id": HASHED, "code": ASCENDING}
"""Campaigns are spread over the shards at once, and a large one can be split. The fields are those of `UNIQUE_CODE`,
without which no shard could know that a code is unique."""
BY_ID: Final[Mapping[str, int | str]] = {"_id": HASHED}
"""Also keeps a request's id unique in the whole cluster."""


def collections(ledger_days: int) -> tuple[CollectionSpec, ...]:
    """All of them; the ledger forgets after so many days."""
    forget = IndexSpec("forget", ("decided_at",), expire_after_s=ledger_days * DAY_S)
    return (
        CollectionSpec("codes", CodeDocument, (UNIQUE_CODE, STOCK), BY_CAMPAIGN),
        CollectionSpec("reservations", ReservationDocument, (OVERDUE, MOVED_BY), BY_ID),
        CollectionSpec("requests", LedgerDocument, (forget,), BY_ID),
        CollectionSpec("inventory", InventoryDocument, (CAMPAIGN,)),
        CollectionSpec("owners", OwnerDocument),
        CollectionSpec("imports", ImportDocument),
        CollectionSpec("rejects", RejectsDocument, (REPORT,)),
        CollectionSpec("cancellations", CancellationDocument, (FORGET_CANCELLATION,)),
    )
