"""What a process says of itself once a second, and what is concluded from it.

Out: `Heartbeat`, the value of topic `health.v1`; `Finding`, the state of a role or a part.
"""

from typing import Final, Literal, NamedTuple

from schemas.base import Instant, Model
from schemas.observation.partitions import Part

ServingRole = Literal["worker", "importer", "expirer"]
RoleName = Literal[ServingRole, "inventory"]
Subject = Literal["worker", "importer", "expirer", "mongodb", "kafka", "s3"]
HealthState = Literal["ok", "waiting", "gone", "unknown"]
SERVING_ROLES: Final[tuple[ServingRole, ...]] = ("worker", "importer", "expirer")
"""The roles that serve requests and commands; the inventory itself is what answers."""
BEAT_EVERY_S: Final = 1.0


class Wait(Model):
    """A part that gives this process no answer."""

    part: Part
    since: Instant


class Heartbeat(Model):
    """A process runs, and says what it waits for. Topic `health.v1`, key `<role>:<instance>`; no code values."""

    role: RoleName
    instance: str
    """`<host>-<process id>`."""
    state: Literal["running", "stopped"]
    """`stopped`: the process ends because it was asked to."""
    started_at: Instant
    asks: tuple[Part, ...] = ()
    """The parts that this process asks every second whether they answer."""
    waits: tuple[Wait, ...] = ()
    at: Instant


class Finding(NamedTuple):
    """The state of a role or a part."""

    subject: Subject
    state: HealthState
    detail: str
    since: Instant | None = None
    """When this state began; None: not known."""
    processes: int = 0
    """Processes of the role that run, or that ask the part."""
