"""What the loops observe arrives in metrics and health, and nothing secret with it."""

import structlog
from prometheus_client.parser import text_string_to_metric_families

from ops.telemetry.health import Health
from ops.telemetry.metrics.batches import SECONDS
from ops.telemetry.metrics.requests import REPEATS
from ops.telemetry.observer import REASONS_MAX, OpsObserver
from ops.telemetry.registry import Metrics
from schemas.errors import StoreUnavailable
from schemas.observation.imports import ChunkWritten, ImportEnded, ImportLeft, ImportStarted
from schemas.observation.partitions import (
    BatchTaken,
    Ends,
    EndsRead,
    LoopTurned,
    PartAvailable,
    PartitionFencedOff,
    PartitionHalted,
    PartitionsAssigned,
    PartitionsRevoked,
    PartUnavailable,
    PositionReached,
)
from schemas.observation.requests import (
    ExpiriesRequested,
    PlanConflicted,
    TransactionAborted,
    WriteRefused,
)
from tests.fakes.imports import an_import
from tests.fakes.observed import A_REPORT, TOPIC, value


def test_a_batch_is_counted_by_outcome_and_reason(observer: OpsObserver, metrics: Metrics) -> None:
    """And measured: the rejection that got an answer is one record, not two."""
    observer.observe(A_REPORT)

    assert 3 == value(metrics, "codes_records_total", outcome="reserved")
    assert 1 == value(metrics, "codes_refusals_total", reason="out_of_stock")
    assert 1 == value(metrics, "codes_dead_letters_total", reason="not_json")
    assert 2 == value(metrics, "codes_repeats_total")
    assert 1 == value(metrics, "codes_replies_refused_total")
    assert 7 == value(metrics, "codes_batch_records_sum")
    assert 1 == value(metrics, "codes_batch_step_seconds_bucket", step="apply", le="0.05")


def test_an_unavailable_part_shows_until_it_answers(observer: OpsObserver, metrics: Metrics, health: Health) -> None:
    """In the metric, in readiness, and once in the log however often it is tried."""
    observer.observe(PartitionsAssigned(frozenset()))
    with structlog.testing.capture_logs() as logs:
        observer.observe(PartUnavailable("mongo", StoreUnavailable("no answer")))
        observer.observe(PartUnavailable("mongo", StoreUnavailable("no answer")))

    assert ["waits_for"] == [entry["event"] for entry in logs]
    assert (2, 1) == (
        value(metrics, "codes_waits_total", part="mongo", cause="no_answer"),
        value(metrics, "codes_part_away", part="mongo"),
    )
    assert not health.ready().well

    observer.observe(PartAvailable("mongo"))

    assert 0 == value(metrics, "codes_part_away", part="mongo")
    assert health.ready().well


def test_what_is_retried_shows_by_kind(observer: OpsObserver, metrics: Metrics) -> None:
    """Missing rights want another remedy than a missing primary, and the log names each code once."""
    errors = [
        StoreUnavailable("OperationFailure [13 Unauthorized]", "not_allowed"),
        StoreUnavailable("AutoReconnect"),
    ]
    with structlog.testing.capture_logs() as logs:
        for error in errors * 2:
            observer.observe(PartUnavailable("mongo", error))

    assert ["OperationFailure [13 Unauthorized]", "AutoReconnect"] == [entry["reason"] for entry in logs]
    assert (2, 2, 0) == tuple(
        value(metrics, "codes_waits_total", part="mongo", cause=cause)
        for cause in ("not_allowed", "no_answer", "server_error")
    )


def test_reasons_in_the_log_are_limited_and_begin_anew_after_an_answer(observer: OpsObserver) -> None:
    """A part that is half there may have a new one at each try."""
    with structlog.testing.capture_logs() as logs:
        for number in range(REASONS_MAX + 5):
            observer.observe(PartUnavailable("mongo", StoreUnavailable(str(number))))
        observer.observe(PartAvailable("mongo"))
        observer.observe(PartUnavailable("mongo", StoreUnavailable("0")))

    assert [*["waits_for"] * REASONS_MAX, "answered", "waits_for"] == [entry["event"] for entry in logs]


