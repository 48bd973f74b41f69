"""Answers about committed offsets: aiokafka overlooks an error that is about the whole answer.

In:       answers to OffsetFetch, from version 2 on with an error code of their own.
Out:      `install`: such an error is raised, as those of single partitions are.
Promise:  no partition counts as never committed because its coordinator has just moved. It would be read again from
          its beginning, and every one of its requests would be answered twice.
"""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import NotCoordinatorForGroupError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.commit import OffsetFetchRequest

send_as_member = GroupCoordinator._send_req  # noqa: SLF001  # nothing public sees whole answers
send_as_admin = AIOKafkaAdminClient._send_request  # noqa: SLF001  # as above


def install() -> None:
    """Let all consumers and admin clients of this process heed such an error."""
    GroupCoordinator._send_req = checked_as_member  # noqa: SLF001
    AIOKafkaAdminClient._send_request = checked_as_admin  # noqa: SLF001


async def checked_as_member(coordinator: GroupCoordinator, request: Any) -> Any:  # noqa: ANN401  # aiokafka's own types
    """Raises the KafkaError of the whole answer; the client tries again, at the new coordinator if there is one."""
    answer = await send_as_member(coordinator, request)
    if isinstance(request, OffsetFetchRequest):
        try:
            check(answer)
        except NotCoordinatorForGroupError:
            coordinator.coordinator_dead()
            raise
    return answer


async def checked_as_admin(admin: AIOKafkaAdminClient, request: Any, *args: Any) -> Any:  # noqa: ANN401  # as above
    """Raises the KafkaError of the whole answer."""
    answer = await send_as_admin(admin, request, *args)
    if isinstance(request, OffsetFetchRequest):
        check(answer)
    return answer


def check(answer: Any) -> None:  # noqa: ANN401  # as above
    """Raises the KafkaError of a whole answer, or of a topic that the client would take for one never committed."""
    code = getattr(answer, "error_code", 0)  # versions 0 and 1 have none
    if code:
        raise for_code(code)("the coordinator does not say the committed offsets")
    for topic, partitions in answer.topics:
        if any(error == UnknownTopicOrPartitionError.errno for _, _, _, error in partitions):
            raise UnknownTopicOrPartitionError(topic)
