"""`codes worker` as a neighbour sees it: requests in, results and events out, on real parts."""

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from ops.settings.load import Settings
from schemas.topics import ASSIGN, ASSIGNED, DEAD_LETTERS, INVENTORY, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, a_neighbour, running

pytestmark = pytest.mark.integration


def reserve(request_id: str, campaign_id: str = "sale", **more: Any) -> dict[str, Any]:
    return {"request_id": request_id, "campaign_id": campaign_id, "fan_id": f"fan-{request_id}", **more}


def headers_of(record: Any) -> dict[str, bytes]:
    return dict(record.headers)


async def test_the_life_of_a_code(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Reserved, assigned to its holder and told on `assigned.v1` alone; another one released and free again."""
    await stocked("sale", 10)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("r1", quantity=2), key=b"k1")
        await neighbour.send(RESERVE, reserve("r2"))
        [held, _] = await neighbour.values(RESULTS, 2)
        await neighbour.send(
            ASSIGN, {"request_id": "a1", "campaign_id": "sale", "fan_id": "fan-r1", "reservation_id": "r1"}
        )
        await neighbour.send(RELEASE, {"request_id": "l1", "campaign_id": "sale", "reservation_id": "r2"})
        results = {value["request_id"]: value for value in await neighbour.values(RESULTS, 4)}
        assigned = await neighbour.values(ASSIGNED, 2, settle_s=0.3)

        worker.signal(signal.SIGTERM)
        assert 0 == await worker.ended()

    assert ("reserved", 2) == (held["outcome"], len(held["code_ids"]))
    assert ("assigned", "released") == (results["a1"]["outcome"], results["l1"]["outcome"])
    assert set(held["code_ids"]) == {event["code_id"] for event in assigned} == set(results["a1"]["code_ids"])
    assert {"fan-r1"} == {event["fan_id"] for event in assigned}
    statuses = Counter([code["status"] async for code in db["codes"].find({})])
    assert {"assigned": 2, "available": 8} == statuses
    told = [code["code"] async for code in db["codes"].find({"_id": {"$in": held["code_ids"]}})]
    assert set(told) == {event["code"] for event in assigned}


async def test_every_refusal_reason(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """A readable request that may not happen is answered with the contract's reason for it."""
    await stocked("sale", 4)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await neighbour.send(RESERVE, reserve("held"))
        await neighbour.send(RESERVE, reserve("gone", ttl_s=1))
        await neighbour.send(RESERVE, reserve("back"))
        await neighbour.values(RESULTS, 3)
        await neighbour.send(RELEASE, {"request_id": "l1", "campaign_id": "sale", "reservation_id": "back"})
        await neighbour.values(RESULTS, 4)
        await asyncio.sleep(1.2)
        asks = {
            "out_of_stock": (RESERVE, reserve("x1", quantity=5)),
            "unknown_campaign": (RESERVE, reserve("x2", campaign_id="nowhere")),
            "request_id_reused": (RESERVE, reserve("held", quantity=2)),
            "reservation_not_found": (ASSIGN, {**reserve("x4"), "reservation_id": "never"}),
            "not_the_holder": (ASSIGN, {**reserve("x5"), "reservation_id": "held"}),
            "reservation_expired": (ASSIGN, {**reserve("x6"), "fan_id": "fan-gone", "reservation_id": "gone"}),
            "reservation_released": (ASSIGN, {**reserve("x7"), "fan_id": "fan-back", "reservation_id": "back"}),
            "invalid_request": (RESERVE, reserve("x8", quantity=0)),
        }
        for topic, value in asks.values():
            await neighbour.send(topic, value)
        await neighbour.send(ASSIGN, {**reserve("a1"), "fan_id": "fan-held", "reservation_id": "held"})
        await neighbour.values(RESULTS, 13)
        await neighbour.send(ASSIGN, {**reserve("x9"), "fan_id": "fan-held", "reservation_id": "held"})
        results = await neighbour.values(RESULTS, 14)

    reasons = Counter(result["reason"] for result in results if result["outcome"] == "refused")
    assert Counter([*asks, "reservation_assigned"]) == reasons


async def test_a_request_sent_again_gets_the_same_result_and_moves_nothing(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Same body, same `ce_id`; the code is announced once; the counts move once."""
    await stocked("sale", 5)
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        for _ in range(3):
            await neighbour.send(ASSIGN, reserve("a1"))
        results = await neighbour.records(RESULTS, 3, settle_s=0.5)
        assigned = await neighbour.values(ASSIGNED, 1)
        inventory = await neighbour.values(INVENTORY, 1)

    assert [results[0].value] * 3 == [record.value for record in results]
    assert 1 == len({headers_of(record)["ce_id"] for record in results})
    assert 1 == len(assigned)
    assert (-1, 0, 1) == tuple(inventory[-1][status] for status in ("available", "reserved", "assigned"))


async def test_unreadable_records_are_dead_letters_and_their_neighbours_are_served(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Each bad record ends as one dead letter with its bytes untouched; what is around it is served."""
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


async def test_replies_go_to_allowed_topics_only(
    environment: dict[str, str], migrated: Settings, stocked: PutCodes, tmp_path: Path
) -> None:
    """The copy carries Spring's correlation id as it came; a topic not allowed is named in the result's header."""
    await stocked("sale", 5)
    reply_to = f"{migrated.topics.prefix}answers"
    admin = AIOKafkaAdminClient(bootstrap_servers=migrated.kafka.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic(reply_to, 3, 1)])
    allowed = {"CODES_TOPICS__REPLY_ALLOWED": f'["{reply_to}"]'}
    async with (
        a_neighbour(migrated, reply_to) as neighbour,
        running("worker", environment, tmp_path / "worker.log", **allowed) as worker,
    ):
        await worker.until_ready()
        spring = [
            ("kafka_replyTopic", reply_to.encode()),
            ("kafka_correlationId", b"\x00\xff\x01"),
            ("kafka_replyPartition", (2).to_bytes(4, "big")),
        ]
        await neighbour.send(RESERVE, reserve("r1"), headers=spring)
        await neighbour.send(RESERVE, reserve("r2"), headers=[("reply-topic", b"somebody.elses")])
        results = {headers_of(record)["ce_subject"]: record for record in await neighbour.records(RESULTS, 2)}
        copies = [record for record in neighbour._read if record.topic == reply_to]
    await admin.delete_topics([reply_to])
    await admin.close()

    assert [(results[b"r1"].value, 2)] == [(copy.value, copy.partition) for copy in copies]
    assert b"\x00\xff\x01" == headers_of(copies[0])["kafka_correlationId"]
    assert b"somebody.elses" == headers_of(results[b"r2"])["reply-refused"]


async def test_more_demand_than_stock_over_partitions_sells_every_code_once(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Two workers, 120 codes, 200 fans: 120 hold one each, 80 are told that there is none."""
    await stocked("rush", 120)
    async with (
        running("worker", environment, tmp_path / "w1.log") as one,
        running("worker", environment, tmp_path / "w2.log") as two,
    ):
        await one.until_ready()
        await two.until_ready()
        for number in range(200):
            topic = RESERVE if number % 2 else ASSIGN
            await neighbour.send(topic, reserve(f"q{number}", campaign_id="rush"), partition=number // 2 % 2)
        results = await neighbour.values(RESULTS, 200, settle_s=0.5)

    outcomes = Counter(result["reason"] or "served" for result in results)
    assert {"served": 120, "out_of_stock": 80} == outcomes
    held = [code_id for result in results for code_id in result["code_ids"]]
    assert (120, 120) == (len(held), len(set(held)))
    assert 0 == await db["codes"].count_documents({"status": "available"})
    shards = await db["inventory"].find({"campaign_id": "rush"}).to_list(None)
    statuses = Counter([code["status"] async for code in db["codes"].find({})])
    for status in ("available", "reserved", "assigned"):
        assert statuses[status] == sum(shard[status] for shard in shards)


async def test_at_least_once_serves_a_broker_without_transactions(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """The same answers, acknowledged before the offsets are committed."""
    await stocked("sale", 60)
    simple = {"CODES_PROCESSING_GUARANTEE": "at_least_once"}
    async with running("worker", environment, tmp_path / "worker.log", **simple) as worker:
        await worker.until_ready()
        for number in range(50):
            await neighbour.send(ASSIGN if number % 2 else RESERVE, reserve(f"q{number}"))
        results = await neighbour.values(RESULTS, 50, settle_s=0.5)
        assigned = await neighbour.values(ASSIGNED, 25)
        worker.signal(signal.SIGTERM)
        assert 0 == await worker.ended()

    assert {f"q{number}" for number in range(50)} == {result["request_id"] for result in results}
    assert (50, 25) == (len(results), len({event["code_id"] for event in assigned}))


async def test_workers_that_come_and_go_lose_nothing_and_double_nothing(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Requests keep coming while a second worker joins and the first one leaves: one result each."""
    await stocked("sale", 700)
    async with (
        running("worker", environment, tmp_path / "w1.log") as one,
        running("worker", environment, tmp_path / "w2.log") as two,
    ):
        await one.until_ready()
        for number in range(600):
            if number == 400:
                await two.until_ready()
                one.signal(signal.SIGTERM)
            await neighbour.send(RESERVE, reserve(f"q{number}"), partition=number % 2)
        assert 0 == await one.ended()
        results = await neighbour.values(RESULTS, 600, settle_s=0.5)

    assert {f"q{number}": 1 for number in range(600)} == Counter(result["request_id"] for result in results)
    assert {"reserved"} == {result["outcome"] for result in results}


class NoText(str):
    """A header name that goes out as bytes which are no UTF-8, as producers in other languages may send."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


async def test_a_header_name_that_is_no_text_is_a_dead_letter_too(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Aiokafka alone would stop at it for ever; the records around it are served."""
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
