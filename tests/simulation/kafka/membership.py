"""Who is in a group: from one generation to the next.

In:       joins, syncs, heartbeats, leaves; time.
Out:      `Membership`: generations and assignments.
Promise:  as `groups` says.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from aiokafka.errors import (
    IllegalGenerationError,
    KafkaError,
    MemberIdRequired,
    NotCoordinatorForGroupError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from tests.simulation.kafka.log import check

if TYPE_CHECKING:
    from tests.simulation.kafka.cluster import Cluster

RETRY_S: Final = 0.1
"""Until a coordinator that is not there is looked at again."""
Protocols = tuple[tuple[str, bytes], ...]
State = Literal["empty", "preparing", "completing", "stable"]


class Joining(NamedTuple):
    """A request to join."""

    member_id: str
    """Empty: a new member."""
    instance_id: str | None
    session_s: float
    rebalance_s: float
    protocols: Protocols


class Joined(NamedTuple):
    """A place in a generation."""

    generation: int
    protocol: str
    leader: str
    member_id: str
    members: tuple[tuple[str, str | None, bytes], ...]
    """All of them with what they subscribe to, for the leader; empty for others."""


class MemberIdGiven(MemberIdRequired):  # type: ignore[misc]  # aiokafka is not typed
    """Join again with this id."""

    def __init__(self, member_id: str) -> None:
        super().__init__()
        self.member_id = member_id


@dataclass(eq=False, slots=True)
class Member:
    """A member as its coordinator knows it."""

    member_id: str
    instance_id: str | None
    session_s: float
    rebalance_s: float
    protocols: Protocols
    assignment: bytes = b""
    seen_s: float = 0.0
    is_watched: bool = False
    """Whether a timer runs that looks for the end of its session."""
    joining: "asyncio.Future[Joined] | None" = None
    syncing: "asyncio.Future[bytes] | None" = None


@dataclass(slots=True)
class Kept:
    """What survives the coordinator: the last generation that was assigned."""

    generation: int = 0
    leader: str = ""
    protocol: str = ""
    members: list[Member] = field(default_factory=list)


class Membership:
    """Lives as long as its group."""

    def __init__(self, group: str, cluster: "Cluster") -> None:
        self._group = group
        self._cluster = cluster
        self._kept = Kept()
        self._numbers = 0
        self._round = 0
        """Counts state changes: a timer of an earlier one does nothing."""
        self.state: State = "empty"
        self.generation = 0
        self.leader = ""
        self.protocol = ""
        self.by_id: dict[str, Member] = {}
        self._invited: dict[str, None] = {}
        """Ids that were given to new members, which have not joined with them yet."""

    async def join(self, joining: Joining) -> Joined:
        """Join, or join again; returns when the next generation begins.

        Raises:
            MemberIdGiven: a new member joins again with its id.
            UnknownMemberIdError, NotCoordinatorForGroupError: as a broker.
        """
        member = self._member(joining)
        if self._needs_no_rebalance(member, joining):
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
        self.by_id = {
            member.member_id: replace(member, joining=None, syncing=None, is_watched=False) for member in kept.members
        }
        self.generation, self.leader, self.protocol = kept.generation, kept.leader, kept.protocol
        self.state = "stable" if self.by_id else "empty"
        self._invited = {}
        for member in self.by_id.values():
            self._seen(member)

    def _member(self, joining: Joining) -> Member:
        if joining.member_id:
            return self._returning(joining)
        self._numbers += 1
        member_id = f"{self._group}-{self._numbers}"
        if joining.instance_id is None:
            self._invited[member_id] = None
            self._cluster.later(joining.session_s, partial(self._uninvite, member_id))
            raise MemberIdGiven(member_id)
        known = next((member for member in self.by_id.values() if member.instance_id == joining.instance_id), None)
        return self._added(member_id, joining) if known is None else self._renamed(known, member_id)

    def _returning(self, joining: Joining) -> Member:
        if joining.member_id in self._invited:
            del self._invited[joining.member_id]
            return self._added(joining.member_id, joining)
        check(joining.member_id in self.by_id, UnknownMemberIdError)
        member = self.by_id[joining.member_id]
        member.seen_s = self._cluster.now_s()
        return member

    def _added(self, member_id: str, joining: Joining) -> Member:
        _, instance_id, session_s, rebalance_s, _ = joining
        member = Member(member_id, instance_id, session_s, rebalance_s, ())
        self.by_id[member_id] = member
        self._seen(member)
        return member

    def _renamed(self, member: Member, member_id: str) -> Member:
        """A static member has restarted: whoever used its id before is unknown from now on."""
        self.by_id = {(member_id if known is member else name): known for name, known in self.by_id.items()}
        if member.joining is not None and not member.joining.done():
            member.joining.set_exception(UnknownMemberIdError())
        member.member_id = member_id
        self._seen(member)
        if self.state == "stable":
            self._keep()
        return member

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
        self._invited = {}
        self._complete()

    def _complete_if_all_joined(self) -> None:
        if not self._invited and all(member.joining is not None for member in self.by_id.values()):
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
            self._seen(member)
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
            self._seen(member)
            if syncing is not None and not syncing.done():
                syncing.set_result(member.assignment)

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

    def _uninvite(self, member_id: str) -> None:
        if member_id in self._invited:
            del self._invited[member_id]
            if self.state == "preparing":
                self._complete_if_all_joined()

    def _seen(self, member: Member) -> None:
        """Its session begins anew; a timer looks at it when it may be over."""
        member.seen_s = self._cluster.now_s()
        self._watch(member, member.session_s)

    def _watch(self, member: Member, seconds: float) -> None:
        if not member.is_watched:
            member.is_watched = True
            self._cluster.later(seconds, partial(self._look, member))

    def _look(self, member: Member) -> None:
        member.is_watched = False
        if self.by_id.get(member.member_id) is not member:
            return
        left_s = member.seen_s + member.session_s - self._cluster.now_s()
        if not self._cluster.is_available(self._cluster.coordinator("group", self._group)):
            left_s = RETRY_S
        elif member.joining is not None or member.syncing is not None:
            left_s = member.session_s
        if left_s > 0:
            self._watch(member, left_s)
        else:
            self._remove(member)

    def _answer_all(self, error: KafkaError) -> None:
        for member in self.by_id.values():
            fail(member.joining, error)
            fail(member.syncing, error)


def fail(waiting: "asyncio.Future[Joined] | asyncio.Future[bytes] | None", error: KafkaError) -> None:
    """Let a parked request fail."""
    if waiting is not None and not waiting.done():
        waiting.set_exception(error)
