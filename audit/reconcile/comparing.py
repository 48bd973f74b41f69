"""Compare every reservation with its codes, and every taken code with the reservations.

In:       campaigns, or all of them.
Out:      each `Finding` as it is found, and their number. No code's value.
Promise:  reads only. What is named disagreed in one snapshot, whatever moves meanwhile. Memory is bounded: which
          codes are named is kept in a temporary file.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import closing
from typing import Any

from audit.reconcile.reconciling import patiently
from handlers.requests.consistency import Finding
from ops.settings.load import Settings
from schemas.documents import ReservationDocument
from stores.mongo.collections import open_collections
from stores.mongo.consistency import Consistency

UNKNOWN = "unknown"
"""The campaign of a reservation that cannot be read."""
UNNAMED = "{status}, and no reservation names it"


class Named:
    """Which codes are named by reservations: SQLite keeps more than memory does."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE named (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, reservations: Iterable[ReservationDocument]) -> None:
        """All codes of these."""
        ids = ((code_id,) for reservation in reservations for code_id in reservation.code_ids)
        self._database.executemany("INSERT OR IGNORE INTO named VALUES (?)", ids)

    def without(self, code_ids: Collection[str]) -> list[str]:
        """Those of the codes that nobody has named."""
        return [code_id for code_id in code_ids if not self._database.execute(IS_NAMED, (code_id,)).fetchone()]


IS_NAMED = "SELECT 1 FROM named WHERE id = ?"


async def compare(settings: Settings, campaigns: Collection[str], report: Callable[[dict[str, Any]], None]) -> int:
    """Report each finding as it is found; the number of findings.

    Raises:
        StoreUnavailable, SnapshotLost: MongoDB gave no answer, or not in time.
    """
    count = 0
    async with open_collections(settings.mongo) as collections:
        with closing(sqlite3.connect("")) as database:  # SQLite's name for a file that is gone at the end
            async for finding in findings(Consistency(collections), campaigns, Named(database)):
                report(finding._asdict())
                count += 1
    return count


async def findings(store: Consistency, campaigns: Collection[str], named: Named) -> AsyncIterator[Finding]:
    """Reservations that disagree with their codes, then codes that no reservation names."""
    async for page in store.reservations(campaigns):
        reservations = list(page.models.values())
        named.add(reservations)
        for reservation_id, why in page.unreadable.items():
            yield Finding("reservation", UNKNOWN, reservation_id, why)
        for finding in await inconsistent(store, reservations):
            yield finding
    async for code_ids in store.taken_codes(campaigns):
        for finding in await unnamed(store, named.without(code_ids)):
            yield finding


async def inconsistent(store: Consistency, page: Collection[ReservationDocument]) -> list[Finding]:
    """Those of a page, confirmed in one snapshot."""
    suspects = await store.suspects(page)
    campaign_of = {reservation.id: reservation.campaign_id for reservation in page}
    confirmed = await patiently(lambda: store.disagreements(suspects), "of a reservation")
    return [Finding("reservation", campaign_of[name], name, why) for name, why in confirmed.items()]


async def unnamed(store: Consistency, code_ids: Collection[str]) -> list[Finding]:
    """Those of the codes that are, confirmed in one snapshot."""
    if not code_ids:
        return []
    confirmed = await patiently(lambda: store.unnamed(code_ids), "of a code")
    return [Finding("code", campaign, name, UNNAMED.format(status=status)) for name, campaign, status in confirmed]
