"""What MongoDB says, in our words.

In:   any error of the driver.
Out:  FactsStale, StoreUnavailable or StoreRefused; see `schemas/errors.py`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from schemas.errors import ConflictCause, FactsStale, StoreRefused, StoreUnavailable

DUPLICATE_KEY: Final = 11_000
CONFLICTS: Final[Mapping[int, ConflictCause]] = {
    112: "write_conflict",  # WriteConflict, with or without a label: engines differ in that
    251: "session_ended",  # NoSuchTransaction: the server ended it
    11_601: "session_ended",  # Interrupted: the next owner of the partition has ended this session
    DUPLICATE_KEY: "duplicate",
}
AWAY: Final = frozenset(
    {
        13,  # Unauthorized: no fault of the record, which must not become a dead letter for it
        18,  # AuthenticationFailed, as above
        391,  # ReauthenticationRequired, as above
        8_000,  # AtlasError: how Atlas words the ones above
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed, in time
        91,  # ShutdownInProgress
        189,  # PrimarySteppedDown
        388,  # TransactionTooLargeForCache: ours are small, so the cache is full of what others, or we, just wrote
        262,  # ExceededTimeLimit
        10_107,  # NotWritablePrimary
        11_600,  # InterruptedAtShutdown
        11_602,  # InterruptedDueToReplStateChange
        13_435,  # NotPrimaryNoSecondaryOk
        13_436,  # NotPrimaryOrSecondary
    }
)


@contextmanager
def translated() -> Iterator[None]:
    """Turn an error of the driver into one of ours."""
    try:
        yield
    except PyMongoError as why:
        raise in_our_words(why) from None  # the driver quotes documents, secrets among them
    except BSONError as why:  # a document that is too large, above all
        raise StoreRefused(type(why).__name__) from None


def in_our_words(why: PyMongoError) -> FactsStale | StoreUnavailable | StoreRefused:
    """Which of ours it is. The text names the error's kind and code, never a document."""
    codes = codes_of(why)
    told = f"{type(why).__name__} {sorted(codes)}" if codes else type(why).__name__
    conflicts = sorted(codes & CONFLICTS.keys())
    if conflicts:
        return FactsStale(told, CONFLICTS[conflicts[0]])
    if isinstance(why, ConnectionFailure) or why.timeout or codes & AWAY:
        return StoreUnavailable(told)
    if why.has_error_label("TransientTransactionError"):
        return FactsStale(told, "transient")
    if why.has_error_label("UnknownTransactionCommitResult") or why.has_error_label("RetryableWriteError"):
        return StoreUnavailable(told)
    return StoreRefused(told)


def codes_of(why: PyMongoError) -> set[int]:
    """The server's error codes, those of single writes of a bulk included."""
    if isinstance(why, BulkWriteError):
        return {error["code"] for error in (why.details or {}).get("writeErrors", ()) if "code" in error}
    return {why.code} if isinstance(why, OperationFailure) and why.code is not None else set()
