"""A coordinator that has moved, or loads its group, answers for no partition: that is no group without offsets."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    UnknownTopicOrPartitionError,
)
from aiokafka.protocol.commit import OffsetFetchResponse_v3

from consumers.loop.aiokafka_patch import install
from tests.fakes.time import run

PLACE = TopicPartition("t", 0)
LOADING, MOVED, UNKNOWN = (
    OffsetFetchResponse_v3(0, [], GroupLoadInProgressError.errno),
    OffsetFetchResponse_v3(0, [], NotCoordinatorForGroupError.errno),
    OffsetFetchResponse_v3(0, [("t", [(0, -1, "", UnknownTopicOrPartitionError.errno)])], 0),
)
COMMITTED, NEVER = (OffsetFetchResponse_v3(0, [("t", [(0, offset, "", 0)])], 0) for offset in (318, -1))


class Broker:
    """The client's connections, with these answers one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    async def send(self, *_request: Any, **_more: Any) -> Any:
        return self.answers.pop(0)

    def get_random_node(self) -> int:
        return 1


class Coordinator(GroupCoordinator):  # type: ignore[misc]  # aiokafka is not typed
    """Of a group that exists; without the task that keeps the membership."""

    def __init__(self, *answers: Any) -> None:
        install()
        self._client = Broker(*answers)
        self.group_id = "g"
        self.coordinator_id: int | None = 1
        self._retry_backoff_ms = 100
        self.lookups = 0
        self._coordinator_dead_fut = SimpleNamespace(set_result=lambda _: None)

    async def ensure_coordinator_known(self) -> None:
        """Look it up again if it was given up."""
        self.lookups += self.coordinator_id is None
        self.coordinator_id = 1


@pytest.mark.parametrize(("error", "lookups"), [(LOADING, 0), (MOVED, 1), (UNKNOWN, 0)])
def test_a_member_asks_again_until_the_coordinator_knows_the_offsets(error: Any, lookups: int) -> None:
    """The client took such an answer for "never committed": the partition was read again from its beginning.

    All of its requests were answered twice.
    """
    coordinator = Coordinator(error, error, COMMITTED)

    found = run(coordinator.fetch_committed_offsets([PLACE]))

    assert {PLACE: 318} == {place: known.offset for place, known in found.items()}
    assert lookups == min(coordinator.lookups, 1)


def test_a_partition_that_was_never_committed_is_still_known_as_such() -> None:
    """It is read from its beginning."""
    assert {} == run(Coordinator(NEVER).fetch_committed_offsets([PLACE]))


async def asked_by_admin(answer: Any) -> Any:
    """What an admin client says about all partitions of a group."""
    install()
    admin = AIOKafkaAdminClient(bootstrap_servers="127.0.0.1:1")
    real, admin._client = admin._client, Broker(answer)
    try:
        return await admin.list_consumer_group_offsets("g", group_coordinator_id=1)
    finally:
        await real.close()


@pytest.mark.parametrize("answer", [LOADING, MOVED])
def test_an_admin_client_raises_what_the_coordinator_says(answer: Any) -> None:
    """It said that the group had no offsets: a command took a command that is served for a lost one."""
    with pytest.raises(KafkaError) as raised:
        run(asked_by_admin(answer))

    assert answer.error_code == raised.value.errno


def test_an_admin_client_reads_the_offsets() -> None:
    """As before."""
    assert {PLACE: 318} == {place: known.offset for place, known in run(asked_by_admin(COMMITTED)).items()}
