"""What Prometheus sees of real roles is true: while they work, while they wait, and after they have let go."""

import asyncio
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from ops.settings.load import Settings
from schemas.topics import ASSIGN, IMPORT, REQUEST_TOPICS, RESERVE, RESULTS
from tests.conftest import FEW_PARTITIONS
from tests.integration.conftest import PutCodes
from tests.integration.freezing import frozen
from tests.integration.importing import Files, ends
from tests.integration.requesting import reserve
from tests.integration.running import Neighbour, running
from tests.integration.scraping import Scrape, scraped, until_scraped

pytestmark = pytest.mark.integration

LAG = "codes_consumer_lag_records"
AGE = "codes_consumer_lag_seconds"
POSITION = "codes_consumer_position_offset"
HIGH = "codes_consumer_high_watermark_offset"
STABLE = "codes_consumer_last_stable_offset"
PER_PARTITION = (LAG, AGE, POSITION, HIGH, STABLE, "codes_consumer_last_progress_timestamp_seconds")
HURRIED = {"CODES_MONGO__TIMEOUT_MS": "500", "CODES_WORKER__BACKOFF_MAX_MS": "300"}


def is_known(scrape: Scrape, count: int) -> bool:
    """Whether the lag of so many partitions is known."""
    return all(len(scrape.places(name)) == count for name in PER_PARTITION)


def has_caught_up(scrape: Scrape) -> bool:
    """Whether lag is known and there is none."""
    return bool(scrape.places(LAG)) and {0.0} == {*scrape.places(LAG).values(), *scrape.places(AGE).values()}


