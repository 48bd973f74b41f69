"""Who is who in a group: ids of members, and the ends of their sessions.

In:       requests to join; signs of life; time.
Out:      `Roster`.
Promise:  a static member that restarts takes its own place, and whoever used its id before is unknown. A member whose
          session has ended is reported once; not while it waits for the others, nor while no coordinator is there.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from aiokafka.errors import UnknownMemberIdError

from tests.simulation.kafka.log import check
from tests.simulation.kafka.member import Joining, Member, MemberIdGiven

if TYPE_CHECKING:
    from tests.simulation.kafka.cluster import Cluster

RETRY_S: Final = 0.1
"""Until a coordinator that is not there is looked at again."""


class Roster:
    """Lives as long as its group."""

    def __init__(
        self, group: str, cluster: "Cluster", on_silent: Callable[[Member], None], on_uninvited: Callable[[], None]
    ) -> None:
        self._group = group
        self._cluster = cluster
        self._on_silent = on_silent
        self._on_uninvited = on_uninvited
        self._numbers = 0
        self.by_id: dict[str, Member] = {}
        self.invited: dict[str, None] = {}
        """Ids that were given to new members, which have not joined with them yet."""

    def enter(self, joining: Joining) -> Member:
        """Who joins. Raises MemberIdGiven, UnknownMemberIdError."""
        if joining.member_id:
            return self._returning(joining)
        self._numbers += 1
        member_id = f"{self._group}-{self._numbers}"
        if joining.instance_id is None:
            self.invited[member_id] = None
            self._cluster.later(joining.session_s, partial(self._uninvite, member_id))
            raise MemberIdGiven(member_id)
        known = next((member for member in self.by_id.values() if member.instance_id == joining.instance_id), None)
        return self._added(member_id, joining) if known is None else self._renamed(known, member_id)

    def _returning(self, joining: Joining) -> Member:
        if joining.member_id in self.invited:
            del self.invited[joining.member_id]
            return self._added(joining.member_id, joining)
        check(joining.member_id in self.by_id, UnknownMemberIdError)
        member = self.by_id[joining.member_id]
        member.seen_s = self._cluster.now_s()
        return member

    def _added(self, member_id: str, joining: Joining) -> Member:
        _, instance_id, session_s, rebalance_s, _ = joining
        member = Member(member_id, instance_id, session_s, rebalance_s, ())
        self.by_id[member_id] = member
        self.seen(member)
        return member

    def _renamed(self, member: Member, member_id: str) -> Member:
        """A static member has restarted: whoever used its id before is unknown from now on."""
        self.by_id = {(member_id if known is member else name): known for name, known in self.by_id.items()}
        if member.joining is not None and not member.joining.done():
            member.joining.set_exception(UnknownMemberIdError())
        member.member_id = member_id
        self.seen(member)
        return member

    def _uninvite(self, member_id: str) -> None:
        if member_id in self.invited:
            del self.invited[member_id]
            self._on_uninvited()

    def seen(self, member: Member) -> None:
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
            self._on_silent(member)
