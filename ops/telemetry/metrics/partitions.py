"""Metrics of each partition served here, computed at each scrape, and of rebalances."""

from typing import Final, get_args

from ops.telemetry.metric_spec import computed, counter, gauge, histogram, on
from schemas.observation.partitions import (
    PartitionFencedOff,
    PartitionsAssigned,
    RebalanceStep,
    RebalanceTimed,
    TopicSeen,
)

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)

LAG_RECORDS = computed(
    "codes_consumer_lag_records",
    "Offsets between the oldest record that is not answered and the end of what may be read; transaction markers "
    "among them count until the loop has passed them. At least 0; none while unknown.",
    "topic",
    "partition",
    remedy="When it grows while `codes_records_total` moves: add workers, then partitions. While it stands still: "
    "read `/ready`.",
)
LAG_SECONDS = computed(
    "codes_consumer_lag_seconds",
    "Age of the oldest record that is not answered; 0 if there is none. At least 0; none while unknown.",
    "topic",
    "partition",
    remedy="When it exceeds what senders are promised: read `/ready` of the process that serves the partition; if "
    "nothing is missing there, add workers.",
)
POSITION = computed(
    "codes_consumer_position_offset",
    "Offset of the oldest record that is not answered.",
    "topic",
    "partition",
    remedy="When it stands still while the high watermark moves: the loop waits or hangs; read `/ready`, then "
    "`/live`.",
)
HIGH_WATERMARK = computed(
    "codes_consumer_high_watermark_offset",
    "Offset of the next record that a sender will write, as last reported by the broker.",
    "topic",
    "partition",
    remedy="When it stands still although senders send: they send elsewhere; compare `CODES_TOPICS__PREFIX`.",
)
LAST_STABLE = computed(
    "codes_consumer_last_stable_offset",
    "Offset up to which records may be read: where the oldest open transaction of a sender begins.",
    "topic",
    "partition",
    remedy="When it stands still below the high watermark: a sender left a transaction open; nothing behind it can "
    "be read before the broker ends it (`transaction.max.timeout.ms`), or `kafka-transactions.sh abort` does.",
)
LAST_PROGRESS = computed(
    "codes_consumer_last_progress_timestamp_seconds",
    "When the position last moved forward, or the partition was assigned.",
    "topic",
    "partition",
    remedy="When it is old while the lag is above 0: the consumer is stalled; read `/ready` of its process.",
)
LAST_TURN = computed(
    "codes_last_turn_timestamp_seconds",
    'When a loop last finished an iteration, with or without records. The expirer\'s loop is `topic="expirer"`.',
    "topic",
    "partition",
    remedy="When it is a minute old and there is work: the loop hangs. `/live` fails then, and the orchestrator "
    "restarts the process.",
)
PAUSED = computed(
    "codes_partition_paused",
    "1 while a worker serves a partition no further, because of too many consecutive dead letters "
    "(`CODES_WORKER__DEAD_LETTERS_MAX`).",
    "topic",
    "partition",
    remedy="When it is 1: `codes dead-letters list` says why; end the cause, then restart the worker.",
)
REBALANCES = counter(
    "codes_rebalances",
    "Times that the consumer group assigned partitions to this process.",
    on(PartitionsAssigned),
    remedy="When it rises without a deployment: processes die, or are silent for longer than "
    "`CODES_KAFKA__SESSION_TIMEOUT_MS`; look at their restarts and their CPU.",
)
REBALANCE_SECONDS = histogram(
    "codes_rebalance_seconds",
    "Duration of a rebalance in this process. `let_go`: until the running batches were "
    "finished; `whole`: until the new assignment, the wait for all other members included.",
    SECONDS,
    on(RebalanceTimed, lambda fact: fact.step, value=lambda fact: fact.seconds),
    remedy="When `let_go` exceeds 1: batches take long; look at `codes_batch_step_seconds`. When only `whole` does: "
    "another process was slow to release its partitions, or died and the group waited for it.",
    step=get_args(RebalanceStep),
)
FENCED = counter(
    "codes_fenced",
    "Times that a partition was found fenced: another process owns it, or the broker ended its transaction.",
    on(PartitionFencedOff, lambda fact: fact.topic),
    remedy="When it rises without a rebalance: a process was frozen, or a transaction outlived "
    "`CODES_KAFKA__TRANSACTION_TIMEOUT_MS`. Nothing is doubled by it.",
    topic="topics",
)
TOPIC_PARTITIONS = gauge(
    "codes_topic_partitions",
    "Partitions that the topic has, as a worker or importer last saw them; 0 before.",
    on(TopicSeen, lambda fact: fact.topic, value=lambda fact: fact.partitions),
    remedy="When it exceeds the partitions with a lag (`count(codes_consumer_lag_records)` of the topic): some are "
    "served by no process; `CodesLagAbsent` names the topic.",
    topic="topics",
)
PARTITIONS_ASSIGNED = gauge(
    "codes_partitions_assigned",
    "Partitions served here.",
    remedy="When the sum over all replicas is below the topic's partitions: too few processes are ready.",
    topic="topics",
)
