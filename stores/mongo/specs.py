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
    AuditRecordDocument,
    CampaignDocument,
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
    partial: tuple[str, str] | None = None
    """Only documents in which this field has this value."""
    sparse: bool = False
    """Only documents that have the field."""
    expire_after_s: int | None = None
    """Seconds after the key's time at which a document is removed."""

    @property
    def keys(self) -> dict[str, int]:
        """The key as the server lists it."""
        return dict.fromkeys(self.fields, ASCENDING)

    def options(self) -> dict[str, Any]:
        """The options as the server lists them."""
        options: dict[str, Any] = {"sparse": True} if self.sparse else {}
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


RETURNED: Final = IndexSpec("returned", ("returned",), sparse=True)
"""Codes that came back, and those that were imported while others were taken; no others have the field."""
IDS: Final = IndexSpec("ids", ("_id", "campaign_id"))
"""Only for servers that look through all documents for a range of `_id` (`mongo.id_index`)."""
OVERDUE: Final = IndexSpec("overdue", ("expires_at",), partial=("state", "held"))
"""What the expirer looks for."""
MOVED_BY: Final = IndexSpec("moved_by", ("moved_by",))
"""From a code to its holder."""
CAMPAIGN: Final = IndexSpec("campaign", ("campaign_id",))
"""A campaign's shards."""
REPORT: Final = IndexSpec("report", ("import_id", "line"))
"""An import's rejected rows in the order of the file."""
CANCELLATION_DAYS_MIN: Final = 30

BY_RANGE: Final[Mapping[str, int | str]] = {"_id": ASCENDING}
"""A code's id begins with its campaign, so a campaign is in few ranges, and a partition's walk on one shard."""
BY_ID: Final[Mapping[str, int | str]] = {"_id": HASHED}
"""Also keeps a request's id unique in the whole cluster."""


def collections(ledger_days: int, *, id_index: bool = False) -> tuple[CollectionSpec, ...]:
    """All of them; the ledger forgets an entry after `ledger_days`."""
    forget = IndexSpec("forget", ("decided_at",), expire_after_s=ledger_days * DAY_S)
    # A command waits on its topic for as long as the ledger keeps entries, at most: it must find its cancellation.
    cancelled_s = max(ledger_days, CANCELLATION_DAYS_MIN) * DAY_S
    forget_cancellation = IndexSpec("forget", ("asked_at",), expire_after_s=cancelled_s)
    return (
        CollectionSpec("codes", CodeDocument, (RETURNED, IDS) if id_index else (RETURNED,), BY_RANGE),
        CollectionSpec("campaigns", CampaignDocument),
        CollectionSpec("reservations", ReservationDocument, (OVERDUE, MOVED_BY), BY_ID),
        CollectionSpec("requests", LedgerDocument, (forget,), BY_ID),
        CollectionSpec("inventory", InventoryDocument, (CAMPAIGN,)),
        CollectionSpec("owners", OwnerDocument),
        CollectionSpec("imports", ImportDocument),
        CollectionSpec("rejects", RejectsDocument, (REPORT,)),
        CollectionSpec("cancellations", CancellationDocument, (forget_cancellation,)),
        CollectionSpec("audit_records", AuditRecordDocument),
    )
