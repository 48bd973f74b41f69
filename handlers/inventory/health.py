"""Heartbeats to the state of every role and part.

In:       heartbeats, with the broker's time of append.
Out:      `Finding` for each role, and for MongoDB, Kafka and S3.
Promise:  a process that ends without a word is `gone` after `SILENT_S`. Ages are differences between times that one
          broker gave, so the clocks of processes do not matter. After an outage of Kafka every process has
          `SILENT_S` again: a heartbeat that could not be sent is no sign of an end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from schemas.health import SERVING_ROLES, Finding, Heartbeat, RoleName, ServingRole, Subject
from schemas.observation.partitions import Part

SILENT_S: Final = 3.5
"""Without a heartbeat. With the time until it is seen (`EVERY_S` of `web/stream.py`), a fault shows in 5 seconds."""
SESSION_S: Final = 10.0
"""The default of `CODES_KAFKA__SESSION_TIMEOUT_MS`."""
PARTS: Final[dict[Part, Subject]] = {"mongo": "mongodb", "s3": "s3"}
NAMES: Final[dict[Part, str]] = {"mongo": "MongoDB", "kafka": "Kafka", "s3": "S3"}


@dataclass(frozen=True, slots=True)
class Seen:
    """The last heartbeat of a process."""

    beat: Heartbeat
    at: datetime
    """When the broker appended it."""


@dataclass(slots=True)
class Beats:
    """The last heartbeat of every process."""

    session_s: float = SESSION_S
    """For so long the group keeps the partitions of a process that is killed, and their records wait. Then others of
    its role have them, and the process no longer counts as missing."""
    seen: dict[tuple[RoleName, str], Seen] = field(default_factory=dict)
    latest_at: datetime | None = None
    """The broker's time of the newest heartbeat of any process: now, as far as is known."""
    resumed_at: datetime | None = None
    """The first heartbeat after a time without any: before it, silence says nothing."""

    def add(self, beat: Heartbeat, at: datetime) -> None:
        """Take a heartbeat; an older one than is known changes nothing."""
        if self.latest_at is None or (at - self.latest_at).total_seconds() > SILENT_S:
            self.resumed_at = at
        self.latest_at = max(at, self.latest_at or at)
        key = beat.role, beat.instance
        known = self.seen.get(key)
        if known is None or known.at <= at:
            self.seen[key] = Seen(beat, at)
        self._forget()

    def findings(self) -> list[Finding]:
        """The state of everything, while heartbeats arrive; there must have been one."""
        roles = [self._role(role) for role in SERVING_ROLES]
        parts = [self._part(part, subject) for part, subject in PARTS.items()]
        return [*roles, parts[0], self._kafka(), parts[1]]

    def _silence_s(self, seen: Seen) -> float:
        assert self.latest_at is not None
        assert self.resumed_at is not None
        return (self.latest_at - max(seen.at, self.resumed_at)).total_seconds()

    def _forget(self) -> None:
        """Drop those that nothing waits for, except the last of each role: it says since when nothing runs."""
        assert self.latest_at is not None
        old = self.latest_at - timedelta(seconds=max(self.session_s, SILENT_S))
        newest = {role: seen.at for (role, _), seen in sorted(self.seen.items(), key=lambda item: item[1].at)}
        self.seen = {key: seen for key, seen in self.seen.items() if seen.at > old or seen.at == newest[key[0]]}

    def _alive(self, role: RoleName | None = None) -> list[Seen]:
        return [
            seen
            for (name, _), seen in self.seen.items()
            if role in {None, name} and seen.beat.state == "running" and self._silence_s(seen) <= SILENT_S
        ]

    def _role(self, role: ServingRole) -> Finding:
        alive, of_role = self._alive(role), [seen for (name, _), seen in self.seen.items() if name == role]
        if not alive:
            return self._none_runs(role, of_role)
        lost = [seen for seen in of_role if seen.beat.state == "running" and seen not in alive]
        waits = [(wait.since, NAMES[wait.part]) for seen in alive for wait in seen.beat.waits]
        running = f"{len(alive)} running"
        if waits:
            parts = ", ".join(sorted({name for _, name in waits}))
            return Finding(role, "waiting", f"{running}; waits for {parts}", min(waits)[0], len(alive))
        if lost:
            since = min(seen.at for seen in lost)
            return Finding(role, "waiting", f"{running}; {len(lost)} ended without a stop", since, len(alive))
        return Finding(role, "ok", running, max(seen.beat.started_at for seen in alive), len(alive))

    def _none_runs(self, role: ServingRole, of_role: Sequence[Seen]) -> Finding:
        assert self.latest_at is not None
        assert self.resumed_at is not None
        if (self.latest_at - self.resumed_at).total_seconds() <= SILENT_S:
            return Finding(role, "unknown", "no heartbeat yet")
        last = max(of_role, key=lambda seen: seen.at, default=None)
        if last is None:
            return Finding(role, "gone", "no process runs")
        detail = "stopped" if last.beat.state == "stopped" else "ended without a stop"
        return Finding(role, "gone", f"no process runs: the last one {detail}", last.at)

    def _part(self, part: Part, subject: Subject) -> Finding:
        asking = [seen for seen in self._alive() if part in seen.beat.asks]
        if not asking:
            return Finding(subject, "unknown", "no running process asks it")
        since = sorted(wait.since for seen in asking for wait in seen.beat.waits if wait.part == part)
        if not since:
            return Finding(subject, "ok", "answers", None, len(asking))
        if len(since) == len(asking):
            return Finding(subject, "gone", "no answer", since[0], len(asking))
        return Finding(subject, "waiting", f"no answer to {len(since)} of {len(asking)}", since[0], len(asking))

    def _kafka(self) -> Finding:
        waits = sorted(wait.since for seen in self._alive() for wait in seen.beat.waits if wait.part == "kafka")
        if waits:
            return Finding("kafka", "waiting", f"no answer to {len(waits)} of {len(self._alive())}", waits[0])
        return Finding("kafka", "ok", "answers", None, len(self._alive()))


def without_kafka(since: datetime) -> Iterator[Finding]:
    """No heartbeat has arrived since then, not even our own: Kafka is unreachable, and nothing else is known."""
    subjects: tuple[Subject, ...] = ("worker", "importer", "expirer", "mongodb")
    for subject in subjects:
        yield Finding(subject, "unknown", "not known without Kafka")
    yield Finding("kafka", "gone", "no answer", since)
    yield Finding("s3", "unknown", "not known without Kafka")
