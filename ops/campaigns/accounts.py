"""A campaign as it is shown to people and programs.

In:       `CampaignFound`.
Out:      an account that can be written as JSON: state, counts, last import.
"""

from datetime import datetime
from typing import Any

from schemas.base import CodeStatus, rfc3339
from stores.mongo.campaign_desk import CampaignFound

Account = dict[str, Any]


def account_of(found: CampaignFound) -> Account:
    """All that `codes campaigns show` says of it."""
    return {
        "campaign_id": found.campaign_id,
        "state": found.state,
        **totals(found),
        "closed_at": instant(found.closed_at),
        "closed_by": found.closed_by,
        "last_import": import_of(found),
        "removal": removal_of(found),
        "has_document": found.has_document,
        "counts": [
            {"code_type": kind, **{str(status): row[status] for status in CodeStatus}, "total": row.total()}
            for kind, row in sorted(found.counts.items())
        ],
    }


def totals(found: CampaignFound) -> Account:
    """Codes by status, over all types."""
    by_status = {str(status): sum(row[status] for row in found.counts.values()) for status in CodeStatus}
    return {**by_status, "total": sum(by_status.values())}


def import_of(found: CampaignFound) -> Account | None:
    """The import that began last; null if none did, or its document was removed."""
    last = found.last_import
    if last is None:
        return None
    return {"import_id": last["_id"], "state": last.get("state"), "changed_at": instant(last.get("changed_at"))}


def removal_of(found: CampaignFound) -> Account | None:
    """When, by whom, and where the codes are."""
    if found.removal is None:
        return None
    return {name: instant(value) if isinstance(value, datetime) else value for name, value in found.removal.items()}


def instant(value: datetime | None) -> str | None:
    """In the contract's form."""
    return None if value is None else rfc3339(value)