def test_refusals_are_no_conflicts(observer: OpsObserver, metrics: Metrics) -> None:
    """A conflict is normal, a refusal never is."""
    observer.observe(WriteRefused(TOPIC, "validator"))

    assert (1, None) == (
        value(metrics, "codes_store_refusals_total", topic=TOPIC, cause="validator"),
        value(metrics, "codes_conflicts_total", topic=TOPIC, cause="validator"),
    )


def test_partitions_leave_the_gauges_with_their_owner(observer: OpsObserver, metrics: Metrics) -> None:
    """A gauge of a partition that is served elsewhere would look like a hanging loop here."""
    observer.observe(PartitionsAssigned(frozenset({(TOPIC, 0), (TOPIC, 1), ("other", 0)})))
    observer.observe(LoopTurned(TOPIC, 0))
    observer.observe(PartitionFencedOff(TOPIC, 1))
    observer.observe(PartitionsAssigned(frozenset({(TOPIC, 0)})))
    observer.observe(LoopTurned("other", 0))

    assert 1 == value(metrics, "codes_partitions_assigned", topic=TOPIC)
    assert 0 == value(metrics, "codes_partitions_assigned", topic="other")
    assert 1000 == value(metrics, "codes_last_turn_timestamp_seconds", topic=TOPIC, partition="0")
    assert None is value(metrics, "codes_last_turn_timestamp_seconds", topic=TOPIC, partition="1")
    assert None is value(metrics, "codes_last_turn_timestamp_seconds", topic="other", partition="0")
    assert 1 == value(metrics, "codes_fenced_total", topic=TOPIC)
    assert 2 == value(metrics, "codes_rebalances_total")


def test_lag_is_shown_for_what_is_served_and_known(observer: OpsObserver, metrics: Metrics) -> None:
    """It vanishes when another process has the partition."""
    observer.observe(PartitionsAssigned(frozenset({(TOPIC, 0), (TOPIC, 1)})))
    observer.observe(PositionReached(TOPIC, 0, 3))
    observer.observe(EndsRead({(TOPIC, 0): Ends(10, 12), ("other", 0): Ends(5, 5)}))
    observer.observe(BatchTaken(TOPIC, 0, offset=4, oldest_ms=990_000, newest_ms=995_000))

    def shown(partition: str) -> list[float | None]:
        names = ("lag_records", "lag_seconds", "position_offset", "high_watermark_offset", "last_stable_offset")
        return [value(metrics, f"codes_consumer_{name}", topic=TOPIC, partition=partition) for name in names]

    assert [6, 10, 4, 12, 10] == shown("0")
    assert [None] * 5 == shown("1")
    observer.observe(PartitionsRevoked())
    assert [None] * 5 == shown("0")


def test_what_a_fenced_loop_knew_is_forgotten(observer: OpsObserver, metrics: Metrics) -> None:
    """Another process has the partition, and reports it."""
    observer.observe(PartitionsAssigned(frozenset({(TOPIC, 0)})))
    observer.observe(PositionReached(TOPIC, 0, 3))
    observer.observe(EndsRead({(TOPIC, 0): Ends(10, 10)}))
    observer.observe(PartitionFencedOff(TOPIC, 0))

    assert None is value(metrics, "codes_consumer_lag_records", topic=TOPIC, partition="0")


