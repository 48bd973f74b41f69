"""A rebalance under steady traffic: no member waits for a loop that waits for the rebalance.

A loop that sat in the client's `getmany` used to be cancelled after the stop budget of 15 seconds, and with it the
whole group stood still. How long a whole rebalance takes depends on the session time-out and the machine; how long
each survivor takes to let go does not.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from ops.broker.client import client_options
from ops.settings.load import Settings
from schemas.topics import ASSIGN, RELEASE, RESERVE, RESULTS
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, Role, running, until
from tests.integration.scraping import scraped

pytestmark = pytest.mark.integration

LET_GO_S_MAX = 1.0
"""A bucket of `codes_rebalance_seconds`. Batches of this traffic take milliseconds; a loop that waits for anything
but its batch takes the stop budget of 15 seconds."""
PAUSE_S = 0.005
SETTLED_S = 60.0
PARTITIONS = 6


class Traffic:
    """Requests without a pause, and how many there were."""

    def __init__(self, neighbour: Neighbour) -> None:
        self.neighbour = neighbour
        self.sent = 0
        self._ending = asyncio.Event()
        self._task = asyncio.create_task(self._flow())

    async def end(self) -> None:
        """Send no more."""
        self._ending.set()
        await self._task

    async def _flow(self) -> None:
        while not self._ending.is_set():
            number = self.sent
            request = {"request_id": f"q{number}", "campaign_id": "sale", "fan_id": f"fan-{number}"}
            await self.neighbour.send(RESERVE, request, key=b"%d" % number)
            self.sent += 1
            await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def traffic(neighbour: Neighbour) -> AsyncIterator[Traffic]:
    """Requests without a pause, until the block ends."""
    flowing = Traffic(neighbour)
    try:
        yield flowing
    finally:
        await flowing.end()


def served(role: Role) -> set[str]:
    """The worker's last assignment."""
    logged = role.logged("assigned")
    return set(logged[-1]["partitions"]) if logged else set()


async def shared_out(*roles: Role) -> list[set[str]]:
    """The shares, once they are even and whole."""

    def is_so() -> bool:
        shares = [served(role) for role in roles]
        sizes = sorted(map(len, shares))
        return PARTITIONS == sum(sizes) == len(set().union(*shares)) and sizes[-1] - sizes[0] <= 1

    await until(is_so, f"{len(roles)} workers share {PARTITIONS} partitions", SETTLED_S)
    return [served(role) for role in roles]


async def slow_let_goes(role: Role) -> float:
    """How many of its rebalances let go late; fails if it has seen none. Prints how long the whole ones took."""
    scrape = await scraped(role)
    name = "codes_rebalance_seconds"
    count, seconds = (scrape.value(f"{name}_{part}", step="whole") or 0.0 for part in ("count", "sum"))
    print(f"{role.name}: {count:.0f} rebalances, {seconds:.1f} s in all until the new assignment")  # noqa: T201  # for people; it depends on the machine
    total = scrape.value(f"{name}_count", step="let_go")
    assert total, f"{role.name} has seen no rebalance"
    return total - (scrape.value(f"{name}_bucket", step="let_go", le=str(LET_GO_S_MAX)) or 0.0)


async def test_no_rebalance_waits_for_the_stop_budget(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Under traffic a third worker joins and is stopped, a fourth joins, and one is killed. All is answered."""
    await stocked("sale", 20_000)

    async with AsyncExitStack() as opened, traffic(neighbour) as flowing:
        first = await opened.enter_async_context(running("worker", environment, tmp_path / "first.log"))
        second = await opened.enter_async_context(running("worker", environment, tmp_path / "second.log"))
        [had, _] = await shared_out(first, second)
        third = await opened.enter_async_context(running("worker", environment, tmp_path / "third.log"))
        [kept, *_] = await shared_out(first, second, third)
        assert kept < had, "a worker that stays gives up partitions, and gets no new ones"

        third.signal(signal.SIGTERM)
        assert 0 == await third.ended()
        [more, _] = await shared_out(first, second)
        assert kept < more

        fourth = await opened.enter_async_context(running("worker", environment, tmp_path / "fourth.log"))
        await shared_out(first, second, fourth)
        second.signal(signal.SIGKILL)
        await second.ended()
        await shared_out(first, fourth)

        assert [0, 0] == [await slow_let_goes(survivor) for survivor in (first, fourth)]
        await flowing.end()
        results = await neighbour.values(RESULTS, flowing.sent, settle_s=1.0, timeout_s=60)
    assert {f"q{number}": 1 for number in range(flowing.sent)} == Counter(result["request_id"] for result in results)
    assert {"reserved"} == {result["outcome"] for result in results}


async def test_a_member_of_the_version_before_can_be_in_the_group(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """It shares out by round robin; whoever leads, both have their half until it leaves."""
    topics = [migrated.topics.prefix + topic.name for topic in (RESERVE, ASSIGN, RELEASE)]
    before = AIOKafkaConsumer(
        *topics,
        **client_options(migrated.kafka),
        group_id=migrated.kafka.group_prefix + "worker",
        enable_auto_commit=False,
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    )
    async with running("worker", environment, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        await before.start()
        try:
            await until(lambda: PARTITIONS / 2 == len(served(worker)), "half is given up", SETTLED_S)
            await until(lambda: PARTITIONS / 2 == len(before.assignment()), "to the other one", SETTLED_S)
        finally:
            await before.stop()
        await shared_out(worker)
