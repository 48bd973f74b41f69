"""The client for other teams on a real broker: results, refusals, repeats, a frozen and a killed part."""

import asyncio
import sys
from pathlib import Path

import pytest
from codes_client import (
    Assigned,
    AssignedReader,
    CodesClient,
    KafkaUnavailable,
    MemoryStore,
    NoAnswer,
    Refused,
    Released,
    Reserved,
    SqliteStore,
    Store,
)

from ops.settings.load import Settings
from schemas.topics import ASSIGNED, RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.freezing import frozen
from tests.integration.neighbouring import EXAMPLES, Sale, run
from tests.integration.replying import a_reply_topic
from tests.integration.running import Neighbour, running
from tests.places import ROOT

pytestmark = pytest.mark.integration


def a_client(sale: Sale, **options: object) -> CodesClient:
    """Of this test's topics."""
    servers, prefix = sale.environment["CODES_KAFKA__BOOTSTRAP_SERVERS"], sale.environment["CODES_TOPICS__PREFIX"]
    return CodesClient(servers, prefix=prefix, **options)  # type: ignore[arg-type]  # a test's own choice


def a_reader(sale: Sale, store: Store, group: str = "wallet") -> AssignedReader:
    """Of this test's topics."""
    servers, prefix = sale.environment["CODES_KAFKA__BOOTSTRAP_SERVERS"], sale.environment["CODES_TOPICS__PREFIX"]
    return AssignedReader(servers, group=f"{prefix}{group}", store=store, prefix=prefix)


async def test_a_life_of_a_code(sale: Sale) -> None:
    """Each result has its type; a repeat moves nothing; a refusal is a result."""
    async with a_client(sale) as client:
        held = await client.reserve("spring", "f-1", count=2, request_id="r-1")
        again = await client.reserve("spring", "f-1", count=2, request_id="r-1")
        other = await client.reserve("spring", "f-1")
        assert isinstance(held, Reserved)
        assert isinstance(other, Reserved)
        given = await client.assign("spring", "f-1", reservation=held.reservation_id)
        back = await client.release("spring", "f-1", other.reservation_id, reason="cancelled")
        stocked = await client.assign("spring", "f-2", count=3)
        refused = [
            await client.reserve("spring", "f-3", count=100),
            await client.assign("none", "f-3"),
            await client.release("spring", "f-3", held.reservation_id),
        ]

    assert held == again
    assert isinstance(given, Assigned)
    assert held.code_ids == given.code_ids
    assert isinstance(back, Released)
    assert isinstance(stocked, Assigned)
    assert ["out_of_stock", "unknown_campaign", "not_the_holder"] == [
        result.reason for result in refused if isinstance(result, Refused)
    ]
    assert 5 == len(await sale.assigned_codes())


async def test_a_fans_requests_keep_their_order(sale: Sale) -> None:
    """Of calls at the same time, each is sent after the result of the one before it; other fans do not wait."""
    async with a_client(sale) as client:
        calls = [client.reserve("spring", fan, request_id=f"{fan}.{number}") for number in range(4) for fan in "ab"]
        await asyncio.gather(*calls)

    sent = [record["request_id"] for record in await sale.neighbour.values(RESERVE, 8)]
    for fan in "ab":
        assert [f"{fan}.{number}" for number in range(4)] == [name for name in sent if name.startswith(fan)]


