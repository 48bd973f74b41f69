"""What the loops tell of themselves, turned into metrics and health.

In:       the calls of `consumers.observer.Observer`.
Out:      `Metrics` and `Health`, moved.
"""

import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from typing import TypeVar

import structlog
from prometheus_client import Counter

from consumers.observer import BatchReport, Observer, Part
from ops.health import Health
from ops.metrics import ENDS, REJECTED, Metrics
from schemas.errors import CodeServiceError

L = TypeVar("L", bound=str)
"""A closed set of label values."""

log = structlog.get_logger(__name__)


class OpsObserver(Observer):
    """Tells metrics and health, and logs what an operator asks for first. `clock`: seconds since 1970."""

    def __init__(self, metrics: Metrics, health: Health, *, clock: Callable[[], float] = time.time) -> None:
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._served: frozenset[tuple[str, int]] = frozenset()
        self._away: set[Part] = set()

    def batch_done(self, report: BatchReport) -> None:
        """Count its records by outcome and reason, and measure its steps."""
        _add(self._metrics.records, report.outcomes)
        self._metrics.records.labels(REJECTED).inc(sum(report.rejections.values()))
        _add(self._metrics.refusals, report.refusals)
        _add(self._metrics.dead_letters, report.rejections)
        self._metrics.repeats.inc(report.repeats)
        self._metrics.replies_refused.inc(report.replies_refused)
        self._metrics.batch_records.observe(records_of(report))
        for step, seconds in report.seconds.items():
            self._metrics.step_seconds.labels(step).observe(seconds)

    def conflict(self, topic: str, partition: int) -> None:
        """Count a stale plan."""
        log.debug("conflict", topic=topic, partition=partition)
        self._metrics.conflicts.labels(topic).inc()

    def refused(self, topic: str, partition: int, error: CodeServiceError) -> None:
        """Say why: neither the dead letter nor the end event can, and it is ours to mend."""
        log.error("refused", topic=topic, partition=partition, reason=str(error))

    def waits_for(self, part: Part, error: CodeServiceError) -> None:
        """Count the try; the log says it once, until the part answers again."""
        if part not in self._away:
            log.warning("waits_for", part=part, error=type(error).__name__, reason=str(error))
        self._away.add(part)
        self._metrics.waits.labels(part).inc()
        self._metrics.part_away.labels(part).set(1)
        self._health.waits_for(part)

    def answered(self, part: Part) -> None:
        """The part is back, if it was away at all."""
        if part not in self._away:
            return
        log.info("answered", part=part)
        self._away.discard(part)
        self._metrics.part_away.labels(part).set(0)
        self._health.answered(part)

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """Count the rebalance; what is no longer served here leaves the gauges."""
        log.info("assigned", partitions=[f"{topic}.{number}" for topic, number in sorted(partitions)])
        self._metrics.rebalances.inc()
        self._health.assigned(partitions)
        self._serve(partitions)

    def revoked(self) -> None:
        """Nothing is served between a rebalance's two halves."""
        self._serve(frozenset())

    def turned(self, topic: str, partition: int) -> None:
        """Note the time. A late word from a loop that was revoked meanwhile is not noted."""
        if (topic, partition) in self._served:
            self._metrics.last_turn.labels(topic, str(partition)).set(self._clock())
            self._health.turned(topic, partition)

    def fenced(self, topic: str, partition: int) -> None:
        """Count it. The loop rests; it turns again if the group leaves the partition here after all."""
        log.warning("fenced", topic=topic, partition=partition)
        self._metrics.fenced.labels(topic).inc()
        self._health.fenced(topic, partition)

    def expiries_asked(self, count: int, oldest_overdue_s: float) -> None:
        """Count the releases asked for, and show the age of the oldest overdue hold."""
        self._metrics.expiries_asked.inc(count)
        self._metrics.oldest_overdue.set(oldest_overdue_s)

    def import_progressed(self, state: str, rows: int) -> None:
        """Count the rows, and the end if it is one."""
        self._metrics.import_rows.inc(rows)
        if state in ENDS:
            self._metrics.imports_ended.labels(state).inc()

    def _serve(self, partitions: frozenset[tuple[str, int]]) -> None:
        gone = self._served - partitions
        counts = Tally(topic for topic, _ in partitions)
        for topic, partition in partitions - self._served:
            self._metrics.last_turn.labels(topic, str(partition)).set(self._clock())
        for topic, partition in gone:
            self._metrics.last_turn.remove(topic, str(partition))
        for topic in {topic for topic, _ in partitions | gone}:
            self._metrics.partitions_assigned.labels(topic).set(counts[topic])
        self._served = partitions


def records_of(report: BatchReport) -> int:
    """Records in the batch: each was decided or rejected."""
    return sum(report.outcomes.values()) + sum(report.rejections.values())


def _add(counter: Counter, counts: Mapping[L, int]) -> None:
    for label, count in counts.items():
        counter.labels(label).inc(count)
