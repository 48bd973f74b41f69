"""Which errors of the driver fewer rows would have spared."""

from types import SimpleNamespace
from typing import Any, NoReturn, Self

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
from stores.mongo.imports import MongoImportStore
from stores.mongo.slow_chunks import TOO_LARGE, TOO_MUCH, batch_in_time, in_time

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
    for error, translated in ((ChunkTooSlow, in_time()), (BatchTooSlow, batch_in_time())):
        with pytest.raises(error) as caught, translated:
            raise why

        assert SECRET not in str(caught.value)


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
    for translated in (in_time(), batch_in_time()):
        with pytest.raises(type(why)), translated:
            raise why


@pytest.mark.parametrize("code", sorted(TOO_MUCH))
def test_only_a_time_out_says_how_long_it_took(code: int) -> None:
    """What lacked room may have failed at once: how long a larger chunk takes cannot be learned from it."""
    with pytest.raises(ChunkTooSlow) as caught, in_time():
        raise OperationFailure(SECRET, code)

    assert (code in TOO_LARGE) == (caught.value.timed_out_s is None)


class SlowCodes:
    """The collection `codes` of a database that does not find so many in time."""

    def find(self, *_query: object) -> Self:
        return self

    async def to_list(self, _length: None) -> NoReturn:
        raise NetworkTimeout(SECRET)


async def test_a_look_up_that_takes_too_long_is_too_large() -> None:
    """At the same size it would time out for ever."""
    collections = SimpleNamespace(codes=SlowCodes(), owners=None, campaigns=None)
    parts: Any = SimpleNamespace(client=None, collections=collections)

    with pytest.raises(ChunkTooSlow) as caught:
        await MongoImportStore(parts, "import.commands.v1.0").look_up({SECRET: {"_id": "1"}}, "sale")

    assert caught.value.timed_out_s is not None
