"""Held reservations past their end.

In:   two instants.
Out:  overdue reservations in the order of their end, in pages, so that memory stays small for any number.
"""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

from handlers.expiry import Overdue
from schemas.base import ID_PATTERN
from stores.mongo.collections import Collections, Document
from stores.mongo.errors import idempotent

NEEDED: Final = ("_id", "campaign_id", "fan_id")
"""Ids that a release request is made of."""
FIRST_DAY: Final = datetime(1, 1, 1, tzinfo=UTC)
"""MongoDB has dates before it, and Python has none: a reservation with one was edited by hand."""
IS_ID: Final = re.compile(ID_PATTERN)


class OverdueReservations:
    """The reads of one expirer."""

    def __init__(self, collections: Collections) -> None:
        self._reservations = collections.reservations

    async def oldest(self, *, since: datetime | None, until: datetime) -> datetime | None:
        """The earliest end of a held reservation from `since` (None: ever) to `until`, if any.

        Raises:
            StoreUnavailable: no answer in time; safe to repeat.
        """
        with idempotent():
            found = await self._reservations.find_one(held(since, until), {"expires_at": 1}, sort=[("expires_at", 1)])
        return None if found is None else overdue_since(found)

    async def pages(self, *, since: datetime | None, until: datetime, size: int) -> AsyncIterator[list[Overdue]]:
        """Held reservations that ended from `since` (None: ever) to `until`, `size` at a time.

        Raises:
            StoreUnavailable: no answer in time; safe to repeat.
        """
        fields = {"campaign_id": 1, "fan_id": 1, "expires_at": 1}
        with idempotent():
            cursor = self._reservations.find(held(since, until), fields, sort=[("expires_at", 1)], batch_size=size)
            while page := await cursor.to_list(size):
                yield [overdue(document) for document in page if is_readable(document)]


def held(since: datetime | None, until: datetime) -> Document:
    """A filter for held reservations that ended in a span of time."""
    return {"state": "held", "expires_at": {"$gte": since or FIRST_DAY, "$lte": until}}


def is_readable(document: Document) -> bool:
    """False for a reservation that was edited by hand: one that cannot be requested must not stop the others."""
    ids = [document.get(name) for name in NEEDED]
    return all(isinstance(found, str) and IS_ID.fullmatch(found) for found in ids)


def overdue(document: Document) -> Overdue:
    """The fields that the expirer needs."""
    return Overdue(document["_id"], document["campaign_id"], document["fan_id"], document["expires_at"])


def overdue_since(document: Document) -> datetime:
    """The end of a reservation."""
    ended: datetime = document["expires_at"]
    return ended
