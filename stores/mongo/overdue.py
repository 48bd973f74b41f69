"""Held reservations past their end.

In:   two instants.
Out:  overdue reservations in the order of their end, in pages, so that memory stays small for any number.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from handlers.expiry import Overdue
from stores.mongo.collections import Collections, Document
from stores.mongo.errors import idempotent

NEEDED: Final = frozenset({"campaign_id", "fan_id"})
"""Without these (edited by hand) a reservation cannot be released; it must not keep all others from it."""


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
                yield [overdue(document) for document in page if document.keys() >= NEEDED]


def held(since: datetime | None, until: datetime) -> Document:
    """A filter for held reservations that ended in a span of time."""
    return {"state": "held", "expires_at": {"$lte": until} if since is None else {"$gte": since, "$lte": until}}


def overdue(document: Document) -> Overdue:
    """The fields that the expirer needs."""
    return Overdue(document["_id"], document["campaign_id"], document["fan_id"], document["expires_at"])


def overdue_since(document: Document) -> datetime:
    """The end of a reservation."""
    ended: datetime = document["expires_at"]
    return ended
