"""Every metric of the service, with what to do when it moves: the one place where they are declared.

Out:      `SPECS`: what the registry (`ops/telemetry/registry.py`), docs/metrics.md and the alert rules are made from.
Promise:  labels come from closed sets, topics, partitions and a capped number of campaigns: never a code, fan or
          request. Units are seconds, records, rows, codes. What is not known has no series.
"""

from typing import Any, Final, get_args

from consumers.loop.observer import Part, RebalanceStep, Step
from ops.telemetry.metric_spec import Spec, computed, counted, counter, gauge, histogram, info
from schemas.base import CodeStatus
from schemas.errors import AbortReason, ConflictCause, RefusalCause, WaitCause
from schemas.records import DeadLetterReason
from schemas.results import Outcome, RefusalReason

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
LOOP_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
RECORDS_IN_BATCH: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
ROWS_IN_CHUNK: Final = (10, 100, 500, 1_000, 2_500, 5_000, 10_000, 25_000)
CANCELLED: Final = "cancelled"
ENDS: Final = ("completed", "failed", CANCELLED)
REJECTED: Final = "rejected"
"""The outcome of a record that is no request: a dead letter."""
OPEN: Final = ()
"""Of a label whose values are not known before: topics, partitions, campaigns."""

# What requests came to.
RECORDS = counter(
    "codes_records",
    "Records taken, by what became of them; `rejected` is a dead letter.",
    remedy="When it stands still while the lag grows: read `/ready`, it names the part that is waited for.",
    outcome=(*get_args(Outcome), REJECTED),
)
REFUSALS = counter(
    "codes_refusals",
    "Requests refused.",
    remedy="When `out_of_stock` rises: import more codes. `unknown_campaign`, `request_id_reused`: a sender is "
    "wrong.",
    reason=get_args(RefusalReason),
)
DEAD_LETTERS = counter(
    "codes_dead_letters",
    "Records put aside.",
    remedy="When it rises: read `dlq-detail` of the newest ones. `unprocessable` is ours to mend, the rest the "
    "sender's.",
    reason=get_args(DeadLetterReason),
)
REPEATS = counter(
    "codes_repeats",
    "Requests that the ledger had already.",
    remedy="When it rises without a restart or rebalance: a sender sends again too soon or too often.",
)
REPLIES_REFUSED = counter(
    "codes_replies_refused",
    "Answers without the copy that was asked for.",
    remedy="When it rises and `codes_reply_topic_unusable` is 0: a sender names a reply topic that "
    "`CODES_TOPICS__REPLY_ALLOWED` lacks, or a partition that the topic lacks.",
)
REPLY_TOPIC_UNUSABLE = gauge(
    "codes_reply_topic_unusable",
    "1 while an allowed reply topic gets no copies: it is missing, or sending to it fails.",
    remedy="When it is 1: the log's `reply_topic_unusable` says why. Make the topic, grant the right to write to it, "
    "or raise its `max.message.bytes` to at least 262144; it is tried again by itself.",
    topic=OPEN,
)
INCONSISTENT = counter(
    "codes_inconsistent_requests",
    "Requests set aside because their reservation disagrees with its codes: some are missing, in another status, or "
    "another reservation's.",
    remedy="When it rises: codes were removed or changed by hand, or only some collections were restored. The log's "
    "`inconsistent` names the reservation, `codes reconcile --reservations` all.",
)

