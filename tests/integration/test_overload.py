"""Ten times more requests than a worker can serve, a hot partition and a hot campaign: slow, right and bounded."""

import time
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from ops.settings.load import Settings
from schemas.topics import ASSIGN, RELEASE, RESERVE
from tests.fakes.proxy import proxied
from tests.integration.conftest import PutCodes
from tests.integration.flooding import Flood, a_flood, check_no_rebalance, highest_rss
from tests.integration.running import running
from tests.integration.scraping import scraped

pytestmark = pytest.mark.integration

FACTOR: Final = 10
WARM_UP: Final = 1_000
"""Requests; how long they take says how many can be served."""
REQUESTS_MIN: Final = 4_000
"""Of a flood: several batches for each partition, also where the machine is slow."""
STOCK: Final = 3_000
"""Less than a flood: what is refused for lack of stock is decided and recorded like the rest."""
CALM_SESSION: Final = {"CODES_KAFKA__SESSION_TIMEOUT_MS": "10000"}
"""The default. The 2 s of other tests would be missed on a machine that other tests load."""
RSS_MB_MAX: Final = 256.0
"""Half of what the chart gives a worker's container. A worker has some 90 MiB at its start; then, for each of the 6
partitions, at most 1 MiB that was fetched, its records, a batch of 500 requests, its facts and its outputs."""
RATIO_MAX: Final = 3.0
"""Of round trips after and before the flood, the shortest of `TRIES` each."""
TRIES: Final = 10
DELAY_S: Final = 0.05
COMPRESSED: Final = 800
PAD: Final = "x" * 60_000
"""An unknown field, which is ignored: a batch needs some 50 MB when it is parsed, and 30 kB on the wire."""
RSS_MB_MAX_COMPRESSED: Final = 448.0
"""What a worker has anyway, the budget of 96 MiB, and three copies of a batch while it is decompressed and parsed.
Six batches at once would need 300 MiB in place of the budget."""
HOT: Final = 1_500
QUEUE: Final = 4 * HOT
"""Longer than the time in which the others can be sent and answered on a busy machine."""
FEW: Final = 20


