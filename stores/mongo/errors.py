"""MongoDB's errors as ours: who is at fault decides what happens next.

In:       any error of the driver, and what was being done: `idempotent`, `in_transaction` or `writing`.
Out:      StoreUnavailable, FactsStale or StoreRefused; see `schemas/errors.py`.
Promise:  only a short list of refusals of a write is the record's fault. A read, a commit, an answer that cannot be
          decoded, and every code that is not listed here are not: servers have hundreds of codes, proxies and
          providers add their own, and a good request must not become a dead letter because one of them is new to us.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from bson.errors import BSONError, InvalidDocument, InvalidStringData
from pymongo.errors import AutoReconnect, BulkWriteError, ConnectionFailure, OperationFailure, PyMongoError

from schemas.errors import (
    CodeServiceError,
    ConflictCause,
    FactsStale,
    RefusalCause,
    StoreRefused,
    StoreUnavailable,
    WaitCause,
)

DUPLICATE_KEY: Final = 11_000
CONFLICTS: Final[Mapping[int, ConflictCause]] = {
    112: "write_conflict",  # WriteConflict, with or without a label: engines differ in that
    251: "session_ended",  # NoSuchTransaction: the server ended it
    290: "session_ended",  # TransactionExceededLifetimeLimitSeconds: as above, in the midst of a statement
    11_601: "session_ended",  # Interrupted: the next owner of the partition has ended this session
    DUPLICATE_KEY: "duplicate",
}
REFUSALS: Final[Mapping[int, RefusalCause]] = {
    121: "validator",  # DocumentValidationFailure
    10_334: "too_large",  # BSONObjectTooLarge
    17_280: "too_large",  # KeyTooLong, of servers before 4.2 and of others that speak their protocol
}
NOT_ALLOWED: Final = frozenset(
    {
        13,  # Unauthorized
        18,  # AuthenticationFailed
        391,  # ReauthenticationRequired
        8_000,  # AtlasError: how Atlas words the ones above, and a quota that is used up
    }
)
IN_TRANSITION: Final = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed, in time
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        133,  # FailedToSatisfyReadPreference: a router that knows no primary
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        216,  # ElectionInProgress
        262,  # ExceededTimeLimit
        9_001,  # SocketException
        10_058,  # LegacyNotPrimary
        10_107,  # NotWritablePrimary
        11_600,  # InterruptedAtShutdown
        11_602,  # InterruptedDueToReplStateChange
        13_435,  # NotPrimaryNoSecondaryOk
        13_436,  # NotPrimaryOrSecondary
    }
)
"""With these, the label for retrying the transaction at once is ignored: the server is not available yet."""
BY_NAME: Final[Mapping[str, int]] = {
    "AuthenticationFailed": 18,
    "BSONObjectTooLarge": 10_334,
    "DocumentValidationFailure": 121,
    "DuplicateKey": DUPLICATE_KEY,
    "Interrupted": 11_601,
    "KeyTooLong": 17_280,
    "NoSuchTransaction": 251,
    "TransactionExceededLifetimeLimitSeconds": 290,
    "Unauthorized": 13,
    "WriteConflict": 112,
}
"""What some routers and emulators give without its number."""
IS_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")

Problem = PyMongoError | BSONError


@contextmanager
def _translated(translate: Callable[[Problem], CodeServiceError]) -> Iterator[None]:
    try:
        yield
    except (PyMongoError, BSONError) as why:
        raise translate(why) from None  # the driver quotes documents, secrets among them


def idempotent() -> AbstractContextManager[None]:
    """A read, or a write that may be repeated as it is: whatever goes wrong is retried (StoreUnavailable)."""
    return _translated(unavailable)


def in_transaction() -> AbstractContextManager[None]:
    """The reads, the beginning and the commit of a transaction: FactsStale or StoreUnavailable.

    A refusal that a commit reports is not believed: the commit may have happened. The ledger shows it.
    """
    return _translated(stale_or_unavailable)


def writing() -> AbstractContextManager[None]:
    """A write for a record: also StoreRefused. Inside a transaction it must not enclose the commit."""
    return _translated(in_our_words)


def in_our_words(why: Problem) -> CodeServiceError:
    """What the error of a write is. The text names the error's kind and codes, never a document."""
    if isinstance(why, InvalidDocument | InvalidStringData):  # the driver could not encode it, and sent nothing
        return StoreRefused(described(why), "too_large" if type(why).__name__ == "DocumentTooLarge" else "invalid")
    codes = codes_of(why)
    answer = stale_or_unavailable(why)
    if isinstance(answer, FactsStale) or not codes or codes - REFUSALS.keys() or concern_errors(why):
        return answer
    return StoreRefused(described(why), REFUSALS[min(codes)])


def stale_or_unavailable(why: Problem) -> FactsStale | StoreUnavailable:
    """What an error is that no record can be at fault for."""
    codes = codes_of(why)
    conflicts = sorted(codes & CONFLICTS.keys())
    if conflicts:
        return FactsStale(described(why), CONFLICTS[conflicts[0]])
    waits = unavailable(why)
    is_labelled = isinstance(why, PyMongoError) and why.has_error_label("TransientTransactionError")
    return FactsStale(described(why), "transient") if is_labelled and waits.cause == "server_error" else waits


def unavailable(why: Problem) -> StoreUnavailable:
    """What is retried, by its kind."""
    return StoreUnavailable(described(why), wait_cause(why))


def wait_cause(why: Problem) -> WaitCause:
    """Who must do something about it."""
    codes = codes_of(why)
    if codes & NOT_ALLOWED:
        return "not_allowed"
    if codes & IN_TRANSITION:
        return "in_transition"
    if isinstance(why, ConnectionFailure) or (isinstance(why, PyMongoError) and why.timeout):
        return "no_answer"
    return "server_error"


def described(why: Problem) -> str:
    """For the log: the driver's class, the server's codes, and the server's name of the code where it gives that."""
    codes = ", ".join(str(code) for code in sorted(codes_of(why)))
    name = name_of(why)
    inside = " ".join(text for text in (codes, name) if text)
    return f"{type(why).__name__} [{inside}]" if inside else type(why).__name__


def codes_of(why: Problem) -> frozenset[int]:
    """The server's error codes, those of single writes of a bulk and of their write concern included."""
    details = details_of(why)
    if isinstance(why, BulkWriteError):
        errors = [*details.get("writeErrors", ()), *concern_errors(why)]
        return frozenset(error["code"] for error in errors if isinstance(error.get("code"), int))
    code = why.code if isinstance(why, OperationFailure) else details.get("code")
    known = BY_NAME.get(name_of(why)) if code is None else code
    return frozenset() if known is None else frozenset({known})


def concern_errors(why: Problem) -> list[Mapping[str, Any]]:
    """Writes that may have happened, and that a majority did not confirm."""
    details = details_of(why)
    of_single_write = details.get("writeConcernError")
    return [*details.get("writeConcernErrors", ()), *([of_single_write] if of_single_write else [])]


def name_of(why: Problem) -> str:
    """The server's name of its code; nothing that does not look like one gets into a log."""
    name = details_of(why).get("codeName")
    return name if isinstance(name, str) and IS_NAME.fullmatch(name) else ""


def details_of(why: Problem) -> Mapping[str, Any]:
    """The server's answer, if there was one and the driver kept it."""
    found = why.details if isinstance(why, OperationFailure | AutoReconnect) else None
    return found if isinstance(found, Mapping) else {}
