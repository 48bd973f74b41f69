"""What the loops observe, given to metrics, log, health and progress.

In:       facts of `schemas.observation`.
Out:      `Metrics`, `Health` and `Progress`, moved; log lines.
"""

from collections import Counter as Tally
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from ops.telemetry.fact_log import LINES
from ops.telemetry.health import Health
from ops.telemetry.metrics.partitions import PARTITIONS_ASSIGNED
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from schemas.observation.fact import Fact, Observer, Place
from schemas.observation.partitions import (
    BatchTaken,
    EndsRead,
    LoopTurned,
    Part,
    PartAvailable,
    PartitionFencedOff,
    PartitionHalted,
    PartitionsAssigned,
    PartitionsRevoked,
    PartReleased,
    PartUnavailable,
    PositionReached,
)

REASONS_MAX: Final = 20
"""Logged of one part while it is unavailable; a part that answers half of what it is asked may have a new reason at
each try."""

log = structlog.get_logger(__name__)


class OpsObserver(Observer):
    """Lives as long as its process."""

    def __init__(self, metrics: Metrics, health: Health, progress: Progress) -> None:
        self._metrics = metrics
        self._health = health
        self._progress = progress
        self._served: frozenset[Place] = frozenset()
        self._reasons: dict[Part, set[str]] = {}
        """Why each part is unavailable, as logged since it last answered."""
        self._effects: Mapping[type, Callable[[Any], None]] = {
            PartUnavailable: self._part_unavailable,
            PartAvailable: self._part_available,
            PartReleased: self._part_released,
            PartitionsAssigned: self._assigned,
            PartitionsRevoked: self._revoked,
            BatchTaken: self._taken,
            PositionReached: lambda fact: progress.reached((fact.topic, fact.partition), fact.position),
            EndsRead: lambda fact: progress.ends_read(fact.ends),
            LoopTurned: self._turned,
            PartitionFencedOff: self._fenced,
            PartitionHalted: self._halted,
        }
        """What a fact does beyond metrics and log."""

    def observe(self, fact: Fact, /) -> None:
        """Move the metrics, write the log line, and keep health and progress true."""
        self._metrics.move(fact)
        line = LINES.get(type(fact))
        if line is not None:
            getattr(log, line.level)(line.event, **line.fields(fact))
        effect = self._effects.get(type(fact))
        if effect is not None:
            effect(fact)

    def _part_unavailable(self, fact: PartUnavailable) -> None:
        """Log each reason once, until the part answers again."""
        logged, reason = self._reasons.setdefault(fact.part, set()), str(fact.error)
        if reason not in logged and len(logged) < REASONS_MAX:
            log.warning("waits_for", part=fact.part, error=type(fact.error).__name__, reason=reason)
            logged.add(reason)
        self._health.waits_for(fact.part)

    def _part_available(self, fact: PartAvailable) -> None:
        if self._reasons.pop(fact.part, None) is not None:
            log.info("answered", part=fact.part)
            self._health.answered(fact.part)

    def _part_released(self, fact: PartReleased) -> None:
        """Nothing would ever say that the part is back; who still waits for it reports it again."""
        if self._reasons.pop(fact.part, None) is not None:
            self._health.answered(fact.part)

    def _assigned(self, fact: PartitionsAssigned) -> None:
        self._health.assigned(fact.partitions)
        self._serve(fact.partitions)

    def _revoked(self, _fact: PartitionsRevoked) -> None:
        self._serve(frozenset())

    def _serve(self, partitions: frozenset[Place]) -> None:
        """A topic that is no longer served here counts 0, so its series must be set once more."""
        counts = Tally(topic for topic, _ in partitions)
        self._progress.serve(partitions)
        for topic in {topic for topic, _ in partitions | self._served}:
            self._metrics[PARTITIONS_ASSIGNED].labels(topic).set(counts[topic])
        self._served = partitions

    def _taken(self, batch: BatchTaken) -> None:
        """The batch's first record is the oldest unanswered one from now on."""
        place = (batch.topic, batch.partition)
        self._progress.took(place, batch.offset, batch.oldest_ms / 1000, batch.newest_ms / 1000)

    def _turned(self, fact: LoopTurned) -> None:
        """A turn of a loop whose partition was revoked meanwhile is ignored: it would bring the partition back."""
        place = (fact.topic, fact.partition)
        if place in self._served:
            self._progress.turned(place)
            self._health.turned(*place)

    def _fenced(self, fact: PartitionFencedOff) -> None:
        """The loop rests; it turns again if the group leaves the partition here after all."""
        self._health.fenced(fact.topic, fact.partition)
        self._progress.lost((fact.topic, fact.partition))

    def _halted(self, fact: PartitionHalted) -> None:
        self._health.paused(fact.topic, fact.partition)
        self._progress.halted((fact.topic, fact.partition))
