"""Metrics of batches and their steps, of conflicts, of waits for parts, and of the stock."""

from typing import Final, get_args

from ops.telemetry.metric_spec import counted, counter, gauge, histogram, on, on_each
from schemas.errors import AbortReason, ConflictCause, RefusalCause, WaitCause
from schemas.observation.partitions import Part, PartAvailable, PartReleased, PartUnavailable
from schemas.observation.requests import BatchReport, PlanConflicted, Step, TransactionAborted, WriteRefused

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
RECORDS_IN_BATCH: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)

BATCH_RECORDS = histogram(
    "codes_batch_records",
    "Records in a batch.",
    RECORDS_IN_BATCH,
    on(BatchReport, value=lambda batch: batch.records),
    remedy="When it stays at `CODES_WORKER__BATCH_SIZE_MAX`: the process is behind; add replicas or partitions.",
)
BATCH_STEP_SECONDS = histogram(
    "codes_batch_step_seconds",
    "Time of one step of a batch.",
    SECONDS,
    on_each(BatchReport, lambda batch: batch.seconds),
    remedy="When `gather` or `apply` slow down: look at MongoDB. `emit`: at Kafka. `decode` or `plan`: at the CPU.",
    step=get_args(Step),
)
CONFLICTS = counter(
    "codes_conflicts",
    "Stale plans; the batch was planned again. `moved`: a guarded write found less than planned; `write_conflict`: "
    "two transactions met; `duplicate`: the id was there already; `session_ended`: the next owner, or the server, "
    "ended the session; `transient`: any other error that the server marks as retriable.",
    on(PlanConflicted, lambda fact: fact.topic, lambda fact: fact.cause),
    remedy="When it exceeds a few in a hundred batches: `moved`, `write_conflict`: too many partitions want the same "
    "small stock; import more codes, or lower `CODES_MONGO__TRANSACTIONS_MAX`. `duplicate`: a sender repeats itself "
    "under other keys. `session_ended`: see `codes_rebalances_total`.",
    topic="topics",
    cause=get_args(ConflictCause),
)
STORE_REFUSALS = counter(
    "codes_store_refusals",
    "Writes that the database refused as such, tries included: a refusal is believed only when it is repeated. "
    "`validator`: a document is not as the collection's validator wants it; `too_large`: a document or an index key "
    "is; `invalid`: it cannot be a document; `collision`: two codes have the same id.",
    on(WriteRefused, lambda fact: fact.topic, lambda fact: fact.cause),
    remedy="When it moves at all: the log's `refused` names the request. `validator`: an old validator, run `codes "
    "migrate`. `too_large`, `invalid`: ours to mend. `collision`: import that code into another campaign.",
    topic="topics",
    cause=get_args(RefusalCause),
)
TRANSACTIONS_ABORTED = counter(
    "codes_transactions_aborted",
    "Kafka transactions that ended without effect. `failed`: the broker did not take it; `fenced`: another process "
    "has the partition; `cancelled`: a stop or a rebalance did not wait for it.",
    on(TransactionAborted, lambda fact: fact.topic, lambda fact: fact.reason),
    remedy="When `failed` rises: look at the broker and at the log's `waits_for`. `fenced`: as for "
    "`codes_fenced_total`. `cancelled`: batches take longer than `CODES_WORKER__STOP_BUDGET_S`.",
    topic="topics",
    reason=get_args(AbortReason),
)
WAITS = counter(
    "codes_waits",
    "Tries that failed because a part was unavailable; each was followed by a retry. `no_answer`: the part is "
    "unreachable or too slow; of MongoDB also `in_transition`: it has no primary at the moment; `not_allowed`: it "
    "refuses the login or the operation; `server_error`: any other error of its own.",
    on(PartUnavailable, lambda fact: fact.part, lambda fact: fact.cause),
    remedy="When it rises: the log's `waits_for` says how it fails, with MongoDB's error code; "
    "docs/handbook/mongodb.md says what to do about it.",
    part=get_args(Part),
    cause=get_args(WaitCause),
)
PART_AWAY = gauge(
    "codes_part_away",
    "1 while a part does not answer.",
    on(PartUnavailable, lambda fact: fact.part),
    on(PartAvailable, lambda fact: fact.part, value=lambda _: 0),
    on(PartReleased, lambda fact: fact.part, value=lambda _: 0),
    remedy="When it is 1 for minutes: restore that part. Nothing is lost meanwhile, but nothing is processed.",
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
    remedy="When it is far above the codes reserved and assigned: cached candidates are discarded as stale; see "
    "`codes_conflicts_total`.",
)
STOCK_MISSES = counted(
    "codes_stock_misses",
    "Draws that found fewer codes than requested, and no more are counted.",
    remedy="When it rises: campaigns are out of codes; `codes_refusals_total` says how many requests were refused. "
    "Import more.",
)