async def test_results_come_on_the_own_reply_topic(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Also after partitions were added; a topic that the service does not allow gives no answer."""
    await stocked("spring", 10)
    async with a_reply_topic(migrated) as topic:
        await topic.make()
        async with running("worker", environment, tmp_path / "worker.log", **topic.allowed) as worker:
            await worker.until_ready()
            servers = environment["CODES_KAFKA__BOOTSTRAP_SERVERS"]
            own = CodesClient(
                servers, prefix=environment["CODES_TOPICS__PREFIX"], reply_topic=topic.name, timeout_s=5
            )
            async with own as client:
                first = await client.reserve("spring", "f-1")
                await topic.widen(3)
                later = [await client.reserve("spring", f"f-{number}") for number in range(5)]
            other = CodesClient(
                servers,
                prefix=environment["CODES_TOPICS__PREFIX"],
                reply_topic=f"{environment['CODES_TOPICS__PREFIX']}assigned.v1",
                timeout_s=1,
                attempts_max=2,
            )
            async with other as client:
                with pytest.raises(NoAnswer):
                    await client.reserve("spring", "f-9", request_id="not-allowed")

    assert all(isinstance(result, Reserved) for result in (first, *later))
    assert 8 == len(await neighbour.records(RESULTS, 8))


async def test_a_frozen_broker_loses_no_answer(sale: Sale) -> None:
    """The request is sent again under the same id when the broker is back; one reservation is made."""
    async with a_client(sale, timeout_s=3, attempts_max=20, kafka={"request_timeout_ms": 2_000}) as client:
        await client.reserve("spring", "f-0")
        async with frozen("kafka"):
            call = asyncio.create_task(client.reserve("spring", "f-1", request_id="r-1"))
            await asyncio.wait([call], timeout=7)
            assert not call.done()
        held = await asyncio.wait_for(call, 60)

    assert isinstance(held, Reserved)
    assert 2 == await sale.db["reservations"].count_documents({})


async def test_a_killed_worker_is_no_matter(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """It dies between the decision and the answer; the next one answers."""
    await stocked("spring", 2)
    servers, prefix = environment["CODES_KAFKA__BOOTSTRAP_SERVERS"], environment["CODES_TOPICS__PREFIX"]
    failpoint = {"CODES_FAILPOINT": "after_apply:kill", "CODES_KAFKA__SESSION_TIMEOUT_MS": "6000"}
    async with CodesClient(servers, prefix=prefix, timeout_s=2, attempts_max=40) as client:
        async with running("worker", environment, tmp_path / "first.log", **failpoint) as first:
            await first.until_ready()
            call = asyncio.create_task(client.reserve("spring", "f-1", request_id="r-1"))
            await first.ended()
        async with running("worker", environment, tmp_path / "second.log"):
            held = await asyncio.wait_for(call, 80)

    assert isinstance(held, Reserved)
    assert ["r-1"] == list({result["request_id"] for result in await neighbour.values(RESULTS, 1)})


async def test_an_event_is_processed_once(sale: Sale, tmp_path: Path) -> None:
    """Also by another group that reads all events again with the same store, as after a reset of offsets."""
    store = SqliteStore(tmp_path / "done.db")
    async with a_client(sale) as client:
        await client.assign("spring", "f-1", count=3)
    await sale.neighbour.records(ASSIGNED, 3)
    seen: list[str] = []
    async with a_reader(sale, store) as events, asyncio.timeout(30):
        async for event in events:
            seen.append(event.code.get_secret_value())
            if len(seen) == 3:
                await store.mark_done([event.event_id])
                break
    async with a_reader(sale, store, "other") as events, a_client(sale) as client, asyncio.timeout(30):
        await client.assign("spring", "f-2", request_id="last")
        async for event in events:
            assert "last" == event.request_id
            break
    store.close()

    assert 3 == len(set(seen) & set(await sale.assigned_codes()))


async def test_an_event_comes_again_after_a_kill_in_the_loop_body(sale: Sale) -> None:
    """It was neither marked nor committed."""
    store = MemoryStore()
    async with a_client(sale) as client:
        await client.assign("spring", "f-1")
    seen: list[str] = []
    for _ in range(2):
        async with a_reader(sale, store) as events, asyncio.timeout(30):
            async for event in events:
                seen.append(event.event_id)
                break

    assert (2, 1) == (len(seen), len(set(seen)))


async def test_the_example_gets_and_receives_codes(sale: Sale) -> None:
    """Run twice, it has the same results; a refusal is shown."""
    environment = {**sale.environment, "PYTHONPATH": str(ROOT / "interfaces/client")}
    order = [sys.executable, str(EXAMPLES / "with_client.py"), "--campaign", "spring", "--fan", "f-1"]
    group = ["--group", f"{sale.environment['CODES_TOPICS__PREFIX']}shop"]
    again_in = ["--group", f"{sale.environment['CODES_TOPICS__PREFIX']}another"]

    first = await run(environment, *order, "--order", "1", "--quantity", "2", *group)
    again = await run(environment, *order, "--order", "1", "--quantity", "2", *again_in)
    refused = await run(environment, *order, "--order", "2", "--quantity", "99", *group)

    assert (0, "", first.out) == (first.code, first.err, again.out)
    assert ["reserved", "assigned"] == [line[1] for line in first.lines[:2]]
    assert "received" == first.lines[2][0]
    assert (1, [["order-2.reserve", "refused", "out_of_stock"]]) == (refused.code, refused.lines)
    assert 2 == len(await sale.assigned_codes())


async def test_an_unavailable_kafka_is_said_at_the_start() -> None:
    """With the address."""
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:1"):
        async with CodesClient("127.0.0.1:1"):
            raise AssertionError