async def test_lag_grows_while_the_database_is_unavailable_and_falls_to_zero_after(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Although the loop stands still with a batch in hand: the age by itself, the records by asking the broker."""
    await stocked("sale", 200)
    place = (neighbour.topics.full(RESERVE), 1)
    async with running("worker", environment, tmp_path / "worker.log", **HURRIED) as worker:
        await worker.until_ready()
        await until_scraped(worker, "six partitions", lambda seen: is_known(seen, 6) and has_caught_up(seen))
        async with frozen("database"):
            for number in range(10):
                await neighbour.send(RESERVE, reserve(f"q{number}"), partition=1)
            first = await until_scraped(worker, "ten waiting", lambda seen: seen.places(LAG).get(place) == 10)
            for number in range(10, 50):
                await neighbour.send(RESERVE, reserve(f"q{number}"), partition=1)
            later = await until_scraped(worker, "fifty waiting", lambda seen: seen.places(LAG).get(place) == 50)
            assert (0, 50) == (later.places(POSITION)[place], later.places(HIGH)[place])
            assert 0 < first.places(AGE)[place] < later.places(AGE)[place] < 60
            assert (1, 0) == (
                later.value("codes_part_away", part="mongo"),
                later.value("codes_part_away", part="kafka"),
            )
        await neighbour.values(RESULTS, 50)
        after = await until_scraped(worker, "no lag", has_caught_up)

    assert 50 == after.places(POSITION)[place]
    assert 50 == after.value("codes_records_total", outcome="reserved") == after.total("codes_batch_records_sum")
    assert 1 <= after.total("codes_stock_draws_total") <= after.total("codes_batch_records_count")
    assert 50 <= after.total("codes_stock_drawn_codes_total") <= 200
    assert 0 == after.total("codes_stock_misses_total")
    assert after.places("codes_consumer_last_progress_timestamp_seconds")[place] > 1e9


async def test_each_partition_is_reported_by_who_serves_it(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """Series vanish with the partition, and are whole again when the other one has left."""
    names = [neighbour.topics.full(topic) for topic in REQUEST_TOPICS]
    everything = {(name, number) for name in names for number in range(FEW_PARTITIONS)}
    async with running("worker", environment, tmp_path / "stays.log") as stays:
        await stays.until_ready()
        seen = await until_scraped(stays, "six partitions", lambda seen: is_known(seen, 6))
        assert everything == set(seen.places(LAG))
        async with running("worker", environment, tmp_path / "leaves.log") as leaves:
            await leaves.until_ready()
            first = await until_scraped(stays, "its half", lambda seen: is_known(seen, 3))
            second = await until_scraped(leaves, "its half", lambda seen: is_known(seen, 3))
            for metric in PER_PARTITION:
                assert everything == first.places(metric).keys() | second.places(metric).keys()
            leaves.signal(signal.SIGTERM)
            assert 0 == await leaves.ended()
        await until_scraped(stays, "six partitions again", lambda seen: is_known(seen, 6))


async def test_a_senders_transactions_are_no_lag(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, tmp_path: Path
) -> None:
    """Neither a marker behind the last record, nor an aborted record, nor an open one, which nobody can read."""
    topic = neighbour.topics.full(ASSIGN)
    sender = AIOKafkaProducer(bootstrap_servers=migrated.kafka.bootstrap_servers, transactional_id=topic)
    await sender.start()
    try:
        async with running("worker", environment, tmp_path / "worker.log") as worker:
            await worker.until_ready()
            async with sender.transaction():
                await sender.send_and_wait(topic, b"{}", partition=0)
            await until_scraped(worker, "the marker passed", lambda seen: seen.places(POSITION).get((topic, 0)) == 2)
            await sender.begin_transaction()
            await sender.send_and_wait(topic, b"{}", partition=0)
            held = await until_scraped(worker, "an open one", lambda seen: seen.places(HIGH).get((topic, 0)) == 3)
            assert (2, 0, 0) == tuple(held.places(name)[topic, 0] for name in (STABLE, LAG, AGE))
            await sender.abort_transaction()
            done = await until_scraped(worker, "it ended", lambda seen: seen.places(POSITION).get((topic, 0)) == 4)
            await until_scraped(worker, "no lag", has_caught_up)
    finally:
        await sender.stop()

    assert 1 == done.value("codes_dead_letters_total", reason="invalid")


@pytest.mark.long
async def test_lag_in_records_is_unknown_when_the_broker_is_unavailable_for_long(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """The lag in records cannot be known; `/ready` fails for an idle process too, `/live` does not."""
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await until_scraped(worker, "six partitions", lambda seen: is_known(seen, 6))
        async with frozen("kafka"):
            await asyncio.sleep(5)
            await until_scraped(worker, "no broker", lambda seen: seen.value("codes_part_away", part="kafka") == 1)
            assert (503, 200) == ((await worker.get("/ready"))[0], (await worker.get("/live"))[0])
            await asyncio.sleep(10)
            await until_scraped(worker, "lag unknown", lambda seen: not seen.places(LAG) and not seen.places(AGE))
        await worker.until_ready()
        await until_scraped(worker, "lag known", has_caught_up)


async def test_an_import_shows_while_it_runs_and_when_it_has_ended(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """With the command in hand it is lag: it is not answered before its end."""
    files.put("some.csv", "\n".join(f"CODE-{number:05}" for number in range(1_000)).encode())
    small = {"CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "100", **HURRIED}
    async with running("importer", environment, tmp_path / "importer.log", **small) as importer:
        await importer.until_ready()
        await until_scraped(importer, "its partitions", lambda seen: is_known(seen, FEW_PARTITIONS))
        async with frozen("database"):
            await neighbour.send(IMPORT, files.command("some.csv"))
            waiting = await until_scraped(importer, "a command waiting", lambda seen: seen.total(LAG) == 1)
            await until_scraped(importer, "it grow old", lambda seen: seen.total(AGE) > waiting.total(AGE))
        await ends(neighbour, 1)
        after = await until_scraped(importer, "no lag", has_caught_up)

    assert (1_000, 10) == (after.total("codes_import_rows_total"), after.total("codes_import_chunk_rows_count"))
    assert 1 == after.value("codes_imports_ended_total", state="completed")
    assert 0 == after.value("codes_imports_running")


async def test_an_import_that_waits_for_s3_is_under_way(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> None:
    """`/ready` names the part that it waits for."""
    files.put("some.csv", b"CODE-1\nCODE-2\n")
    hurried = {"CODES_S3__TIMEOUT_MS": "1000", **HURRIED}
    async with running("importer", environment, tmp_path / "importer.log", **hurried) as importer:
        await importer.until_ready()
        async with frozen("s3"):
            await neighbour.send(IMPORT, files.command("some.csv"))
            await until_scraped(importer, "no S3", lambda seen: seen.value("codes_part_away", part="s3") == 1)
            assert 1 == (await scraped(importer)).value("codes_imports_running")
            assert (503, '{"ok": false, "missing": ["s3"]}') == await importer.get("/ready")
        await ends(neighbour, 1)
        await until_scraped(importer, "its end", lambda seen: seen.value("codes_imports_running") == 0)


async def test_an_expirer_has_a_turn_and_no_lag(
    environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """It reads no partition: alerts would wait in vain for a series of it."""
    async with running("expirer", environment, tmp_path / "expirer.log") as expirer:
        await expirer.until_ready()
        seen = await scraped(expirer)

    assert {("expirer", 0)} == set(seen.places("codes_last_turn_timestamp_seconds"))
    assert ({}, 0) == (seen.places(LAG), seen.value("codes_oldest_overdue_seconds"))
