"""A coordinator that does not say what is committed is asked again: no partition starts anew because of it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import GroupAuthorizationFailedError

from consumers.loop import offset_errors
from consumers.loop.assignors import sticky_assignor
from tests.fakes.time import run

PLACE = TopicPartition("reserve", 0)
LOADING, NOT_COORDINATOR, NOT_ALLOWED = 14, 16, 30


class Cluster:
    """A client that answers OffsetFetch with these errors of the whole group, and then with offset 7."""

    def __init__(self, errors: list[int]) -> None:
        self.errors = errors
        self.cluster = ClusterMetadata()
        self.looked_up = 0

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None

    async def coordinator_lookup(self, *_: Any) -> int:
        """Who coordinates the group."""
        self.looked_up += 1
        return 1

    async def ready(self, *_: Any, **__: Any) -> bool:
        """The broker is connected."""
        return True

    async def send(self, *_: Any, **__: Any) -> Any:
        """Version 3 of the answer: beside an error of the group there are no partitions."""
        if self.errors:
            return SimpleNamespace(error_code=self.errors.pop(0), topics=[])
        return SimpleNamespace(error_code=0, topics=[("reserve", [(0, 7, "", 0)])])


async def committed(cluster: Cluster) -> int | None:
    """What aiokafka's coordinator takes for committed."""
    offset_errors.install()
    coordinator = GroupCoordinator(
        cluster, SubscriptionState(), group_id="g", enable_auto_commit=False, assignors=(sticky_assignor(),)
    )
    try:
        found = await coordinator.fetch_committed_offsets([PLACE])
    finally:
        coordinator._coordination_task.cancel()
        await asyncio.wait({coordinator._coordination_task})
    return found[PLACE].offset if PLACE in found else None


@pytest.mark.parametrize("errors", [[LOADING], [NOT_COORDINATOR], [NOT_COORDINATOR, LOADING, LOADING]])
def test_a_coordinator_that_does_not_know_is_asked_again(errors: list[int]) -> None:
    """Taken for an answer, its empty list would send the partition back to its first record."""
    assert 7 == run(committed(Cluster(errors)))


def test_a_group_that_may_not_be_read_is_an_error() -> None:
    """Nothing is known of what it has committed."""
    with pytest.raises(GroupAuthorizationFailedError):
        run(committed(Cluster([NOT_ALLOWED])))
