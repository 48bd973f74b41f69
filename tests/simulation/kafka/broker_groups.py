"""What a broker answers to the members of groups.

In:       requests as aiokafka makes them; the broker that is asked.
Out:      `ANSWERS`, by the class of the request; `heartbeat_answer`.
Promise:  a broker that does not coordinate the group, or does not know it yet, says so.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace as Answer
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NotCoordinatorForGroupError
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest

from tests.simulation.kafka.cluster import Cluster
from tests.simulation.kafka.codes import check_code, check_coordinator, code_of, offsets_in
from tests.simulation.kafka.log import check
from tests.simulation.kafka.member import Joined, Joining, MemberIdGiven

NO_OFFSET: Final = -1


def heartbeat_answer(cluster: Cluster, broker: int, request: HeartbeatRequest) -> Any:
    """The same at once, for what is asked most."""

    def beat() -> None:
        check(cluster.coordinator("group", request._group) == broker, NotCoordinatorForGroupError)
        if cluster.is_loading("group", request._group):
            return  # as a broker: it does not know better yet
        cluster.groups.get(request._group).members.heartbeat(request._member_id, request._generation_id)

    return Answer(error_code=code_of(beat))


async def heartbeat(cluster: Cluster, broker: int, request: HeartbeatRequest, code: int) -> Any:
    return Answer(error_code=code) if code else heartbeat_answer(cluster, broker, request)


async def join(cluster: Cluster, broker: int, request: JoinGroupRequest, code: int) -> Any:
    joining = Joining(
        request._member_id,
        request._group_instance_id,
        request._session_timeout / 1000,
        request._rebalance_timeout / 1000,
        tuple(request._group_protocols),
    )
    try:
        check_code(code)
        check_coordinator(cluster, broker, "group", request._group)
        return joined(await cluster.groups.join(request._group, joining))
    except KafkaError as why:
        member_id = why.member_id if isinstance(why, MemberIdGiven) else joining.member_id
        return joined(Joined(-1, "", "", member_id, ()), int(why.errno))


def joined(place: Joined, code: int = 0) -> Any:
    """As aiokafka reads it."""
    return Answer(
        API_VERSION=5,
        error_code=code,
        generation_id=place.generation,
        group_protocol=place.protocol,
        leader_id=place.leader,
        member_id=place.member_id,
        members=place.members,
    )


async def sync(cluster: Cluster, broker: int, request: SyncGroupRequest, code: int) -> Any:
    name, member_id, generation = request._group, request._member_id, request._generation_id
    try:
        check_code(code)
        check_coordinator(cluster, broker, "group", name)
        assignment = await cluster.groups.sync(name, member_id, generation, dict(request._group_assignment))
    except KafkaError as why:
        return Answer(error_code=int(why.errno), member_assignment=b"")
    return Answer(error_code=0, member_assignment=assignment)


async def leave(cluster: Cluster, broker: int, request: LeaveGroupRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "group", request._group)
        cluster.groups.get(request._group).members.leave(request._member_id)

    return Answer(error_code=code_of(work, code))


async def commit_offsets(cluster: Cluster, broker: int, request: OffsetCommitRequest, code: int) -> Any:
    def work() -> None:
        check_coordinator(cluster, broker, "group", request._consumer_group)
        group = cluster.groups.get(request._consumer_group)
        group.commit(request._consumer_id, request._consumer_group_generation_id, offsets_in(request._topics))

    found = code_of(work, code)
    return Answer(topics=[(topic, [(number, found) for number, *_ in parts]) for topic, parts in request._topics])


async def fetch_offsets(cluster: Cluster, broker: int, request: OffsetFetchRequest, code: int) -> Any:
    """A broker that does not know the group answers for no partition at all, with an error beside."""
    name = request._consumer_group
    found = code_of(lambda: check_coordinator(cluster, broker, "group", name), code)
    if found:
        return Answer(error_code=found, topics=())
    offsets = cluster.groups.get(name).offsets
    wanted = request._partitions
    if wanted is None:
        wanted = [(place.topic, [place.partition]) for place in sorted(offsets)]
    return Answer(
        error_code=0,
        topics=[
            (
                topic,
                [
                    (number, offsets.get(TopicPartition(topic, number), NO_OFFSET), "", 0)
                    for number in sorted(numbers)
                ],
            )
            for topic, numbers in wanted
        ],
    )


ANSWERS: Final[dict[type[Any], Callable[..., Awaitable[Any]]]] = {
    HeartbeatRequest: heartbeat,
    JoinGroupRequest: join,
    LeaveGroupRequest: leave,
    OffsetCommitRequest: commit_offsets,
    OffsetFetchRequest: fetch_offsets,
    SyncGroupRequest: sync,
}
