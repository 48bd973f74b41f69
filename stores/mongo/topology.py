"""What a database's nodes say about themselves: replica set or router, members, defaults, clock.

In:       the connection.
Out:      `Topology`.
Promise:  nothing is changed. Commands that the server refuses are named in `refused`, and is no error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final, Literal

from pymongo.errors import OperationFailure

from stores.mongo.connection import Client
from stores.mongo.errors import codes_of, idempotent, wait_cause

Kind = Literal["router", "replica set", "standalone"]
CLOCK_LOOKS: Final = 5
"""Answers to time: the quickest has the smallest error."""
NO_SUCH_COMMAND: Final = frozenset({59, 115, 238})
"""CommandNotFound, CommandNotSupported, NotImplemented: engines that speak the protocol and lack the command."""


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """A replica set, or a shard that is one."""

    name: str
    voting: int
    """Members with a vote; where the user may not read the set's configuration, the members that clients see."""
    arbiters: int = 0
    is_journaled: bool = True
    """False: `writeConcernMajorityJournalDefault` is off."""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """How far the database's clock is ahead of this machine's, and how wrong that may be."""

    ahead: timedelta
    error: timedelta

    @property
    def certain(self) -> timedelta:
        """What the two clocks differ by at least."""
        return max(abs(self.ahead) - self.error, timedelta())


@dataclass(frozen=True, slots=True)
class Topology:
    """The database as its nodes describe it."""

    kind: Kind
    sets: tuple[ReplicaSet, ...]
    clock: ClockOffset
    default_write_concern: Mapping[str, Any] | None = None
    """Set by somebody; None: the server's own."""
    version: tuple[int, ...] = ()
    """Of the node that answered; a router has that of its shards, except in the middle of an upgrade."""
    refused: tuple[str, ...] = ()
    """Commands that the user may not run, or that the engine does not have."""


async def topology(client: Client) -> Topology:
    """Ask the node that serves this client.

    Raises:
        StoreUnavailable: no answer in time.
    """
    with idempotent():
        hello, clock = await _hello(client)
        kind = kind_of(hello)
        asked = _Asked(client)
        sets = await _sets(asked, hello, kind)
        default = await asked.of("getDefaultRWConcern") if kind != "standalone" else None
        build = await client.admin.command("buildInfo")
    version = tuple(build.get("versionArray", ()))
    return Topology(kind, sets, clock, explicit_default(default or {}), version, tuple(asked.refused))


def kind_of(hello: Mapping[str, Any]) -> Kind:
    """What answered."""
    if hello.get("msg") == "isdbgrid":
        return "router"
    return "replica set" if "setName" in hello else "standalone"


class _Asked:
    """Commands of the database `admin`, and those among them that were refused."""

    def __init__(self, client: Client) -> None:
        self._admin = client.admin
        self.refused: list[str] = []

    async def of(self, command: str) -> Mapping[str, Any] | None:
        """The answer; None if the server refuses the command for good."""
        try:
            answer: Mapping[str, Any] = await self._admin.command(command)
        except OperationFailure as error:
            if wait_cause(error) != "not_allowed" and not codes_of(error) & NO_SUCH_COMMAND:
                raise
            self.refused.append(command)
            return None
        return answer


async def _hello(client: Client) -> tuple[Mapping[str, Any], ClockOffset]:
    offsets = []
    for _ in range(CLOCK_LOOKS):
        began_at, began_s = datetime.now(UTC), monotonic()
        hello = await client.admin.command("hello")
        took = timedelta(seconds=monotonic() - began_s)
        offsets.append(clock_offset(began_at, took, hello["localTime"].replace(tzinfo=UTC)))
    return hello, min(offsets, key=lambda offset: offset.error)


def clock_offset(asked_at: datetime, took: timedelta, answer: datetime) -> ClockOffset:
    """The server read its clock at some moment of the round trip, and cuts it to milliseconds."""
    return ClockOffset(ahead=answer - (asked_at + took / 2), error=took / 2 + timedelta(milliseconds=1))


async def _sets(asked: _Asked, hello: Mapping[str, Any], kind: Kind) -> tuple[ReplicaSet, ...]:
    if kind == "standalone":
        return ()
    if kind == "router":
        shards = await asked.of("listShards")
        return tuple(shard_of(shard["host"]) for shard in (shards or {}).get("shards", ()))
    answer = await asked.of("replSetGetConfig")
    return (set_of_hello(hello) if answer is None else set_of(answer["config"]),)


def shard_of(host: str) -> ReplicaSet:
    """A shard from `name/host:port,host:port`, as routers list it: without arbiters and hidden members."""
    name, _, hosts = host.partition("/")
    return ReplicaSet(name, len(hosts.split(",")))


def set_of(config: Mapping[str, Any]) -> ReplicaSet:
    """A set from its configuration."""
    members = config["members"]
    return ReplicaSet(
        config["_id"],
        voting=sum(1 for member in members if member.get("votes", 1)),
        arbiters=sum(1 for member in members if member.get("arbiterOnly")),
        is_journaled=bool(config.get("writeConcernMajorityJournalDefault", True)),
    )


def set_of_hello(hello: Mapping[str, Any]) -> ReplicaSet:
    """A set from what every user may ask."""
    arbiters = len(hello.get("arbiters", ()))
    seen = len(hello.get("hosts", ())) + len(hello.get("passives", ()))
    return ReplicaSet(hello["setName"], voting=seen + arbiters, arbiters=arbiters)


def explicit_default(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The default write concern that somebody has set; servers from 5.0 on also report one of their own."""
    if answer.get("defaultWriteConcernSource", "global") != "global":
        return None
    default: Mapping[str, Any] | None = answer.get("defaultWriteConcern")
    return default
