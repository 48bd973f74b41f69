"""What the loops tell of themselves, turned into metrics and health.

In:       the calls of `consumers.loop.observer.Observer`.
Out:      `Metrics` and `Health`, moved.
"""

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final, TypeVar

import structlog
from prometheus_client import Counter

from consumers.loop.observer import BatchReport, Ends, Observer, Part, RebalanceStep, Subject, Taken
from ops.telemetry.health import Health
from ops.telemetry.metrics import (
    BATCH_RECORDS,
    BATCH_STEP_SECONDS,
    CANCELLED,
    CONFLICTS,
    DEAD_LETTERS,
    EXPIRIES_ASKED,
    EXPIRIES_REPEATED,
    FENCED,
    HELD_BACK,
    IMPORT_CHUNK_ROWS,
    IMPORT_CHUNK_SECONDS,
    IMPORT_ROWS,
    IMPORTS_ENDED,
    IMPORTS_RUNNING,
    INCONSISTENT,
    OLDEST_OVERDUE,
    PART_AWAY,
    PARTITIONS_ASSIGNED,
    REBALANCE_SECONDS,
    REBALANCES,
    RECORDS,
    REFUSALS,
    REJECTED,
    REPEATS,
    REPLIES_REFUSED,
    REPLY_TOPIC_UNUSABLE,
    STORE_REFUSALS,
    TRANSACTIONS_ABORTED,
    WAITS,
)
from ops.telemetry.progress import Progress
from ops.telemetry.registry import Metrics
from producers.reply_topics import Unusable
from schemas.documents import ImportDocument
from schemas.errors import (
    AbortReason,
    CodeServiceError,
    ConflictCause,
    RefusalCause,
    ReservationInconsistent,
    StoreUnavailable,
    WaitCause,
)
from schemas.records import Rejected

ROWS_SETTING = "CODES_IMPORTER__ROWS_PER_CHUNK_MAX"

L = TypeVar("L", bound=str)
"""A closed set of label values."""

REASONS_MAX: Final = 20
"""Logged of one part while it does not serve us; a part that is half there may have a new one at each try."""

log = structlog.get_logger(__name__)


