"""Codes inserted directly into the database, as an import leaves them, for tests of other things."""

from datetime import UTC, datetime
from typing import Any

from handlers.code_ids import SALT_BYTES, code_ids
from schemas.base import CodeType
from stores.mongo.connection import Database

SHARD = "import.commands.v1.0"
SALT = bytes(range(SALT_BYTES))
"""Of every campaign."""
INSERT_SIZE = 500
"""One operation must end within the time-out, even on the slowest engine under load."""


async def put_codes(
    db: Database, campaign_id: str, count: int, *, code_type: CodeType = "tm", prefix: str = "SECRET"
) -> None:
    """`count` available codes `<prefix>-<campaign>-<number>`, and the shard that counts them."""
    names = [f"{prefix}-{campaign_id}-{code_type}-{number:06d}" for number in range(count)]
    for start in range(0, count, INSERT_SIZE):
        part = [a_code(campaign_id, code_type, name) for name in names[start : start + INSERT_SIZE]]
        await db["codes"].insert_many(part, ordered=False)
    await db["inventory"].insert_one(a_shard(campaign_id, code_type, count))
    await put_salt(db, campaign_id)


async def put_salt(db: Database, campaign_id: str) -> None:
    """What later imports into the campaign make ids with."""
    await db["campaigns"].update_one({"_id": campaign_id}, {"$set": {"salt": SALT.hex()}}, upsert=True)


def code_id(campaign_id: str, code: str) -> str:
    """The id of a code."""
    [found] = code_ids(campaign_id, SALT, [code])
    return found


def a_code(campaign_id: str, code_type: CodeType, code: str) -> dict[str, Any]:
    """One available code."""
    return {
        "_id": code_id(campaign_id, code),
        "campaign_id": campaign_id,
        "code": code,
        "code_type": code_type,
        "status": "available",
        "moved_by": f"{SHARD}@0",
        "imported_by": "import-1",
        "changed_at": datetime.now(UTC),
    }


def a_shard(campaign_id: str, code_type: CodeType, count: int) -> dict[str, Any]:
    """The shard that counts the codes."""
    return {
        "_id": f"{campaign_id}:{code_type}:{SHARD}",
        "campaign_id": campaign_id,
        "code_type": code_type,
        "shard": SHARD,
        "version": 1,
        "available": count,
        "reserved": 0,
        "assigned": 0,
        "cause": "import",
        "changed_at": datetime.now(UTC),
    }


async def put_holds(db: Database, campaign_id: str, count: int, expires_at: datetime) -> None:
    """`count` reservations `<campaign>-<number>` of one code and one fan each, and the shard that counts them."""
    for start in range(0, count, INSERT_SIZE):
        names = [f"{campaign_id}-{number}" for number in range(start, min(start + INSERT_SIZE, count))]
        codes = [{**a_code(campaign_id, "tm", f"SECRET-{name}"), "status": "reserved"} for name in names]
        holds = [a_hold(campaign_id, name, code["_id"], expires_at) for name, code in zip(names, codes, strict=True)]
        await db["codes"].insert_many(codes, ordered=False)
        await db["reservations"].insert_many(holds, ordered=False)
    await db["inventory"].insert_one({**a_shard(campaign_id, "tm", 0), "reserved": count})
    await put_salt(db, campaign_id)


def a_hold(campaign_id: str, name: str, code_id: str, expires_at: datetime) -> dict[str, Any]:
    """One held reservation."""
    return {
        "_id": name,
        "campaign_id": campaign_id,
        "fan_id": f"fan-of-{name}",
        "code_type": "tm",
        "code_ids": [code_id],
        "state": "held",
        "expires_at": expires_at,
        "moved_by": f"{SHARD}@0",
        "changed_at": datetime.now(UTC),
    }
