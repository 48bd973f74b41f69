"""The group coordinator: members, generations, rebalances, and committed offsets.

In:       requests of members; time.
Out:      generations and assignments, which the leading member makes; offsets. An error of Kafka otherwise.
Promise:  a member of an older generation commits nothing. A rebalance waits for every member until it has joined
          again, or its rebalance time-out is over. Offsets of a transaction are visible when its marker is written.

This is the classic protocol with eager rebalances. `membership` has its states.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import RebalanceInProgressError

from tests.simulation.kafka.log import check
from tests.simulation.kafka.member import Joined, Joining
from tests.simulation.kafka.membership import Membership

if TYPE_CHECKING:
    from tests.simulation.kafka.cluster import Cluster

Offsets = Mapping[TopicPartition, int]


class Group:
    """One group: its membership, which a broker keeps in memory, and its offsets, which are kept for good."""

    def __init__(self, name: str, cluster: "Cluster") -> None:
        self.name = name
        self.offsets: dict[TopicPartition, int] = {}
        self.pending: dict[int, dict[TopicPartition, int]] = {}
        """Of open transactions, by producer id."""
        self.members = Membership(name, cluster)

    def commit(self, member_id: str, generation: int, offsets: Offsets) -> None:
        """Commit offsets as a member.

        Raises:
            UnknownMemberIdError, IllegalGenerationError, RebalanceInProgressError: as a broker.
        """
        if generation >= 0 or self.members.by_id or member_id:
            self.members.check_member(member_id, generation)
            check(self.members.state != "completing", RebalanceInProgressError)
        self.offsets.update(offsets)

    def commit_in_transaction(self, producer_id: int, offsets: Offsets) -> None:
        """Commit offsets when the transaction does. Who is a member does not matter."""
        self.pending.setdefault(producer_id, {}).update(offsets)

    def end_transaction(self, producer_id: int, *, is_commit: bool) -> None:
        """The marker of a transaction."""
        offsets = self.pending.pop(producer_id, {})
        if is_commit:
            self.offsets.update(offsets)


class Groups:
    """All groups of a cluster."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self.by_name: dict[str, Group] = {}

    def get(self, name: str) -> Group:
        """A group; it comes into being when somebody asks for it."""
        if name not in self.by_name:
            self.by_name[name] = Group(name, self._cluster)
        return self.by_name[name]

    async def join(self, name: str, joining: Joining) -> Joined:
        """Wait for the next generation; errors as `Membership.join`."""
        return await self.get(name).members.join(joining)

    async def sync(self, name: str, member_id: str, generation: int, assignments: Mapping[str, bytes]) -> bytes:
        """The member's assignment; errors as `Membership.sync`."""
        return await self.get(name).members.sync(member_id, generation, assignments)

    def reload(self, is_concerned: Callable[[str], bool]) -> None:
        """The coordinator has moved or restarted: what a broker keeps in memory only is lost."""
        for name, group in self.by_name.items():
            if is_concerned(name):
                group.members.reload()
