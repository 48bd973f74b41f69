"""Which errors of the driver fewer rows would have spared."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ExecutionTimeout,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteError,
)

from schemas.errors import ChunkTooSlow
from stores.mongo.slow_chunks import TOO_MUCH, in_time

SECRET = "SPRING-1"


@pytest.mark.parametrize(
    "why",
    [
        NetworkTimeout(SECRET),
        ExecutionTimeout(SECRET, 50),
        BulkWriteError({"writeErrors": [{"code": 50, "errmsg": SECRET}]}),
        *(OperationFailure(SECRET, code) for code in sorted(TOO_MUCH)),
    ],
)
def test_what_took_too_long_or_was_too_large(why: PyMongoError) -> None:
    """The chunk is to be halved; the text quotes no document."""
    with pytest.raises(ChunkTooSlow) as told, in_time():
        raise why

    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "why",
    [
        ServerSelectionTimeoutError("no primary"),
        WaitQueueTimeoutError("busy"),
        AutoReconnect("refused"),
        NotPrimaryError("elected"),
        OperationFailure("conflict", 112),
        OperationFailure("session", 251),
        WriteError("validator", 121),
    ],
)
def test_what_has_another_reason(why: PyMongoError) -> None:
    """It is as it was: fewer rows would not help."""
    with pytest.raises(type(why)), in_time():
        raise why
