"""Refuses a database of the time when codes had random ids.

Out:      nothing, or DatabaseTooOld.
Promise:  one small read. Every code of that time has a `draw`, and none of today.
"""

from schemas.errors import DatabaseTooOld
from stores.mongo.collections import Collection
from stores.mongo.errors import idempotent


async def refuse_older(codes: Collection) -> None:
    """Check any code.

    Raises:
        DatabaseTooOld: it was imported by an older version. Its id would not be found, and its duplicate imported.
        StoreUnavailable: no answer in time; safe to repeat.
    """
    with idempotent():
        found = await codes.find_one({}, {"draw": 1})
    if found is not None and "draw" in found:
        raise DatabaseTooOld("codes: imported by an older version, with random ids")
