"""MongoDB's errors in our words: what is decided again, what is retried, what is refused for good."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from bson.errors import BSONError, InvalidBSON, InvalidDocument, InvalidStringData
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    CursorNotFound,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    ProtocolError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from schemas.errors import (
    CodeServiceError,
    ConflictCause,
    FactsStale,
    RefusalCause,
    StoreRefused,
    StoreUnavailable,
    WaitCause,
)
from stores.mongo.errors import idempotent, in_our_words, in_transaction, writing

CANARY = "XYZZY-canary"


def labelled(error: PyMongoError, label: str) -> PyMongoError:
    """The error with a label of the server."""
    error._add_error_label(label)
    return error


def bulk(*codes: int) -> BulkWriteError:
    """A bulk whose writes failed so; it quotes documents."""
    return BulkWriteError(
        {"writeErrors": [{"code": code, "errmsg": CANARY, "op": {"code": CANARY}} for code in codes]}
    )


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure(CANARY, 112),
        labelled(OperationFailure(CANARY, 112), "TransientTransactionError"),
        OperationFailure(CANARY, 251),
        OperationFailure(CANARY, 290),
        OperationFailure(CANARY, 11_601),
        OperationFailure(CANARY, None, {"codeName": "WriteConflict"}),
        DuplicateKeyError(CANARY, 11_000, {"keyValue": {"code": CANARY}}),
        bulk(11_000),
        bulk(121, 11_000),
        labelled(OperationFailure(CANARY, 246), "TransientTransactionError"),
    ],
)
def test_a_conflict_is_a_stale_plan(error: PyMongoError) -> None:
    """Somebody was faster, with or without the label: gather again."""
    assert isinstance(in_our_words(error), FactsStale)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OperationFailure(CANARY, 112), "write_conflict"),
        (OperationFailure(CANARY, 251), "session_ended"),
        (OperationFailure(CANARY, 11_601), "session_ended"),
        (bulk(121, 11_000), "duplicate"),
        (labelled(OperationFailure(CANARY, 246), "TransientTransactionError"), "transient"),
    ],
)
def test_a_conflict_has_a_cause(error: PyMongoError, cause: ConflictCause) -> None:
    """Metrics count by it, and remedies differ."""
    stale = in_our_words(error)

    assert isinstance(stale, FactsStale)
    assert cause == stale.cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (AutoReconnect(CANARY), "no_answer"),
        (labelled(AutoReconnect(CANARY), "TransientTransactionError"), "no_answer"),
        (labelled(AutoReconnect(CANARY), "UnknownTransactionCommitResult"), "no_answer"),
        (NetworkTimeout(CANARY), "no_answer"),
        (ServerSelectionTimeoutError(CANARY), "no_answer"),
        (WaitQueueTimeoutError(CANARY), "no_answer"),
        (NotPrimaryError(CANARY, {"code": 10_107}), "in_transition"),
        (ExecutionTimeout(CANARY, 50), "in_transition"),
        (WTimeoutError(CANARY, 64), "in_transition"),
        (labelled(OperationFailure(CANARY, 11_600), "TransientTransactionError"), "in_transition"),
        (labelled(OperationFailure(CANARY, 7), "UnknownTransactionCommitResult"), "in_transition"),
        (OperationFailure(CANARY, 13), "not_allowed"),
        (OperationFailure(CANARY, None, {"codeName": "Unauthorized"}), "not_allowed"),
        (OperationFailure(CANARY, 8_000), "not_allowed"),
        (OperationFailure(CANARY, 9), "server_error"),
        (OperationFailure(CANARY, 4_567_890), "server_error"),
        (OperationFailure(CANARY), "server_error"),
        (CursorNotFound(CANARY, 43), "server_error"),
        (WriteConcernError(CANARY, 100), "server_error"),
        (bulk(121, 9), "server_error"),
        (BulkWriteError({}), "server_error"),
        (InvalidBSON(CANARY), "server_error"),
        (ConfigurationError(CANARY), "server_error"),
        (InvalidOperation(CANARY), "server_error"),
        (ProtocolError(CANARY), "server_error"),
    ],
)
def test_what_no_record_is_at_fault_for_is_retried(error: PyMongoError, cause: WaitCause) -> None:
    """A server that is unavailable, denies access, or gives an unknown error: none may become a dead letter.

    Errors of the driver itself are none of a record's either: a closed client, an ended session, a wrong set-up.
    """
    unavailable = in_our_words(error)

    assert isinstance(unavailable, StoreUnavailable)
    assert cause == unavailable.cause


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (WriteError(CANARY, 121), "validator"),
        (bulk(121), "validator"),
        (OperationFailure(CANARY, None, {"codeName": "DocumentValidationFailure"}), "validator"),
        (OperationFailure(CANARY, 10_334), "too_large"),
        (bulk(17_280), "too_large"),
        (DocumentTooLarge(CANARY), "too_large"),
        (InvalidDocument(CANARY), "invalid"),
        (InvalidStringData(CANARY), "invalid"),
    ],
)
def test_what_will_never_be_taken_is_refused(error: PyMongoError | BSONError, cause: RefusalCause) -> None:
    """A validator, a size; the driver says some before it asks the server, with errors of another family."""
    with pytest.raises(StoreRefused, match=f"^{type(error).__name__}") as refused, writing():
        raise error

    assert cause == refused.value.cause


@pytest.mark.parametrize("kind", [idempotent, in_transaction])
@pytest.mark.parametrize(
    "error", [WriteError(CANARY, 121), bulk(121), OperationFailure(CANARY, 10_334), InvalidBSON(CANARY)]
)
def test_only_a_write_is_refused(
    error: PyMongoError | BSONError, kind: Callable[[], AbstractContextManager[None]]
) -> None:
    """Neither a read, nor the frame of a transaction: its commit may have happened whatever it reports."""
    with pytest.raises(StoreUnavailable), kind():
        raise error


def test_what_may_be_repeated_as_it_is_has_no_conflicts() -> None:
    """Two owners that write their first entry at once, say: the second tries again, and finds the first one's."""
    with pytest.raises(StoreUnavailable), idempotent():
        raise DuplicateKeyError(CANARY, 11_000)


def test_a_refusal_passes_through_the_transaction_that_it_ends() -> None:
    """As what it is."""
    with pytest.raises(StoreRefused), in_transaction(), writing():
        raise WriteError(CANARY, 121)


@pytest.mark.parametrize("name", ["secret with spaces", "x" * 61, 7, CANARY + "{"])
def test_a_name_that_is_none_is_left_out(name: object) -> None:
    """A server's answer may hold anything."""
    assert "OperationFailure [9]" == str(in_our_words(OperationFailure(CANARY, 9, {"codeName": name})))


@pytest.mark.parametrize("error", [DuplicateKeyError(CANARY, 11_000), AutoReconnect(CANARY), bulk(121)])
def test_no_document_gets_into_a_message(error: PyMongoError) -> None:
    """It has the kind and the codes; the driver's own error, which quotes documents, is dropped."""
    with pytest.raises(CodeServiceError) as raised, writing():
        raise error

    assert type(error).__name__ in str(raised.value)
    assert CANARY not in str(raised.value)
    assert raised.value.__suppress_context__


def test_an_error_that_is_not_the_databases_passes() -> None:
    """It is unforeseen, and ends the process."""
    with pytest.raises(ZeroDivisionError), writing():
        raise ZeroDivisionError


def test_codes_of_single_writes_are_named() -> None:
    """Sorted, so that logs can be compared."""
    assert "BulkWriteError [112, 121]" == str(in_our_words(bulk(121, 112)))