def test_a_paused_partition_shows_until_it_is_assigned_anew(
    observer: OpsObserver, metrics: Metrics, health: Health
) -> None:
    """In the metric, in readiness and in the log, with the number of dead letters."""
    places = frozenset({(TOPIC, 0), (TOPIC, 1)})
    observer.observe(PartitionsAssigned(places))
    with structlog.testing.capture_logs() as logs:
        observer.observe(PartitionHalted(TOPIC, 1, 100))

    assert [("paused", "error", 1, 100)] == [
        tuple(line[name] for name in ("event", "log_level", "partition", "dead_letters")) for line in logs
    ]
    assert [0, 1] == [value(metrics, "codes_partition_paused", topic=TOPIC, partition=number) for number in "01"]
    assert f"paused {TOPIC}.1" in health.ready().missing

    observer.observe(PartitionsRevoked())
    observer.observe(PartitionsAssigned(places))

    assert [0, 0] == [value(metrics, "codes_partition_paused", topic=TOPIC, partition=number) for number in "01"]
    assert not [name for name in health.ready().missing if name.startswith("paused")]


def test_the_other_roles_are_counted(observer: OpsObserver, metrics: Metrics) -> None:
    """Expiries, imports, conflicts."""
    observer.observe(ExpiriesRequested(3, 2, 12.5, 3.5))
    observer.observe(ChunkWritten(100, 0.5))
    observer.observe(ChunkWritten(20, 0.25))
    observer.observe(ImportEnded(an_import(state="completed")))
    observer.observe(ImportEnded(an_import(state="failed", reason="cancelled")))
    observer.observe(PlanConflicted(TOPIC, 0, "duplicate"))
    observer.observe(TransactionAborted(TOPIC, "cancelled"))
    observer.observe(ImportStarted(an_import()))
    observer.observe(ImportStarted(an_import()))
    observer.observe(ImportLeft(an_import(state="completed")))

    assert (5, 2, 12.5, 3.5) == (
        value(metrics, "codes_expiries_asked_total"),
        value(metrics, "codes_expiries_repeated_total"),
        value(metrics, "codes_oldest_overdue_seconds"),
        value(metrics, "codes_expiry_held_back_seconds"),
    )
    assert 120 == value(metrics, "codes_import_rows_total")
    assert 0.75 == value(metrics, "codes_import_chunk_seconds_sum")
    assert (1, 0, 1) == (
        value(metrics, "codes_imports_ended_total", state="completed"),
        value(metrics, "codes_imports_ended_total", state="failed"),
        value(metrics, "codes_imports_ended_total", state="cancelled"),
    )
    assert 1 == value(metrics, "codes_conflicts_total", topic=TOPIC, cause="duplicate")
    assert 1 == value(metrics, "codes_transactions_aborted_total", topic=TOPIC, reason="cancelled")
    assert 1 == value(metrics, "codes_imports_running")
    assert (2, 120) == (
        value(metrics, "codes_import_chunk_rows_count"),
        value(metrics, "codes_import_chunk_rows_sum"),
    )


def test_known_series_exist_before_they_move(metrics: Metrics) -> None:
    """A rate over a series that begins at 1 misses that 1."""
    assert 0 == value(metrics, "codes_dead_letters_total", reason="unprocessable")
    assert 0 == value(metrics, "codes_waits_total", part="kafka", cause="no_answer")


def test_metrics_have_our_prefix_and_no_unbounded_label(observer: OpsObserver, metrics: Metrics) -> None:
    """No code, fan, request or campaign is ever a label."""
    observer.observe(A_REPORT)
    observer.observe(PartitionsAssigned(frozenset({(TOPIC, 0)})))

    families = list(text_string_to_metric_families(metrics.text()[0].decode()))
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    assert {"codes", "process"} == {family.name.split("_")[0] for family in families}
    known = {"outcome", "reason", "step", "part", "topic", "partition", "state", "le", "version", "python", "cause"}
    known |= {"role", "revision"}
    assert set() == labels - known


def test_durations_have_the_fields_usual_buckets(metrics: Metrics) -> None:
    """So that dashboards made for others fit."""
    assert all(
        0 == value(metrics, "codes_batch_step_seconds_bucket", step="emit", le=str(bound)) for bound in SECONDS
    )


def test_two_processes_in_one_test_do_not_share_metrics(metrics: Metrics) -> None:
    """Each has a registry of its own."""
    metrics[REPEATS].inc()

    assert 0 == value(Metrics(), "codes_repeats_total")
