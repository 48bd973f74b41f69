"""Every code of the server's own list: a read is never the record's fault, a write only with three of them."""

import csv
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError, WriteConcernError, WriteError

from schemas.errors import CodeServiceError, FactsStale, StoreRefused, StoreUnavailable, WaitCause
from stores.mongo.errors import in_our_words, stale_or_unavailable, unavailable
from tests.places import DATA

CODES: Final = DATA / "mongodb" / "error_codes.csv"
with CODES.open() as table:
    NAMES: Final = {int(row["code"]): row["name"] for row in csv.DictReader(table)}

CONFLICTS: Final = {
    "DuplicateKey": "duplicate",
    "Interrupted": "session_ended",
    "NoSuchTransaction": "session_ended",
    "TransactionExceededLifetimeLimitSeconds": "session_ended",
    "WriteConflict": "write_conflict",
}
REFUSALS: Final = {
    "BSONObjectTooLarge": "too_large",
    "DocumentValidationFailure": "validator",
    "KeyTooLong": "too_large",
}
WAITS: Final[dict[str, WaitCause]] = {
    **dict.fromkeys(
        ("AtlasError", "AuthenticationFailed", "ReauthenticationRequired", "Unauthorized"), "not_allowed"
    ),
    **dict.fromkeys(
        (
            "ElectionInProgress",
            "ExceededTimeLimit",
            "FailedToSatisfyReadPreference",
            "HostNotFound",
            "HostUnreachable",
            "InterruptedAtShutdown",
            "InterruptedDueToReplStateChange",
            "LegacyNotPrimary",
            "MaxTimeMSExpired",
            "NetworkInterfaceExceededTimeLimit",
            "NetworkTimeout",
            "NotPrimaryNoSecondaryOk",
            "NotPrimaryOrSecondary",
            "NotWritablePrimary",
            "PrimarySteppedDown",
            "ReadConcernMajorityNotAvailableYet",
            "ShutdownInProgress",
            "SocketException",
            "WriteConcernTimeout",
        ),
        "in_transition",
    ),
}
"""By name, so that a code that stands for another name in our lists is found. All others are `server_error`."""
OF_NO_RECORD: Final = {6, 7, 89, 9001, 20, 24, 43, 46, 133, 134, 175, 202, 237, 290, 365, 462, 14031}


def failed(code: int, name: str) -> OperationFailure:
    """As the driver raises what the server answers."""
    return OperationFailure(name, code, {"ok": 0.0, "code": code, "codeName": name})


def kind(error: CodeServiceError) -> tuple[type[CodeServiceError], str]:
    """Class and cause."""
    assert isinstance(error, FactsStale | StoreRefused | StoreUnavailable)
    return type(error), error.cause


def in_transaction(name: str) -> tuple[type[CodeServiceError], str]:
    """What is expected of a read in a transaction, and of a commit."""
    return (FactsStale, CONFLICTS[name]) if name in CONFLICTS else (StoreUnavailable, WAITS.get(name, "server_error"))


def of_a_write(name: str) -> tuple[type[CodeServiceError], str]:
    """What is expected of a write."""
    return (StoreRefused, REFUSALS[name]) if name in REFUSALS else in_transaction(name)


def of_every_code(what: Callable[[int, str], Any]) -> Mapping[int, Any]:
    """By code: a test for each of them would cost more time than all of what they test."""
    return {code: what(code, name) for code, name in NAMES.items()}


def test_the_list_has_what_this_is_about() -> None:
    """And each exception is in it."""
    assert len(NAMES) > 450
    assert set() == OF_NO_RECORD - NAMES.keys()
    assert set() == ({*CONFLICTS} | {*REFUSALS} | {*WAITS}) - set(NAMES.values())


def test_a_read_is_never_the_records_fault() -> None:
    """Whatever the server says, the read is retried, and the log has the code and its name."""
    errors = of_every_code(lambda code, name: unavailable(failed(code, name)))

    expected = of_every_code(lambda _, name: (StoreUnavailable, WAITS.get(name, "server_error")))
    assert expected == {code: kind(error) for code, error in errors.items()}
    expected = of_every_code(lambda code, name: f"OperationFailure [{code} {name}]")
    assert expected == {code: str(error) for code, error in errors.items()}


def test_neither_is_a_read_or_a_commit_of_a_transaction() -> None:
    """A commit that reports a refusal may have happened."""
    expected = of_every_code(lambda _, name: in_transaction(name))

    assert expected == of_every_code(lambda code, name: kind(stale_or_unavailable(failed(code, name))))


def test_of_writes_three_codes_are() -> None:
    """As a command's error, as that of a single write, and as one of a bulk."""
    shapes: list[Callable[[int, str], PyMongoError]] = [
        failed,
        lambda code, name: WriteError(name, code, {"code": code, "codeName": name}),
        lambda code, name: BulkWriteError({"writeErrors": [{"index": 0, "code": code, "errmsg": name}]}),
    ]
    expected = of_every_code(lambda _, name: of_a_write(name))

    for shape in shapes:
        assert expected == of_every_code(partial(kind_of_a, shape))


def kind_of_a(shape: Callable[[int, str], PyMongoError], code: int, name: str) -> tuple[type[CodeServiceError], str]:
    """How a write's error of this shape is taken."""
    return kind(in_our_words(shape(code, name)))


def unconfirmed(code: int, name: str) -> list[PyMongoError]:
    """A write that was done, and whose concern failed with this code."""
    concern = {"code": code, "errmsg": name}
    bulk = {"writeErrors": [{"index": 0, "code": 121}], "writeConcernErrors": [concern]}
    errors: list[PyMongoError] = [
        BulkWriteError(bulk),
        OperationFailure(name, 121, {"code": 121, "writeConcernError": concern}),
    ]
    return errors if name in REFUSALS else [*errors, WriteConcernError(name, code, concern)]


def test_an_unconfirmed_write_is_never_refused() -> None:
    """It was done, and a majority may have it: only the next look at the database says."""
    said = of_every_code(lambda code, name: [in_our_words(error) for error in unconfirmed(code, name)])

    assert [] == [code for code, errors in said.items() if any(isinstance(error, StoreRefused) for error in errors)]
