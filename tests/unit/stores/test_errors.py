"""MongoDB's errors in our words: what is tried again, what is waited out, what is refused for good."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
    WTimeoutError,
)

from schemas.errors import CodeServiceError, ConflictCause, FactsStale, StoreRefused, StoreUnavailable
from stores.mongo.errors import in_our_words, translated

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
        OperationFailure(CANARY, 11_601),
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
    "error",
    [
        AutoReconnect(CANARY),
        labelled(AutoReconnect(CANARY), "TransientTransactionError"),
        NetworkTimeout(CANARY),
        NotPrimaryError(CANARY),
        ServerSelectionTimeoutError(CANARY),
        ExecutionTimeout(CANARY, 50),
        WTimeoutError(CANARY, 64),
        OperationFailure(CANARY, 91),
        OperationFailure(CANARY, 189),
        OperationFailure(CANARY, 11_600),
        labelled(OperationFailure(CANARY, 7), "UnknownTransactionCommitResult"),
        labelled(OperationFailure(CANARY, 7), "RetryableWriteError"),
        OperationFailure(CANARY, 13),
        OperationFailure(CANARY, 18),
        OperationFailure(CANARY, 388),
        OperationFailure(CANARY, 391),
        OperationFailure(CANARY, 8_000),
    ],
)
def test_what_is_away_is_waited_out(error: PyMongoError) -> None:
    """So is a server that does not let us in: no request is at fault, and none may become a dead letter for it."""
    assert isinstance(in_our_words(error), StoreUnavailable)


@pytest.mark.parametrize("error", [WriteError(CANARY, 121), bulk(121), OperationFailure(CANARY, 9)])
def test_what_will_never_be_taken_is_refused(error: PyMongoError) -> None:
    """A validator, a command that is wrong."""
    assert isinstance(in_our_words(error), StoreRefused)


def test_what_is_too_large_to_be_sent_is_refused() -> None:
    """The driver says so before it asks the server, with an error that is not of its usual family."""
    with pytest.raises(StoreRefused, match=r"^DocumentTooLarge$"), translated():
        raise DocumentTooLarge(CANARY)


@pytest.mark.parametrize("error", [DuplicateKeyError(CANARY, 11_000), AutoReconnect(CANARY), bulk(121)])
def test_no_document_gets_into_a_message(error: PyMongoError) -> None:
    """The kind and the codes are told; the driver's own error, which quotes documents, is let go."""
    with pytest.raises(CodeServiceError) as raised, translated():
        raise error

    assert type(error).__name__ in str(raised.value)
    assert CANARY not in str(raised.value)
    assert raised.value.__suppress_context__


def test_an_error_that_is_not_the_databases_passes() -> None:
    """It is unforeseen, and ends the process."""
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError


def test_codes_of_single_writes_are_told() -> None:
    """Sorted, so that logs can be compared."""
    assert "BulkWriteError [112, 121]" == str(in_our_words(bulk(121, 112)))
