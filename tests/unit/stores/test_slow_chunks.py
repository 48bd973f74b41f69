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

from schemas.errors import BatchTooSlow, ChunkTooSlow
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
    """The chunk or batch is to be halved; the text quotes no document."""
    for too_slow in (ChunkTooSlow, BatchTooSlow):
        with pytest.raises(too_slow) as raised, in_time(too_slow):
            raise why

        assert SECRET not in str(raised.value)


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
