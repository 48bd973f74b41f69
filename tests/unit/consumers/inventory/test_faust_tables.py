"""The table's recovery: when the flow opens, and what a commit waits for."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError
from faust.types import TP

from consumers.inventory.faust_flow import OurConsumer, of
from consumers.inventory.faust_kafka import InventoryApp
from consumers.inventory.faust_tables import OurRecovery
from consumers.loop.serving import KafkaSide
from schemas.settings import KafkaSettings, WorkerSettings
from schemas.stock import CampaignStock, ShardCounts, TypeStock
from tests.fakes.builders import NOW
from tests.fakes.observer import ObservedFacts

EVENTS, CHANGELOG = TP("codes.inventory.v1", 0), TP("codes-inventory-campaigns-changelog", 0)
GENERATION = 2


class Scene:
    """A recovery whose broker is played: each step is noted, and something may happen during it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        side = KafkaSide({}, KafkaSettings(), "exactly_once", WorkerSettings(), ObservedFacts())
        self.app: Any = InventoryApp(side, self._step("alerts"))
        self.app.consumer_generation_id = GENERATION
        self.steps: list[str] = []
        self.during: dict[str, Callable[[], object]] = {}
        self.consumer: OurConsumer = of(self.app)
        self.recovery = OurRecovery(self.app, self.app.tables, beacon=self.app.beacon, loop=self.app.loop)
        monkeypatch.setattr(self.recovery, "_read_changelog", self._step("changelog"))
        monkeypatch.setattr(self.consumer, "prepare", self._step("prepare"))
        monkeypatch.setattr(self.consumer, "assignment", lambda: {EVENTS, CHANGELOG})
        monkeypatch.setattr(self.recovery, "_is_changelog_tp", lambda tp: tp == CHANGELOG)
        monkeypatch.setattr(self.app._fetcher, "maybe_start", self._step("fetch"))
        monkeypatch.setattr(self.recovery, "_open", lambda streams: self.steps.append(f"open {len(streams)}"))
        self.recovery._closings = self.consumer.closings  # as after a rebalance

    def _step(self, name: str) -> Callable[..., Any]:
        async def step(*_: Any) -> None:
            self.steps.append(name)
            self.during.get(name, lambda: None)()

        return step


def a_stock(version: int) -> bytes:
    """A value of the table."""
    shard = ShardCounts(version=version, available=1, reserved=0, assigned=0)
    return CampaignStock(campaign_id="sale", types={"tm": TypeStock(shards={"s": shard})}, changed_at=NOW).to_json()


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


async def test_the_flow_opens_when_the_table_and_the_alerts_are_known(scene: Scene) -> None:
    """Before that, an event would be counted on half a table, or an alert sent again."""
    await scene.recovery._restore(GENERATION)

    assert ["changelog", "alerts", "prepare", "open 1", "fetch"] == scene.steps


@pytest.mark.parametrize("step", ["changelog", "alerts", "prepare"])
async def test_a_flow_that_was_closed_during_the_recovery_stays_closed(scene: Scene, step: str) -> None:
    """Another rebalance has begun: the partitions may be another process's by now."""
    scene.during[step] = scene.consumer.stop_flow

    await scene.recovery._restore(GENERATION)

    assert ["changelog", "alerts", "prepare"] == scene.steps


@pytest.mark.parametrize("step", ["changelog", "alerts", "prepare"])
async def test_a_recovery_of_an_earlier_generation_opens_nothing(scene: Scene, step: str) -> None:
    """The next one, of the new assignment, does."""
    scene.during[step] = lambda: setattr(scene.app, "consumer_generation_id", GENERATION + 1)

    await scene.recovery._restore(GENERATION)

    assert ["changelog", "alerts", "prepare"] == scene.steps


async def test_alerts_that_are_still_being_read_keep_the_flow_closed(scene: Scene) -> None:
    """However long that takes."""
    begun, read = asyncio.Event(), asyncio.Event()
    scene.during["changelog"] = begun.set
    scene.app.until_alerts_read = read.wait
    recovering = asyncio.create_task(scene.recovery._restore(GENERATION))
    await begun.wait()
    for _ in range(20):  # turns of the event loop
        await asyncio.sleep(0)
    before = list(scene.steps)
    read.set()
    await recovering

    assert (["changelog"], ["changelog", "prepare", "open 1", "fetch"]) == (before, scene.steps)


async def test_an_older_value_that_was_written_later_is_not_recovered(scene: Scene) -> None:
    """A former owner was frozen while it counted."""
    newer, older = (a_stock(version) for version in (2, 1))
    table = scene.app.Table("campaigns", key_type=bytes, value_type=bytes)
    scene.recovery.tables._changelogs[CHANGELOG.topic] = table

    scene.recovery._apply(
        SimpleNamespace(topic=CHANGELOG.topic, key=b"sale", value=value) for value in (newer, older)
    )

    assert newer == table.data.data[b"sale"]


class TestCommit:
    @pytest.fixture
    def committed(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[dict[TP, int]]:
        """What reached the broker as committed."""
        committed: list[dict[TP, int]] = []

        async def commit(offsets: dict[TP, int]) -> bool:
            committed.append(offsets)
            return True

        monkeypatch.setattr(scene.consumer, "_commit", commit)
        scene.consumer._next = {EVENTS: 5}  # one event is counted
        return committed

    async def test_an_offset_is_not_committed_without_its_value_in_the_changelog(
        self, scene: Scene, committed: list[dict[TP, int]]
    ) -> None:
        """The next owner would begin behind the event, with a table that lacks it."""
        failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        failed.set_exception(KafkaTimeoutError("the changelog took nothing"))
        scene.app.unwritten.add(failed)

        with pytest.raises(KafkaTimeoutError):
            await scene.consumer._commit_tps([EVENTS], start_new_transaction=True)

        assert [] == committed
        assert {EVENTS: 5} == scene.consumer._filter_committable_offsets([])

    async def test_a_commit_waits_for_the_changelog(self, scene: Scene, committed: list[dict[TP, int]]) -> None:
        """And for nothing that was written before and is acknowledged."""
        written: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        scene.app.unwritten.add(written)
        committing = asyncio.create_task(scene.consumer._commit_tps([EVENTS], start_new_transaction=True))
        for _ in range(20):  # turns of the event loop
            await asyncio.sleep(0)
        before = list(committed)
        written.set_result(None)
        await committing

        assert ([], [{EVENTS: 5}]) == (before, committed)
        assert set() == scene.app.unwritten
