"""Metrics of the outcomes of requests."""

from typing import Final, get_args

from ops.telemetry.metric_spec import counter, gauge, on, on_each
from schemas.observation.requests import BatchReport, ReplyTopicUnusable, ReplyTopicUsable, ReservationDisagrees
from schemas.records import DeadLetterReason
from schemas.results import Outcome, RefusalReason

REJECTED: Final = "rejected"
"""The outcome of a record that cannot be read or processed: a dead letter."""

RECORDS = counter(
    "codes_records",
    "Records consumed, by outcome; `rejected` is a dead letter.",
    on_each(BatchReport, lambda batch: {**batch.outcomes, REJECTED: sum(batch.rejections.values())}),
    remedy="When it stands still while the lag grows: read `/ready`, it names the part that is waited for.",
    outcome=(*get_args(Outcome), REJECTED),
)
REFUSALS = counter(
    "codes_refusals",
    "Requests refused.",
    on_each(BatchReport, lambda batch: batch.refusals),
    remedy="When `out_of_stock` rises: import more codes. `unknown_campaign`, `request_id_reused`: a sender "
    "is wrong.",
    reason=get_args(RefusalReason),
)
DEAD_LETTERS = counter(
    "codes_dead_letters",
    "Records that were rejected: they cannot be read or processed.",
    on_each(BatchReport, lambda batch: batch.rejections),
    remedy="When it rises: read `dlq-detail` of the newest ones. `unprocessable` is a fault of the data or of this "
    "service; the others are faults of the sender.",
    reason=get_args(DeadLetterReason),
)
REPEATS = counter(
    "codes_repeats",
    "Requests that were already in the ledger.",
    on(BatchReport, value=lambda batch: batch.repeats),
    remedy="When it rises without a restart or rebalance: a sender sends again too soon or too often.",
)
REPLIES_REFUSED = counter(
    "codes_replies_refused",
    "Answers without the copy that was asked for.",
    on(BatchReport, value=lambda batch: batch.replies_refused),
    remedy="When it rises and `codes_reply_topic_unusable` is 0: a sender names a reply topic that "
    "`CODES_TOPICS__REPLY_ALLOWED` lacks, or a partition that the topic lacks.",
)
REPLY_TOPIC_UNUSABLE = gauge(
    "codes_reply_topic_unusable",
    "1 while an allowed reply topic gets no copies: it is missing, or sending to it fails.",
    on(ReplyTopicUnusable, lambda fact: fact.topic),
    on(ReplyTopicUsable, lambda fact: fact.topic, value=lambda _: 0),
    remedy="When it is 1: the log's `reply_topic_unusable` says why. Make the topic, grant the right to write to it, "
    "or raise its `max.message.bytes` to at least 262144; it is tried again by itself.",
    topic="reply_topics",
)
INCONSISTENT = counter(
    "codes_inconsistent_requests",
    "Requests rejected because their reservation disagrees with its codes: some are missing, in another status, or "
    "another reservation's.",
    on(ReservationDisagrees),
    remedy="When it rises: codes were removed or changed by hand, or only some collections were restored. The log's "
    "`inconsistent` names the reservation, `codes reconcile --reservations` all.",
)
