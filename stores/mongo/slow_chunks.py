"""Whether a transaction failed because it wrote too much: fewer rows or requests would have been in time.

In:   any error of the driver.
Out:  ChunkTooSlow or BatchTooSlow for those; all others as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pymongo.errors import PyMongoError, ServerSelectionTimeoutError, WaitQueueTimeoutError

from schemas.errors import BatchTooSlow, ChunkTooSlow
from stores.mongo.errors import codes_of

TOO_MUCH: Final = frozenset(
    {
        50,  # MaxTimeMSExpired
        257,  # TransactionTooLarge
        262,  # ExceededTimeLimit
        290,  # TransactionExceededLifetimeLimitSeconds
        388,  # TransactionTooLargeForCache
    }
)


@contextmanager
def in_time(too_slow: type[BatchTooSlow | ChunkTooSlow] = ChunkTooSlow) -> Iterator[None]:
    """Turn an error of the driver that a smaller transaction might spare us into ours."""
    try:
        yield
    except PyMongoError as why:
        if not is_too_much(why):
            raise
        raise too_slow(f"{type(why).__name__} {sorted(codes_of(why))}") from None  # the driver quotes documents


def is_too_much(why: PyMongoError) -> bool:
    """A server that is not there, or a pool that is busy, has not begun to write."""
    never_began = isinstance(why, ServerSelectionTimeoutError | WaitQueueTimeoutError)
    return bool(codes_of(why) & TOO_MUCH) or (why.timeout and not never_began)
