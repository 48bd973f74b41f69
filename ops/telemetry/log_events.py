"""The events that our own code logs, with the fields of each.

Out:      `EVENTS`, by name.
Promise:  those of `ops.telemetry.log_schema`.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Level = Literal["debug", "info", "warning", "error", "critical"]


class Event(NamedTuple):
    """An event that our own code logs."""

    level: Level
    fields: str
    """The names of its own fields, separated by spaces."""
    meaning: str


PLACE: Final = "topic partition"
SUBJECT: Final = "topic partition offset request_id campaign_id"
IMPORT: Final = "request_id campaign_id rows_read inserted duplicates rejected"

EVENTS: Final[Mapping[str, Event]] = {
    "ops_listening": Event("info", "host port", "The ops port listens."),
    "started": Event("info", "guarantee prefix", "The role starts its work."),
    "assigned": Event("info", "partitions", "After a rebalance, the process serves these partitions."),
    "import_began": Event("info", IMPORT, "An import starts or resumes in this process; the counts show from where."),
    "import_left": Event(
        "info",
        f"{IMPORT} state reason",
        "The import ended; or, in state `running`, another process resumes it, or this one later.",
    ),
    "waits_for": Event(
        "warning",
        "part error reason",
        "A part is unavailable or answers with errors. Each reason is logged once, until `answered`.",
    ),
    "kafka_version": Event(
        "warning", "part reason", "`exactly_once` may not hold on these brokers, or their version is unknown."
    ),
    "answered": Event("info", "part", "The part answers again."),
    "heartbeats_unsent": Event(
        "warning", "topic error", "Heartbeats are not taken: the live page shows this process as gone. Logged once."
    ),
    "fenced": Event("warning", PLACE, "Another process owns the partition."),
    "paused": Event(
        "error", f"{PLACE} dead_letters", "Too many consecutive dead letters: the partition is served no further."
    ),
    "refused": Event(
        "error",
        f"{SUBJECT} error reason",
        "The database refuses the write of this request. A fault of the service or its database.",
    ),
    "inconsistent": Event(
        "error",
        f"{SUBJECT} reservation_id reason",
        "A reservation disagrees with its codes; the request becomes a dead letter.",
    ),
    "reply_topic_unusable": Event(
        "warning", "topic reason", "An allowed reply topic gets no copies: `missing`, `failing` or `suspected`."
    ),
    "reply_topic_usable": Event("info", "topic", "The topic gets copies again."),
    "dead_letter": Event("debug", f"{PLACE} offset reason detail", "Rejected record; none of its values is logged."),
    "conflict": Event("debug", f"{PLACE} cause", "A plan was stale; the batch is planned again."),
    "store_refused": Event("debug", "topic cause", "The database refused a write; the request is retried alone."),
    "batch": Event(
        "debug", f"{PLACE} first_offset last_offset records outcomes seconds", "A batch was answered and committed."
    ),
    "chunk_halved": Event(
        "warning",
        "request_id campaign_id rows setting error reason",
        "A chunk of an import was too slow or too large for the database; the next chunks are smaller.",
    ),
    "chunk_full_again": Event("info", "request_id campaign_id rows", "Chunks have their configured size again."),
    "api_listening": Event("info", "host port tokens_needed", "The inventory's API and page listen."),
    "api_open": Event("warning", "host why", "The API requires no token; it can be reached from this machine only."),
    "jwt_key_skipped": Event(
        "warning", "detail reason", "An entry of the JWKS is not a usable key: its tokens get 401; all others work."
    ),
    "jwt_keys_unreadable": Event(
        "warning", "reason", "The key file cannot be read. Its last keys are used for 5 minutes."
    ),
    "jwt_keys_dropped": Event(
        "error", "reason", "The key file was unreadable for 5 minutes: every token gets 401 until it can be read."
    ),
    "secret_kept": Event(
        "warning", "reason", "A replaced secret or certificate cannot be used; the last one remains in use."
    ),
    "alert": Event("info", "stock campaign_id code_type available", "A stock alert was published."),
    "alert_known": Event("info", "stock campaign_id", "It was published before a crash, and is not published again."),
    "changelog_restored": Event(
        "info",
        "campaign_id",
        "A former owner wrote an older value to the table's changelog; the newer one was written again.",
    ),
    "webhook_waits": Event("warning", "webhook reason", "A receiver takes no message: it is repeated. Logged once."),
    "webhook_answers": Event("info", "webhook", "The receiver takes messages again."),
    "webhook_undelivered": Event(
        "error", "webhook stock campaign_id reason", "A receiver refused the alert, or it is too old: it is dropped."
    ),
    "webhook_notice_undelivered": Event(
        "error", "webhook item reason", "As `webhook_undelivered`, of a message about an item that needs attention."
    ),
    "unreadable_event": Event("warning", "fields", "A record on `inventory.v1` is no valid event and is skipped."),
    "canary_started": Event("info", "prefix campaign_id", "The canary starts its rounds, in this campaign."),
    "canary_failed": Event(
        "warning",
        "outcome step reason",
        "A round of the canary failed: a wrong answer, none in time, or Kafka is unavailable.",
    ),
    "stopping": Event("info", "", "The process got a signal to stop."),
    "cut_short": Event("warning", "", "The work in progress did not end in time and was abandoned, uncommitted."),
    "left_open": Event("warning", "", "The clients did not close in time either; the process exits without them."),
    "stopped": Event("info", "", "The process exits."),
    "crashed": Event("error", "exception", "An unexpected error; nothing in progress is committed. The last line."),
}
