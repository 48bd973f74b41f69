"""`codes worker` and records that it cannot decode: dead letters, with the records between them served."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from ops.settings.load import Settings
from schemas.topics import DEAD_LETTERS, RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.requesting import headers_of, reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


async def test_unreadable_records_are_dead_letters_and_their_neighbours_are_served(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Each bad record ends as one dead letter with its bytes untouched; the records beside it are served."""
    await stocked("sale", 50)
    bad: list[tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]] = [
        (b"not json", b"k", []),
        (b"", b"k", []),
        (None, b"k", []),
        (None, None, [("note", b"a tombstone without a key")]),
        (b'{"request_id":"w1","campaign_id":"sale","fan_id":"f","quantity":"2"}', b"k", []),
        (b'{"request_id":"w2","campaign_id":"sale"}', b"k", []),
        (b'{"request_id":"w 3","campaign_id":"sale","fan_id":"f"}', b"k", []),
        (b'{"request_id":"w4","campaign_id":"sale","fan_id":"f","quantity":101}', b"k", []),
        (b"x" * 1_000_000, b"k", []),
        ('{"request_id":"w5"}'.encode("utf-16"), b"k", []),
        (b'{"request_id":"w6","campaign_id":"sale","fan_id":"f"}', b"k", [("note", b"\xff\xfe")]),
        (b'{"request_id":"w7","campaign_id":"sale","fan_id":"f"}', b"k" * 10_000, []),
    ]
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        for number, (value, key, headers) in enumerate(bad):
            await neighbour.send(RESERVE, value, key=key, headers=headers, partition=0)
            await neighbour.send(RESERVE, reserve(f"good-{number}"), partition=0)
        letters = await neighbour.records(DEAD_LETTERS, len(bad))
        answered = {"w1", "w2", "w4", "w6", "w7"}
        results = await neighbour.values(RESULTS, len(bad) + len(answered), settle_s=0.3)

    assert [(value, key) for value, key, _ in bad] == [(letter.value, letter.key) for letter in in_order(letters)]
    assert [
        *("not_json", "not_json", "not_json", "not_json", "invalid", "invalid", "invalid"),
        *("invalid", "too_large", "not_json", "invalid", "too_large"),
    ] == [headers_of(letter)["dlq-reason"].decode() for letter in in_order(letters)]
    outcomes = Counter((result["outcome"], result["reason"]) for result in results)
    assert {("reserved", None): len(bad), ("refused", "invalid_request"): len(answered)} == outcomes
    assert answered == {result["request_id"] for result in results if result["reason"] == "invalid_request"}


def in_order(letters: list[Any]) -> list[Any]:
    return sorted(letters, key=lambda letter: int(headers_of(letter)["dlq-offset"]))


class NoText(str):
    """A header name that goes out as bytes which are no UTF-8, as producers in other languages may send."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


async def test_a_header_name_that_is_no_text_is_a_dead_letter_too(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Aiokafka alone would stop at it for ever; the records before and after it are served."""
    await stocked("sale", 5)
    producer = AIOKafkaProducer(bootstrap_servers=migrated.kafka.bootstrap_servers)
    await producer.start()
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 100_000)
    batch.append(key=b"k", value=orjson.dumps(reserve("before")), timestamp=None)
    batch.append(key=b"k", value=orjson.dumps(reserve("odd")), timestamp=None, headers=[(NoText("x"), b"v")])
    batch.append(key=b"k", value=orjson.dumps(reserve("after")), timestamp=None)
    batch.close()
    await (await producer.send_batch(batch, neighbour.topics.full(RESERVE), partition=0))
    await producer.stop()
    async with running("worker", environment, tmp_path / "worker.log"):
        results = {value["request_id"]: value for value in await neighbour.values(RESULTS, 3)}
        [letter] = await neighbour.records(DEAD_LETTERS, 1)

    assert ("reserved", "reserved") == (results["before"]["outcome"], results["after"]["outcome"])
    assert "invalid_request" == results["odd"]["reason"]
    assert orjson.dumps(reserve("odd")) == letter.value
    assert b"headers[0]: its name must be UTF-8 text" == headers_of(letter)["dlq-detail"]
