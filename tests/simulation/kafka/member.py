"""A member of a group, and what it asks for.

Out: `Joining`, `Joined`, `Member`, `Kept`; `fail`, for a request that is parked.
"""

import asyncio
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from aiokafka.errors import KafkaError, MemberIdRequired

Protocols = tuple[tuple[str, bytes], ...]


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


def anew(member: Member) -> Member:
    """The same without what was parked."""
    return replace(member, joining=None, syncing=None, is_watched=False)


def fail(waiting: "asyncio.Future[Joined] | asyncio.Future[bytes] | None", error: KafkaError) -> None:
    """Let a parked request fail."""
    if waiting is not None and not waiting.done():
        waiting.set_exception(error)
