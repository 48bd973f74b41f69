"""Every code of the server's own list: a read is never the record's fault, a write only with three of them."""

import csv
from typing import Final

import pytest
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
OF_THE_ISSUE: Final = {6, 7, 89, 9001, 20, 24, 43, 46, 133, 134, 175, 202, 237, 290, 365, 462, 14031}
every_code = pytest.mark.parametrize(("code", "name"), NAMES.items(), ids=[f"{code}" for code in NAMES])


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


def test_the_list_has_what_this_is_about() -> None:
    """And each exception is in it."""
    assert len(NAMES) > 450
    assert set() == OF_THE_ISSUE - NAMES.keys()
    assert set() == ({*CONFLICTS} | {*REFUSALS} | {*WAITS}) - set(NAMES.values())


@every_code
def test_a_read_is_never_the_records_fault(code: int, name: str) -> None:
    """Whatever the server says, the read is retried, and the log has the code and its name."""
    error = unavailable(failed(code, name))

    assert (StoreUnavailable, WAITS.get(name, "server_error")) == kind(error)
    assert f"OperationFailure [{code} {name}]" == str(error)


@every_code
def test_neither_is_a_read_or_a_commit_of_a_transaction(code: int, name: str) -> None:
    """A commit that reports a refusal may have happened."""
    assert in_transaction(name) == kind(stale_or_unavailable(failed(code, name)))


@every_code
def test_of_writes_three_codes_are(code: int, name: str) -> None:
    """As a command's error, as that of a single write, and as one of a bulk."""
    of_bulk = BulkWriteError({"writeErrors": [{"index": 0, "code": code, "errmsg": name}]})

    for error in (failed(code, name), WriteError(name, code, {"code": code, "codeName": name}), of_bulk):
        assert of_a_write(name) == kind(in_our_words(error))


@every_code
def test_an_unconfirmed_write_is_never_refused(code: int, name: str) -> None:
    """It was done, and a majority may have it: only the next look at the database says."""
    concern = {"code": code, "errmsg": name}
    bulk = {"writeErrors": [{"index": 0, "code": 121}], "writeConcernErrors": [concern]}
    unconfirmed: list[PyMongoError] = [
        BulkWriteError(bulk),
        OperationFailure(name, 121, {"code": 121, "writeConcernError": concern}),
    ]
    if name not in REFUSALS:
        unconfirmed.append(WriteConcernError(name, code, concern))

    assert not any(isinstance(in_our_words(error), StoreRefused) for error in unconfirmed)
