"""What the consumers of one message at a time share: a list of free codes, and one guarded update for each request.

They do less than the worker, to their own advantage: the holder is written into the code's own document. No
reservation, no ledger, no counts, no transaction.

In:   the body of a reserve request.
Out:  the body of its result.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.reference.model import Collection, connect, reference
from ops.settings.load import Settings


class StockList:
    """The codes that were available at the start."""

    def __init__(self, settings: Settings) -> None:
        self._client = connect(settings)
        self._codes: Collection = reference(self._client, settings)["codes"]
        self._free: list[str] = []

    async def read(self) -> None:
        """Read the list."""
        self._free = [found["_id"] async for found in self._codes.find({"status": "available"}, {"_id": 1})]

    async def reserve(self, asked: Mapping[str, Any]) -> bytes:
        """Take the next available code for this fan."""
        while self._free:
            code_id, now = self._free.pop(), datetime.now(UTC)
            holder = {"status": "reserved", "fan_id": asked["fan_id"], "request_id": asked["request_id"]}
            taken = await self._codes.update_one(
                {"_id": code_id, "status": "available"}, {"$set": {**holder, "changed_at": now}}
            )
            if taken.matched_count:
                return orjson.dumps({**asked, "outcome": "reserved", "code_ids": [code_id], "decided_at": now})
        return orjson.dumps({**asked, "outcome": "refused", "reason": "out_of_stock"})