# How batches go.
BATCH_RECORDS = histogram(
    "codes_batch_records",
    "Records in a batch.",
    RECORDS_IN_BATCH,
    remedy="When it stays at `CODES_WORKER__BATCH_SIZE_MAX`: the process is behind; add replicas or partitions.",
)
BATCH_STEP_SECONDS = histogram(
    "codes_batch_step_seconds",
    "Time of one step of a batch.",
    SECONDS,
    remedy="When `gather` or `apply` slow down: look at MongoDB. `emit`: at Kafka. `decode` or `plan`: at the CPU.",
    step=get_args(Step),
)
CONFLICTS = counter(
    "codes_conflicts",
    "Stale plans, made anew. `moved`: a guarded write found less than planned; `write_conflict`: two transactions "
    "met; `duplicate`: the id was there already; `session_ended`: the next owner, or the server, ended the session; "
    "`transient`: anything else that the server says to try again.",
    remedy="When it exceeds a few in a hundred batches: `moved`, `write_conflict`: too many partitions want the same "
    "small stock; import more codes, or lower `CODES_MONGO__TRANSACTIONS_MAX`. `duplicate`: a sender repeats itself "
    "under other keys. `session_ended`: see `codes_rebalances_total`.",
    topic=OPEN,
    cause=get_args(ConflictCause),
)
STORE_REFUSALS = counter(
    "codes_store_refusals",
    "Writes that the database refused as such, tries included: a refusal is believed only when it is repeated. "
    "`validator`: a document is not as the collection's validator wants it; `too_large`: a document or an index key "
    "is; `invalid`: it cannot be a document.",
    remedy="When it moves at all: the log's `refused` names the request. `validator`: an old validator, run `codes "
    "migrate`. `too_large`, `invalid`: ours to mend.",
    topic=OPEN,
    cause=get_args(RefusalCause),
)
TRANSACTIONS_ABORTED = counter(
    "codes_transactions_aborted",
    "Kafka transactions that ended without effect. `failed`: the broker did not take it; `fenced`: another process "
    "has the partition; `cancelled`: a stop or a rebalance would not wait.",
    remedy="When `failed` rises: look at the broker and at the log's `waits_for`. `fenced`: as for "
    "`codes_fenced_total`. `cancelled`: batches take longer than `CODES_WORKER__STOP_BUDGET_S`.",
    topic=OPEN,
    reason=get_args(AbortReason),
)
WAITS = counter(
    "codes_waits",
    "Tries that came to nothing because of a part, each followed by another one. `no_answer`: the part is not "
    "reached, or too slow; of MongoDB also `in_transition`: it has no primary at the moment; `not_allowed`: it does "
    "not let us in, or not do that; `server_error`: any other error of its own.",
    remedy="When it rises: the log's `waits_for` says how it fails, with MongoDB's error code; "
    "docs/handbook/mongodb.md says what to do about it.",
    part=get_args(Part),
    cause=get_args(WaitCause),
)
PART_AWAY = gauge(
    "codes_part_away",
    "1 while a part does not answer.",
    remedy="When it is 1 for minutes: bring that part back. Nothing is lost meanwhile, but nothing moves.",
    part=get_args(Part),
)
STOCK_DRAWS = counted(
    "codes_stock_draws",
    "Times that a partition's stock was filled from the database.",
    remedy="When there is one a batch, and `gather` is slow: campaigns are many, or nearly sold out.",
)
STOCK_DRAWN = counted(
    "codes_stock_drawn_codes",
    "Candidates that draws found.",
    remedy="When it is far above the codes reserved and assigned: stocks are thrown away as stale; see "
    "`codes_conflicts_total`.",
)
STOCK_MISSES = counted(
    "codes_stock_misses",
    "Draws that looked at everything and found less than was wanted.",
    remedy="When it rises: campaigns are out of codes; `codes_refusals_total` says how many requests felt it. Import "
    "more.",
)

# Where each partition is. Computed at each scrape; only for partitions that are served here.
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
    "Offset of the next record that a sender will write, as last heard from the broker.",
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
    'When a loop last went round, with or without records. The expirer\'s loop is `topic="expirer"`.',
    "topic",
    "partition",
    remedy="When it is a minute old and there is work: the loop hangs. `/live` fails then, and the orchestrator "
    "starts the process anew.",
)

# How partitions are shared out.
REBALANCES = counter(
    "codes_rebalances",
    "Times that partitions were given out anew.",
    remedy="When it rises without a deployment: processes die, or are silent for longer than "
    "`CODES_KAFKA__SESSION_TIMEOUT_MS`; look at their restarts and their CPU.",
)
REBALANCE_SECONDS = histogram(
    "codes_rebalance_seconds",
    "Time that partitions stood still here. `let_go`: until the batches in hand were finished; `whole`: until the "
    "new assignment, the wait for all other members included.",
    SECONDS,
    remedy="When `let_go` exceeds 1: batches take long; look at `codes_batch_step_seconds`. When only `whole` does: "
    "another process lets go slowly, or died and the group waited for it.",
    step=get_args(RebalanceStep),
)
FENCED = counter(
    "codes_fenced",
    "Partitions lost in mid-work.",
    remedy="When it rises without a rebalance: a process was frozen, or a transaction outlived "
    "`CODES_KAFKA__TRANSACTION_TIMEOUT_MS`. Nothing is doubled by it.",
    topic=OPEN,
)
PARTITIONS_ASSIGNED = gauge(
    "codes_partitions_assigned",
    "Partitions served here.",
    remedy="When the sum over all replicas is below the topic's partitions: too few processes are ready.",
    topic=OPEN,
)

