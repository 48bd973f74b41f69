"""Progress that Kafka does not say is not taken for progress."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError
from aiokafka.structs import OffsetAndMetadata

from consumers.expirer.release_progress import KafkaReleaseProgress
from schemas.errors import BrokerUnavailable

TOPIC = "codes.release.requests.v1"


class Admin:
    """Answers what it was given."""

    def __init__(self, answer: dict[int, int] | Exception) -> None:
        self._answer = answer

    async def list_consumer_group_offsets(self, _group: str, **_: Any) -> dict[TopicPartition, OffsetAndMetadata]:
        """See aiokafka's."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return {
            TopicPartition(TOPIC, partition): OffsetAndMetadata(offset, "")
            for partition, offset in self._answer.items()
        }


async def decided(answer: dict[int, int] | Exception) -> dict[int, int]:
    return dict(await KafkaReleaseProgress(TOPIC, "codes-worker", Admin(answer)).decided(frozenset({0, 1})))


@pytest.mark.parametrize("answer", [{}, {0: 7}])
async def test_a_coordinator_that_does_not_know_yet_is_asked_again(answer: dict[int, int]) -> None:
    """Aiokafka gives no offsets and no error for NOT_COORDINATOR and COORDINATOR_LOAD_IN_PROGRESS."""
    with pytest.raises(BrokerUnavailable, match="codes-worker"):
        await decided(answer)


async def test_a_group_that_has_committed_nothing_has_decided_nothing() -> None:
    """Kafka says -1 then."""
    assert {0: 0, 1: 7} == await decided({0: -1, 1: 7})


async def test_who_may_not_read_the_offsets_does_without_them() -> None:
    """The waits between attempts grow then."""
    assert {} == await decided(GroupAuthorizationFailedError("codes-worker"))
