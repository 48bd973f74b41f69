"""A coordinator's refusal to say which offsets are committed, which aiokafka takes for "none is committed".

In:       the answer to an OffsetFetch request.
Out:      the same answer, or the error that stands in it.
Promise:  a partition starts at its first record only if the group's coordinator says that nothing is
          committed.

Since version 2 of the answer, an error of the whole group (the coordinator has moved, or loads its log after a
restart) stands beside an empty list of partitions. aiokafka 0.14 looks only for errors of single partitions. A
partition whose owner asked at such a moment would be read, and answered, from its first record on.
"""

from typing import Any, Final

from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest

SEND: Final = GroupCoordinator._send_req  # noqa: SLF001  # nothing public sees the answer
MOVED: Final = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError)


def install() -> None:
    """Let all consumers of this process raise such an error. aiokafka then asks again, the right broker if needed."""
    GroupCoordinator._send_req = send_checked  # noqa: SLF001  # as above


async def send_checked(coordinator: GroupCoordinator, request: Any) -> Any:  # noqa: ANN401  # aiokafka is not typed
    """Send a request of the group.

    Raises:
        KafkaError: the whole answer to an OffsetFetch request is an error.
    """
    answer = await SEND(coordinator, request)
    if isinstance(request, OffsetFetchRequest):
        error = for_code(getattr(answer, "error_code", 0))
        if error in MOVED:
            coordinator.coordinator_dead()
        if error is not NoError:
            raise error(coordinator.group_id)
    return answer