class OpsObserver(Observer):
    """Tells metrics, health and progress, and logs what an operator asks for first."""

    def __init__(self, metrics: Metrics, health: Health, progress: Progress) -> None:
        self._metrics = metrics
        self._health = health
        self._progress = progress
        self._served: frozenset[tuple[str, int]] = frozenset()
        self._away: dict[Part, set[str]] = {}
        """Why each part does not serve us, as it was logged since it last did."""

    def batch_done(self, report: BatchReport) -> None:
        """Count its records by outcome and reason, and measure its steps."""
        _add(self._metrics[RECORDS], report.outcomes)
        self._metrics[RECORDS].labels(REJECTED).inc(sum(report.rejections.values()))
        _add(self._metrics[REFUSALS], report.refusals)
        _add(self._metrics[DEAD_LETTERS], report.rejections)
        self._metrics[REPEATS].inc(report.repeats)
        self._metrics[REPLIES_REFUSED].inc(report.replies_refused)
        self._metrics[BATCH_RECORDS].observe(records_of(report))
        for step, seconds in report.seconds.items():
            self._metrics[BATCH_STEP_SECONDS].labels(step).observe(seconds)
        log.debug(
            "batch",
            topic=report.topic,
            partition=report.partition,
            first_offset=report.first_offset,
            last_offset=report.last_offset,
            records=records_of(report),
            outcomes=dict(report.outcomes),
            seconds={step: round(seconds, 6) for step, seconds in report.seconds.items()},
        )

    def rejected(self, rejected: Rejected) -> None:
        """Say where it stands; `batch_done` counts it. At DEBUG: a sender may be wrong 5,000 times a second.

        Of what cannot be read no field is told, ids neither: anything may stand there.
        """
        record = rejected.record
        log.debug(
            "dead_letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=rejected.reason,
            detail=rejected.detail,
        )

    def conflict(self, topic: str, partition: int, cause: ConflictCause) -> None:
        """Count a stale plan."""
        log.debug("conflict", topic=topic, partition=partition, cause=cause)
        self._metrics[CONFLICTS].labels(topic, cause).inc()

    def store_refused(self, topic: str, cause: RefusalCause) -> None:
        """Count it."""
        log.debug("store_refused", topic=topic, cause=cause)
        self._metrics[STORE_REFUSALS].labels(topic, cause).inc()

    def aborted(self, topic: str, reason: AbortReason) -> None:
        """Count it; the log says why when the partition is fenced or waits for Kafka."""
        self._metrics[TRANSACTIONS_ABORTED].labels(topic, reason).inc()

    def refused(self, subject: Subject, error: CodeServiceError) -> None:
        """Say why: neither the dead letter nor the end event can, and it is ours to mend."""
        log.error("refused", **asdict(subject), error=type(error).__name__, reason=str(error))

    def inconsistent(self, subject: Subject, why: ReservationInconsistent) -> None:
        """Count it, and name the reservation: it is ours to mend."""
        log.error("inconsistent", **asdict(subject), reservation_id=why.reservation_id, reason=why.detail)
        self._metrics[INCONSISTENT].inc()

    def reply_topic_unusable(self, topic: str, why: Unusable) -> None:
        """Name it; the metric stays until it is usable again."""
        log.warning("reply_topic_unusable", topic=topic, reason=why)
        self._metrics[REPLY_TOPIC_UNUSABLE].labels(topic).set(1)

    def reply_topic_usable(self, topic: str) -> None:
        """It gets copies again."""
        log.info("reply_topic_usable", topic=topic)
        self._metrics[REPLY_TOPIC_UNUSABLE].labels(topic).set(0)

    def waits_for(self, part: Part, error: CodeServiceError) -> None:
        """Count the try; the log says each reason once, until the part answers again."""
        logged, reason = self._away.setdefault(part, set()), str(error)
        if reason not in logged and len(logged) < REASONS_MAX:
            log.warning("waits_for", part=part, error=type(error).__name__, reason=reason)
            logged.add(reason)
        self._metrics[WAITS].labels(part, wait_cause(error)).inc()
        self._metrics[PART_AWAY].labels(part).set(1)
        self._health.waits_for(part)

    def answered(self, part: Part) -> None:
        """The part is back, if it was away at all."""
        if part not in self._away:
            return
        log.info("answered", part=part)
        del self._away[part]
        self._metrics[PART_AWAY].labels(part).set(0)
        self._health.answered(part)

    def assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        """Count the rebalance; what is no longer served here leaves the gauges."""
        log.info("assigned", partitions=[f"{topic}.{number}" for topic, number in sorted(partitions)])
        self._metrics[REBALANCES].inc()
        self._health.assigned(partitions)
        self._serve(partitions)

    def revoked(self) -> None:
        """Nothing is served between a rebalance's two halves."""
        self._serve(frozenset())

    def rebalance_took(self, step: RebalanceStep, seconds: float) -> None:
        """Measure it."""
        self._metrics[REBALANCE_SECONDS].labels(step).observe(seconds)

    def took(self, batch: Taken) -> None:
        """Its first record is the oldest unread one from now on."""
        place = (batch.topic, batch.partition)
        self._progress.took(place, batch.offset, batch.oldest_ms / 1000, batch.newest_ms / 1000)

    def reached(self, topic: str, partition: int, position: int) -> None:
        """Note the place."""
        self._progress.reached((topic, partition), position)

    def heard(self, ends: Mapping[tuple[str, int], Ends]) -> None:
        """Note the ends."""
        self._progress.heard(ends)

    def turned(self, topic: str, partition: int) -> None:
        """Note the time. A late word from a loop that was revoked meanwhile is not noted."""
        if (topic, partition) in self._served:
            self._progress.turned((topic, partition))
            self._health.turned(topic, partition)

    def fenced(self, topic: str, partition: int) -> None:
        """Count it. The loop rests; it turns again if the group leaves the partition here after all."""
        log.warning("fenced", topic=topic, partition=partition)
        self._metrics[FENCED].labels(topic).inc()
        self._health.fenced(topic, partition)
        self._progress.lost((topic, partition))

    def expiries_asked(self, first: int, again: int, oldest_overdue_s: float, held_back_s: float) -> None:
        """Count the releases asked for, and show the age of the oldest overdue hold and of what holds back."""
        self._metrics[EXPIRIES_ASKED].inc(first + again)
        self._metrics[EXPIRIES_REPEATED].inc(again)
        self._metrics[OLDEST_OVERDUE].set(oldest_overdue_s)
        self._metrics[HELD_BACK].set(held_back_s)

    def import_began(self, document: ImportDocument) -> None:
        """One more."""
        log.info("import_began", **told(document))
        self._metrics[IMPORTS_RUNNING].inc()

    def import_left(self, document: ImportDocument) -> None:
        """One less."""
        log.info("import_left", state=document.state, reason=document.reason, **told(document))
        self._metrics[IMPORTS_RUNNING].dec()

    def import_wrote(self, rows: int, seconds: float) -> None:
        """Count the rows, and measure the chunk."""
        self._metrics[IMPORT_CHUNK_ROWS].observe(rows)
        self._metrics[IMPORT_CHUNK_SECONDS].observe(seconds)
        self._metrics[IMPORT_ROWS].inc(rows)

    def chunk_halved(self, document: ImportDocument, rows: int, error: CodeServiceError) -> None:
        """Say so and how to spare it: each time costs the whole of a time-out."""
        log.warning(
            "chunk_halved",
            request_id=document.id,
            campaign_id=document.campaign_id,
            rows=rows,
            setting=ROWS_SETTING,
            error=type(error).__name__,
            reason=str(error),
        )

    def chunk_full_again(self, document: ImportDocument, rows: int) -> None:
        """Say that the database is as quick as it was."""
        log.info("chunk_full_again", request_id=document.id, campaign_id=document.campaign_id, rows=rows)

    def import_ended(self, document: ImportDocument) -> None:
        """Count it. One that somebody cancelled is no failure to look at."""
        state = CANCELLED if document.reason == CANCELLED else document.state
        self._metrics[IMPORTS_ENDED].labels(state).inc()

    def _serve(self, partitions: frozenset[tuple[str, int]]) -> None:
        gone = self._served - partitions
        counts = Tally(topic for topic, _ in partitions)
        self._progress.serve(partitions)
        for topic in {topic for topic, _ in partitions | gone}:
            self._metrics[PARTITIONS_ASSIGNED].labels(topic).set(counts[topic])
        self._served = partitions


def wait_cause(error: CodeServiceError) -> WaitCause:
    """Of MongoDB it is known; the other parts' clients tell only that there was no answer."""
    return error.cause if isinstance(error, StoreUnavailable) else "no_answer"


def records_of(report: BatchReport) -> int:
    """Records in the batch: each was decided or rejected."""
    return sum(report.outcomes.values()) + sum(report.rejections.values())


def told(document: ImportDocument) -> dict[str, str | int]:
    """What the log says of an import."""
    return {
        "request_id": document.id,
        "campaign_id": document.campaign_id,
        "rows_read": document.rows_read,
        "inserted": document.inserted,
        "duplicates": document.duplicates_in_file + document.duplicates_in_campaign,
        "rejected": document.rejected,
    }


def _add(counter: Counter, counts: Mapping[L, int]) -> None:
    for label, count in counts.items():
        counter.labels(label).inc(count)
