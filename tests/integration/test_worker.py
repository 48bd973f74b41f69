"""`codes worker` as a neighbour sees it: requests in, results and events out, on real parts."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.settings.load import Settings
from schemas.topics import ASSIGN, ASSIGNED, INVENTORY, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.conftest import PutCodes
from tests.integration.requesting import headers_of, reserve
from tests.integration.running import Neighbour, a_neighbour, running

pytestmark = pytest.mark.integration


async def test_the_life_of_a_code(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, db: Database, tmp_path: Path
) -> None:
    """Reserved, assigned to its holder and published on `assigned.v1` alone; another one released and free again."""
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
    values = [code["code"] async for code in db["codes"].find({"_id": {"$in": held["code_ids"]}})]
    assert set(values) == {event["code"] for event in assigned}


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