async def requests_per_s(flood: Flood) -> float:
    """How many of them are served."""
    began = time.monotonic()
    for partition in range(2):
        await flood.send(f"warm{partition}", WARM_UP // 2, partition=partition)
    await flood.until_answered()
    return WARM_UP / (time.monotonic() - began)


@pytest.mark.parametrize(
    ("seconds", "delay_s"),
    [
        pytest.param(0.3, 0.0, id="short"),
        pytest.param(0.3, DELAY_S, id="slow-database", marks=pytest.mark.thorough),
        pytest.param(60, 0.0, id="minute", marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
        pytest.param(60, DELAY_S, id="minute-slow-database", marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
    ],
)
async def test_a_flood_is_served_in_order_in_bounded_memory(
    seconds: float,
    delay_s: float,
    environment: dict[str, str],
    migrated: Settings,
    stocked: PutCodes,
    tmp_path: Path,
) -> None:
    """Nothing is lost or out of order, no rebalance comes of it, and afterwards a request is as quick as before."""
    await stocked("sale", STOCK)
    async with (
        proxied(environment["CODES_MONGO__URI"]) as (proxy, way),
        running("worker", environment, tmp_path / "w.log", CODES_MONGO__URI=way, **CALM_SESSION) as worker,
        a_flood(migrated) as flood,
    ):
        await worker.until_ready()
        proxy.delay_s = delay_s
        rate = await requests_per_s(flood)
        before_s = await flood.round_trip_s("before", TRIES)
        count = max(REQUESTS_MIN, round(FACTOR * rate * seconds))
        async with highest_rss(worker) as rss:
            for partition in range(2):
                await flood.send(f"flood{partition}", count // 2, partition=partition)
            await flood.read(0)
            unanswered = flood.sent.total() - flood.answers.counts.total()
            await flood.until_answered()
        after_s = await flood.round_trip_s("after", TRIES)
        await check_no_rebalance([worker])
    print(f"{count} requests at {rate:.0f}/s, {unanswered} waiting, {rss} MiB, {before_s:.3f} s, {after_s:.3f} s")  # noqa: T201  # for people; it depends on the machine

    flood.check_nothing_lost()
    assert unanswered > count / 2, "control: it was a flood"
    assert rss[1] < RSS_MB_MAX
    assert after_s < RATIO_MAX * before_s


async def test_a_hot_partition_does_not_hold_up_the_others(
    environment: dict[str, str], migrated: Settings, stocked: PutCodes, tmp_path: Path
) -> None:
    """Requests to quiet partitions, sent when there is a queue, are answered before the end of the queue."""
    await stocked("sale", STOCK + QUEUE)
    async with (
        a_flood(migrated) as flood,
        running("worker", environment, tmp_path / "worker.log", **CALM_SESSION) as worker,
    ):
        await flood.send("hot", QUEUE)
        while not flood.answers.counts["hot"]:
            await flood.read()
        for topic, partition in ((RESERVE, 1), (ASSIGN, 0), (ASSIGN, 1)):
            await flood.send(f"quiet.{topic.name}.{partition}", FEW, topic=topic, partition=partition)
        await flood.until_answered()
        await check_no_rebalance([worker])

    flood.check_nothing_lost()
    quiet = [at_ms for source, at_ms in flood.answers.last_at_ms.items() if source != "hot"]
    assert 3 == len(quiet)
    assert max(quiet) < flood.answers.last_at_ms["hot"]


@pytest.mark.thorough
async def test_a_hot_campaign_does_not_hold_up_the_partitions_of_others(
    environment: dict[str, str], migrated: Settings, stocked: PutCodes, tmp_path: Path
) -> None:
    """Three partitions compete for the codes of one campaign; another one is served beside them."""
    await stocked("hot", HOT)
    await stocked("calm", FEW)
    async with a_flood(migrated) as flood:
        hot = ((RESERVE, 0), (ASSIGN, 0), (ASSIGN, 1))
        for topic, partition in hot:
            await flood.send(f"hot.{topic.name}.{partition}", HOT, topic=topic, partition=partition, campaign="hot")
        async with running("worker", environment, tmp_path / "worker.log", **CALM_SESSION) as worker:
            while not flood.answers.counts:
                await flood.read()
            await flood.send("calm", FEW, partition=1, campaign="calm")
            await flood.until_answered()
            await check_no_rebalance([worker])
            conflicts = (await scraped(worker)).total("codes_conflicts_total")
    print(f"{conflicts:.0f} conflicts")  # noqa: T201  # for people

    flood.check_nothing_lost()
    last = {source: at_ms for source, at_ms in flood.answers.last_at_ms.items() if source != "calm"}
    assert flood.answers.last_at_ms["calm"] < min(last.values())


@pytest.mark.thorough
async def test_large_compressed_batches_on_all_partitions_are_parsed_in_turn(
    environment: dict[str, str], migrated: Settings, stocked: PutCodes, tmp_path: Path
) -> None:
    """As after an outage: all are served, in memory for fewer of them than there are partitions."""
    await stocked("sale", STOCK)
    async with a_flood(migrated) as flood:
        for topic, partition in product((RESERVE, ASSIGN, RELEASE), range(2)):
            source = f"{topic.name}.{partition}"
            await flood.send_compressed(source, COMPRESSED, PAD, topic=topic, partition=partition)
        async with running("worker", environment, tmp_path / "worker.log", **CALM_SESSION) as worker:
            async with highest_rss(worker) as rss:
                await flood.until_answered()
            await check_no_rebalance([worker])
    print(f"{rss} MiB")  # noqa: T201  # for people

    flood.check_nothing_lost()
    assert rss[1] < RSS_MB_MAX_COMPRESSED
