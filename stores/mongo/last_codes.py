"""How many codes of a kind are left, and those of them that came back: read in one snapshot.

In:       a kind of codes.
Out:      `Left`.
Promise:  counts change in the same transaction as codes. So if the snapshot counts no more codes than were found by
          then, there are no others.
"""

from dataclasses import dataclass
from random import randrange
from typing import Final

from motor.motor_asyncio import AsyncIOMotorClientSession

from handlers.code_ids import BEHIND, campaign_prefix
from handlers.requests.facts import StockKey
from schemas.topics import IMPORT
from stores.mongo.collections import Collections, Document, snapshot

MARK_DIGITS: Final = 8
"""Random digits of a mark: readers begin at different ones."""


@dataclass(frozen=True, slots=True)
class Left:
    """One kind of codes at one time."""

    available: int
    """By the counts of all shards."""
    imported: frozenset[tuple[str, int]]
    """Versions of the importers' shards: the same ones mean that nothing was imported meanwhile."""
    returned: list[Document]
    """Codes that came back, or came behind the walks: at most as many as were asked for, or all."""


def new_mark(prefix: str) -> str:
    """The value of `returned` for codes of the campaign with this prefix."""
    return f"{prefix}{randrange(16**MARK_DIGITS):0{MARK_DIGITS}x}"  # noqa: S311  # spreads readers, hides nothing


class LastCodes:
    """Every method is a snapshot of its own."""

    def __init__(self, collections: Collections, fields: Document) -> None:
        """`fields`: those of a code that a candidate needs."""
        self._collections = collections
        self._fields = fields

    async def left(self, key: StockKey, wanted: int) -> Left:
        """What is left of a kind, with up to `wanted` codes that came back."""
        async with snapshot(self._collections.database.client) as session:
            shards = await self._collections.inventory.find(
                {"campaign_id": key.campaign_id},
                {"code_type": 1, "shard": 1, "available": 1, "version": 1},
                session=session,
            ).to_list(None)
            own = [shard for shard in shards if shard.get("code_type") == key.code_type]
            available = sum(count for shard in own if isinstance(count := shard.get("available"), int))
            imported = frozenset((str(shard["_id"]), shard.get("version", 0)) for shard in own if is_importers(shard))
            returned = await self._returned(key, min(wanted, available), session) if available > 0 else []
        return Left(available, imported, returned)

    async def _returned(self, key: StockKey, limit: int, session: AsyncIOMotorClientSession) -> list[Document]:
        """From a random mark to the last one, then from the first one."""
        prefix = campaign_prefix(key.campaign_id)
        start = new_mark(prefix)
        found: list[Document] = []
        for low, high in ((start, prefix + BEHIND), (prefix, start)):
            if len(found) < limit:
                wanted = {
                    "returned": {"$gte": low, "$lt": high},
                    "campaign_id": key.campaign_id,
                    "code_type": key.code_type,
                    "status": "available",
                }
                cursor = self._collections.codes.find(wanted, self._fields, limit=limit - len(found), session=session)
                found += await cursor.to_list(None)
        return found


def is_importers(shard: Document) -> bool:
    """Whether an importer writes the shard."""
    return str(shard.get("shard", "")).startswith(f"{IMPORT.name}.")
