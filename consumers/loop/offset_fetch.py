"""Committed offsets that a coordinator does not know yet: aiokafka takes them for offsets that were never committed.

In:       a coordinator's answer to a question for committed offsets.
Out:      the same answer, or its error, which aiokafka retries.
Promise:  a partition never starts at its first record because its coordinator was loading or had moved.

Since version 2 of OffsetFetch a coordinator that loads a group, or does not coordinate it any more, answers with an
error beside an empty list of partitions. aiokafka (0.14) looks at the list only.
"""

from typing import Any, Final

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

SEND: Final = GroupCoordinator._send_req  # noqa: SLF001  # no part of it that is public sees the answer
ELSEWHERE: Final = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError)
"""The coordinator must be looked up again."""


def install() -> None:
    """Let all consumers of this process see such errors."""
    GroupCoordinator._send_req = send_and_check  # noqa: SLF001  # as above


async def send_and_check(coordinator: GroupCoordinator, request: Any) -> Any:  # noqa: ANN401  # aiokafka is not typed
    """As `GroupCoordinator._send_req`.

    Raises:
        KafkaError: the coordinator has not answered for the group.
    """
    response = await SEND(coordinator, request)
    if isinstance(request, OffsetFetchRequest) and response.error_code:
        error = for_code(response.error_code)
        if issubclass(error, ELSEWHERE):
            coordinator.coordinator_dead()
        raise error(f"the offsets of group {coordinator.group_id}")
    return response
