"""Who is in a group: from one generation to the next.

In:       joins, syncs, heartbeats, leaves; time.
Out:      `Membership`: generations and assignments.
Promise:  as `groups` says.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from aiokafka.errors import (
    IllegalGenerationError,
    KafkaError,
    NotCoordinatorForGroupError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from tests.simulation.kafka.log import check
from tests.simulation.kafka.member import Joined, Joining, Kept, Member, anew, fail
from tests.simulation.kafka.roster import Roster

if TYPE_CHECKING:
    from tests.simulation.kafka.cluster import Cluster

State = Literal["empty", "preparing", "completing", "stable"]


class Membership:
    """Lives as long as its group."""

    def __init__(self, group: str, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._kept = Kept()
        self._roster = Roster(group, cluster, self._remove, self._complete_if_all_joined)
        self._round = 0
        """Counts state changes: a timer of an earlier one does nothing."""
        self.state: State = "empty"
        self.generation = 0
        self.leader = ""
        self.protocol = ""

    @property
    def by_id(self) -> dict[str, Member]:
        """All members by their ids."""
        return self._roster.by_id

    async def join(self, joining: Joining) -> Joined:
        """Join, or join again; returns when the next generation begins.

        Raises:
            MemberIdGiven: a new member joins again with its id.
            UnknownMemberIdError, NotCoordinatorForGroupError: as a broker.
        """
        member = self._roster.enter(joining)
        if self._needs_no_rebalance(member, joining):
            self._keep_ids()
            return self._place(member, for_leader=self.state == "completing" and member.member_id == self.leader)
        member.protocols = joining.protocols
        fail(member.joining, NotCoordinatorForGroupError())  # it was asked again: nobody waits for this answer
        member.joining = asyncio.get_running_loop().create_future()
        waits_for = member.joining
        if self.state != "preparing":
            self._prepare()
        else:
            self._complete_if_all_joined()
        return await waits_for

    async def sync(self, member_id: str, generation: int, assignments: Mapping[str, bytes]) -> bytes:
        """The member's assignment; the leader brings those of all.

        Raises:
            UnknownMemberIdError, IllegalGenerationError, RebalanceInProgressError: as a broker.
        """
        member = self.check_member(member_id, generation)
        check(self.state in {"completing", "stable"}, RebalanceInProgressError)
        if self.state == "stable":
            return member.assignment
        member.syncing = asyncio.get_running_loop().create_future()
        waits_for = member.syncing
        if member_id == self.leader:
            self._assign(assignments)
        return await waits_for

    def heartbeat(self, member_id: str, generation: int) -> None:
        """The member is alive. Raises RebalanceInProgressError if it should join again, and as `sync`."""
        self.check_member(member_id, generation).seen_s = self._cluster.now_s()
        check(self.state != "preparing", RebalanceInProgressError)

    def leave(self, member_id: str) -> None:
        """The member is gone. Raises UnknownMemberIdError."""
        check(member_id in self.by_id, UnknownMemberIdError)
        self._remove(self.by_id[member_id])

    def rebalance(self) -> None:
        """Let every member join again."""
        if self.by_id and self.state != "preparing":
            self._prepare()

    def check_member(self, member_id: str, generation: int) -> Member:
        """The member. Raises UnknownMemberIdError, IllegalGenerationError."""
        check(member_id in self.by_id, UnknownMemberIdError)
        check(generation == self.generation, IllegalGenerationError)
        return self.by_id[member_id]

    def reload(self) -> None:
        """Another broker coordinates this group now: it knows the last generation that was assigned."""
        self._answer_all(NotCoordinatorForGroupError())
        kept, self._round = self._kept, self._round + 1
        self._roster.by_id = {member.member_id: anew(member) for member in kept.members}
        self.generation, self.leader, self.protocol = kept.generation, kept.leader, kept.protocol
        self.state = "stable" if self.by_id else "empty"
        self._roster.invited = {}
        for member in self.by_id.values():
            self._roster.seen(member)

    def _needs_no_rebalance(self, member: Member, joining: Joining) -> bool:
        is_same = member.protocols == joining.protocols
        if self.state == "completing":
            return is_same
        return self.state == "stable" and is_same and member.member_id != self.leader

    def _place(self, member: Member, *, for_leader: bool) -> Joined:
        members = tuple(
            (name, known.instance_id, dict(known.protocols)[self.protocol]) for name, known in self.by_id.items()
        )
        return Joined(self.generation, self.protocol, self.leader, member.member_id, members if for_leader else ())

    def _prepare(self) -> None:
        for member in self.by_id.values():
            fail(member.syncing, RebalanceInProgressError())
        self.state, self._round = "preparing", self._round + 1
        self._complete_if_all_joined()
        if self.state == "preparing":
            longest_s = max(member.rebalance_s for member in self.by_id.values())
            self._cluster.later(longest_s, partial(self._give_up_waiting, self._round))

    def _give_up_waiting(self, number: int) -> None:
        if number != self._round:
            return
        for member in list(self.by_id.values()):
            if member.joining is None and member.instance_id is None:
                del self.by_id[member.member_id]
        self._roster.invited = {}
        self._complete()

    def _complete_if_all_joined(self) -> None:
        everybody = not self._roster.invited and all(member.joining is not None for member in self.by_id.values())
        if self.state == "preparing" and everybody:
            self._complete()

    def _complete(self) -> None:
        self.generation += 1
        self._round += 1
        if not self.by_id:
            self.state, self.leader, self._kept = "empty", "", Kept(self.generation)
            return
        self.state = "completing"
        here = [member for member in self.by_id.values() if member.joining is not None] or list(self.by_id.values())
        if self.leader not in {member.member_id for member in here}:
            self.leader = here[0].member_id
        self.protocol = here[0].protocols[0][0]
        for member in here:
            joining, member.joining = member.joining, None
            self._roster.seen(member)
            if joining is not None and not joining.done():
                joining.set_result(self._place(member, for_leader=member.member_id == self.leader))
        longest_s = max(member.rebalance_s for member in self.by_id.values())
        self._cluster.later(longest_s, partial(self._give_up_syncing, self._round))

    def _give_up_syncing(self, number: int) -> None:
        """Who has not asked for its assignment is not there any more."""
        if number != self._round or self.state != "completing":
            return
        for member in list(self.by_id.values()):
            if member.syncing is None:
                del self.by_id[member.member_id]
        self._prepare() if self.by_id else self._complete()

    def _assign(self, assignments: Mapping[str, bytes]) -> None:
        self.state, self._round = "stable", self._round + 1
        for member in self.by_id.values():
            member.assignment = assignments.get(member.member_id, b"")
        self._keep()
        for member in self.by_id.values():
            syncing, member.syncing = member.syncing, None
            self._roster.seen(member)
            if syncing is not None and not syncing.done():
                syncing.set_result(member.assignment)

    def _keep_ids(self) -> None:
        """A static member may have another id now."""
        if self.state == "stable":
            self._keep()

    def _keep(self) -> None:
        members = [replace(member) for member in self.by_id.values()]
        self._kept = Kept(self.generation, self.leader, self.protocol, members)

    def _remove(self, member: Member) -> None:
        self.by_id.pop(member.member_id, None)
        fail(member.joining, UnknownMemberIdError())
        fail(member.syncing, UnknownMemberIdError())
        if self.state == "preparing":
            self._complete_if_all_joined()
        elif self.by_id:
            self._prepare()
        else:
            self._complete()

    def _answer_all(self, error: KafkaError) -> None:
        for member in self.by_id.values():
            fail(member.joining, error)
            fail(member.syncing, error)
