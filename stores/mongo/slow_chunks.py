"""Whether an operation failed because it was too large: a smaller one would have been in time, or have had room.

In:   any error of the driver.
Out:  ChunkTooSlow or BatchTooSlow for those; all others as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from pymongo.errors import PyMongoError, ServerSelectionTimeoutError, WaitQueueTimeoutError

from schemas.errors import BatchTooSlow, ChunkTooSlow
from stores.mongo.errors import codes_of

TOO_LARGE: Final = frozenset(
    {
        257,  # TransactionTooLarge
        388,  # TransactionTooLargeForCache
    }
)
TOO_MUCH: Final = TOO_LARGE | {
    50,  # MaxTimeMSExpired
    262,  # ExceededTimeLimit
    290,  # TransactionExceededLifetimeLimitSeconds
}


@contextmanager
def in_time() -> Iterator[None]:
    """Turn an error of the driver that fewer rows might spare us into ours; it says how long the block took."""
    began_s = monotonic()
    try:
        yield
    except PyMongoError as why:
        if not is_too_much(why):
            raise
        codes = codes_of(why)
        text = f"{type(why).__name__} {sorted(codes)}"  # the driver's own text quotes documents
        timed_out_s = monotonic() - began_s if codes.isdisjoint(TOO_LARGE) else None
        raise ChunkTooSlow(text, timed_out_s=timed_out_s) from None


@contextmanager
def batch_in_time() -> Iterator[None]:
    """Turn an error of the driver that fewer requests might spare us into ours."""
    try:
        yield
    except PyMongoError as why:
        if not is_too_much(why):
            raise
        raise BatchTooSlow(f"{type(why).__name__} {sorted(codes_of(why))}") from None  # see above


def is_too_much(why: PyMongoError) -> bool:
    """A server that is not there, or a pool that is busy, has not begun to write."""
    never_began = isinstance(why, ServerSelectionTimeoutError | WaitQueueTimeoutError)
    return bool(codes_of(why) & TOO_MUCH) or (why.timeout and not never_began)
