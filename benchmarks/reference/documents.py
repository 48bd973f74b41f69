"""Documents of the reference model. Ids and draws are derived from names, so that no process must read them.

In:   names of campaigns and reservations, numbers of codes.
Out:  documents for `insert_many`.
"""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

CODE_TYPE: Final = "tm"
FILLED_BY: Final = "import.commands.v1.0@0"
"""`moved_by` of codes and reservations that were inserted before a run."""
LATER: Final = timedelta(days=1)

Document = dict[str, Any]


def code_id(campaign_id: str, name: str) -> str:
    """Random for the database, as a UUID would be."""
    return blake2b(f"{campaign_id}/{name}".encode(), digest_size=16).hexdigest()


def draw_of(identity: str) -> int:
    """The code's place in the order of the stock: 31 bits.

    Of the last digits: the first ones give the order of the ids, and the model's draws are independent of its ids.
    """
    return int(identity[-8:], 16) >> 1


def code(campaign_id: str, name: str, status: str = "available") -> Document:
    """One code."""
    identity = code_id(campaign_id, name)
    return {
        "_id": identity,
        "campaign_id": campaign_id,
        "code": name,
        "code_type": CODE_TYPE,
        "status": status,
        "draw": draw_of(identity),
        "moved_by": FILLED_BY,
        "imported_by": "import-1",
        "changed_at": datetime.now(UTC),
    }


def reservation(
    name: str, campaign_id: str, fan_id: str, identity: str, moved_by: str = FILLED_BY, at: datetime | None = None
) -> Document:
    """One held reservation of one code."""
    now = at or datetime.now(UTC)
    return {
        "_id": name,
        "campaign_id": campaign_id,
        "fan_id": fan_id,
        "code_type": CODE_TYPE,
        "code_ids": [identity],
        "state": "held",
        "expires_at": now + LATER,
        "moved_by": moved_by,
        "changed_at": now,
    }


def shard(campaign_id: str, name: str, available: int, reserved: int) -> Document:
    """One writer's share of a campaign's counts."""
    return {
        "_id": f"{campaign_id}:{CODE_TYPE}:{name}",
        "campaign_id": campaign_id,
        "code_type": CODE_TYPE,
        "shard": name,
        "version": 1,
        "available": available,
        "reserved": reserved,
        "assigned": 0,
        "cause": "import",
        "changed_at": datetime.now(UTC),
    }


def entry(result: Document, source: str, at: datetime) -> Document:
    """One entry of the ledger."""
    digest = blake2b(result["request_id"].encode(), digest_size=32).hexdigest()
    return {"_id": result["request_id"], "digest": digest, "source": source, "outcome": result, "decided_at": at}
