"""The client matches results by what they say, and shows no code's value."""

import asyncio
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError
from codes_client import CodeAssigned, MemoryStore, NoAnswer, Refused, Reserved, SqliteStore, UnreadableEvent
from codes_client.assigned import event_of
from codes_client.connection import Connection
from codes_client.waiting import Request, Waiting

RESERVE = {"request_id": "r-1", "campaign_id": "spring", "fan_id": "f-1"}
REQUEST = Request("reserve.requests.v1", "reserve", "f-1", RESERVE)
NOW = "2026-11-24T02:00:00.000Z"
RESERVED = {**RESERVE, "operation": "reserve", "outcome": "reserved", "code_ids": ["c-1"], "decided_at": NOW}
HELD = {**RESERVED, "reservation_id": "r-1", "expires_at": NOW, "a_later_field": 1}
REFUSED = {**RESERVE, "operation": "reserve", "outcome": "refused", "reason": "out_of_stock", "decided_at": NOW}


async def taken(*values: Any) -> Any:
    """What a waiting request gets of these records."""
    waiting = Waiting()
    future = waiting.add(REQUEST)
    for value in values:
        waiting.take("r-1", value if isinstance(value, bytes) or value is None else orjson.dumps(value))
    return future.result() if future.done() else None


async def test_a_result_has_the_type_of_its_outcome() -> None:
    """With its ids; unknown fields are ignored."""
    held, refused = await taken(HELD), await taken(REFUSED)

    assert isinstance(held, Reserved)
    assert ("r-1", ("c-1",)) == (held.reservation_id, held.code_ids)
    assert isinstance(refused, Refused)
    assert "out_of_stock" == refused.reason


async def test_a_producer_whose_stop_fails_is_closed_nevertheless() -> None:
    """Each replaced producer would else leave its connections, and closing would leave the reader."""
    ended: list[str] = []

    async def end(name: str) -> None:
        ended.append(name)

    async def fail() -> None:
        raise KafkaConnectionError

    connection = Connection("127.0.0.1:1", "", None, {}, Waiting())
    connection._producer = SimpleNamespace(stop=fail, client=SimpleNamespace(close=lambda: end("producer")))
    connection._consumer = SimpleNamespace(stop=lambda: end("consumer"))
    await connection.close()

    assert ["producer", "consumer"] == ended


async def test_a_result_that_comes_twice_is_taken_once() -> None:
    """The first one counts."""
    assert isinstance(await taken(HELD, REFUSED), Reserved)


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b"{", b"[]"),
        *({**HELD, name: "another"} for name in ("campaign_id", "fan_id", "request_id")),
        {**HELD, "operation": "assign"},
    ],
)
async def test_what_is_not_the_answer_is_ignored(value: Any) -> None:
    """Malformed records, and the result of another sender who uses the same id."""
    assert await taken(value) is None
    assert isinstance(await taken(value, HELD), Reserved)


async def test_an_id_waits_once() -> None:
    """Two calls with one id at the same time are a mistake of the program."""
    waiting = Waiting()
    waiting.add(REQUEST)

    with pytest.raises(ValueError, match="r-1"):
        waiting.add(REQUEST)


async def test_requests_end_with_the_client() -> None:
    """Nobody waits for ever."""
    waiting = Waiting()
    future = waiting.add(REQUEST)

    waiting.fail(NoAnswer("r-1", 1))

    with pytest.raises(NoAnswer, match="r-1"):
        await future


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_store_knows_what_is_done(kind: str, tmp_path: Any) -> None:
    """Each id once, however often it is marked; a file outlives its process."""
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "done.db")
    await asyncio.gather(*(store.mark_done(["e-1", "e-2"]) for _ in range(3)))

    assert [True, True, False] == [await store.is_done(name) for name in ("e-1", "e-2", "e-3")]
    if isinstance(store, SqliteStore):
        store.close()
        assert await SqliteStore(tmp_path / "done.db").is_done("e-1")


def a_record(value: bytes, *, ce_id: bytes | None = b"e-1") -> Any:
    """A record of `assigned.v1`."""
    headers = () if ce_id is None else (("ce_id", ce_id),)
    return SimpleNamespace(topic="codes.assigned.v1", partition=3, offset=7, value=value, headers=headers)


ASSIGNED = {
    "campaign_id": "spring",
    "fan_id": "f-1",
    "code_id": "c-1",
    "code": "SECRET-1",
    "code_type": "tm",
    "request_id": "a-1",
    "reservation_id": "r-1",
    "assigned_at": NOW,
}


def test_an_event_hides_its_code() -> None:
    """Whoever logs the event logs no secret."""
    event = event_of(a_record(orjson.dumps(ASSIGNED)))

    assert isinstance(event, CodeAssigned)
    assert ("e-1", "SECRET-1") == (event.event_id, event.code.get_secret_value())
    assert "SECRET" not in f"{event} {event!r} {event.model_dump_json()}"


@pytest.mark.parametrize("record", [a_record(b"{"), a_record(b"[]"), a_record(b"{}"), a_record(b"{}", ce_id=None)])
def test_an_event_that_cannot_be_read_is_not_skipped(record: Any) -> None:
    """A fan would never get the code. The error names the place alone."""
    with pytest.raises(UnreadableEvent, match=r"codes\.assigned\.v1\.3@7"):
        event_of(record)