# Expiry, imports, inventory.
EXPIRIES_ASKED = counter(
    "codes_expiries_asked",
    "Releases the expirer asked for.",
    remedy="When it stands still while `codes_oldest_overdue_seconds` rises: the expirer does not reach Kafka.",
)
EXPIRIES_REPEATED = counter(
    "codes_expiries_repeated",
    "Releases the expirer asked for again: workers had decided the one before, and the hold was still held.",
    remedy="When it rises: search `results.v1` and the dead letters for request ids that begin with `expire:`. "
    "`invalid_request` means that the brokers' clocks are behind: raise `CODES_EXPIRER__CLOCK_MARGIN_MS`; "
    "`unprocessable`, that a reservation does not fit its codes.",
)
OLDEST_OVERDUE = gauge(
    "codes_oldest_overdue_seconds",
    "Time since the oldest hold should have ended.",
    remedy="When it exceeds a minute: look at `codes_expiry_held_back_seconds`. If that is as high, see there; else "
    "workers are behind on `release.requests.v1`, or MongoDB is slow.",
)
HELD_BACK = gauge(
    "codes_expiry_held_back_seconds",
    "Age of the oldest assign that expiries wait for; 0 if none.",
    remedy="When it rises: workers are behind on `assign.requests.v1`, or a sender left a transaction open there; "
    "expiries wait for them. If the workers have no lag: the expirer's `CODES_KAFKA__GROUP_PREFIX` is not theirs.",
)
IMPORTS_RUNNING = gauge(
    "codes_imports_running",
    "Imports under way in this process.",
    remedy="When it stays above 0 while `codes_import_rows_total` stands still: see there.",
)
IMPORT_ROWS = counter(
    "codes_import_rows",
    "Rows that imports wrote.",
    remedy="When it stands still while an import runs: look at `codes_part_away`, `s3` and `mongo`.",
)
IMPORT_CHUNK_ROWS = histogram(
    "codes_import_chunk_rows",
    "Rows in one written chunk of an import.",
    ROWS_IN_CHUNK,
    remedy="When it is far below `CODES_IMPORTER__ROWS_PER_CHUNK_MAX` for large files: rows are very long.",
)
IMPORT_CHUNK_SECONDS = histogram(
    "codes_import_chunk_seconds",
    "Time to write one chunk of an import, tries that failed included.",
    SECONDS,
    remedy="When it rises while `codes_import_chunk_rows` does not: MongoDB is slow, or the collection's indexes do "
    "not fit its cache.",
)
IMPORTS_ENDED = counter(
    "codes_imports_ended",
    "Imports that ended. `cancelled`: somebody asked for it; on `imports.v1` that is `failed`, reason `cancelled`.",
    remedy="When `failed` rises: the end event on `imports.v1` says why; docs/imports.md says what to do.",
    state=ENDS,
)
INVENTORY_CODES = computed(
    "codes_inventory_codes",
    "Codes by campaign and status. Only the largest campaigns have series of their own; `other` is the sum of the "
    "rest.",
    "campaign",
    "status",
    remedy=f"When `{CodeStatus.AVAILABLE}` of a campaign nears 0: import more codes. When `other` is large: look at "
    "the inventory page, it has all campaigns.",
)

# The process.
LOOP_LAG = histogram(
    "codes_event_loop_lag_seconds",
    "How late the event loop ran what was due.",
    LOOP_SECONDS,
    remedy="When more than a few in a thousand exceed 0.2: something computes on the loop, or the CPU is short. "
    "Heartbeats wait as long; near `CODES_KAFKA__SESSION_TIMEOUT_MS` the group gives the partitions away.",
)
BUILD = info(
    "codes_build",
    "What runs here.",
    "version",
    "python",
    remedy="When replicas differ in it for long: a roll-out is stuck.",
)

SPECS: Final[tuple[Spec[Any], ...]] = tuple(found for found in list(vars().values()) if isinstance(found, Spec))
"""All of them, in the order above."""
