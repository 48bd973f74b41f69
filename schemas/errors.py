"""The errors that the service handles itself: one class per cause. The docstring is the remedy that commands print.

`retriable`: the same operation may succeed when it is retried.
"""

from typing import ClassVar, Literal

ConflictCause = Literal["moved", "write_conflict", "duplicate", "session_ended", "transient"]
"""Label `cause` of `codes_conflicts_total` (docs/metrics.md)."""
RefusalCause = Literal["validator", "too_large", "invalid", "collision"]
"""Label `cause` of `codes_store_refusals_total`."""
WaitCause = Literal["no_answer", "in_transition", "not_allowed", "server_error"]
"""Label `cause` of `codes_waits_total`."""
AbortReason = Literal["failed", "fenced", "cancelled"]
"""Label `reason` of `codes_transactions_aborted_total`."""


class CodeServiceError(Exception):
    """Base class of the service's errors."""

    retriable: ClassVar[bool] = False
    remedy: str | None = None
    """In place of the docstring, if it names something that only the raiser knows."""


class SettingsInvalid(CodeServiceError):
    """A setting is missing or out of range. The message names the variable; the process exits."""


class FactsStale(CodeServiceError):
    """The facts behind a plan changed before it was applied. Gather the facts again and make a new plan.

    Causes: another worker moved a code, reservation or shard, or decided a request id; or MongoDB reported a write
    conflict. Nothing was written.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, cause: ConflictCause = "moved") -> None:
        super().__init__(message)
        self.cause: ConflictCause = cause


class StoreUnavailable(CodeServiceError):
    """MongoDB gave no answer in time, or returned an error that no record caused. Roles retry until it answers.

    No error code, or a time-out: check `CODES_MONGO__URI`, the primary and `CODES_MONGO__TIMEOUT_MS`. Code 13, 18 or
    8000: check the user's password and rights; with 8000 also the quota. Other codes:
    docs/handbook/mongodb.md#error-codes.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, cause: WaitCause = "no_answer") -> None:
        super().__init__(message)
        self.cause: WaitCause = cause


class StoreRefused(CodeServiceError):
    """MongoDB refuses this write, and will refuse every retry of it (validator, size). Nothing was written.

    Raised only for a write before a commit, with error code 121, 10334 or 17280, or refused by the driver.
    """

    def __init__(self, message: str, cause: RefusalCause = "validator") -> None:
        super().__init__(message)
        self.cause: RefusalCause = cause


class MigrationRefused(CodeServiceError):
    """MongoDB refused a step of the migration, with this message. Earlier steps stay in effect.

    Grant the user the rights in docs/operations.md#security, or fix what the message names, and run the migration
    again. If the server does not support validators: `CODES_MONGO__VALIDATORS=optional`.
    """


class DatabaseTooOld(CodeServiceError):
    """The database holds codes of an older version, which have random ids. There is no upgrade.

    Name an empty database in `CODES_MONGO__DATABASE`, run `codes migrate`, and import the codes.
    """


class ReservationInconsistent(CodeServiceError):
    """A reservation and its codes disagree in one snapshot, or a document that a request needs cannot be read.

    Nothing can be moved through it. Causes: documents were removed or changed by hand, or only some collections were
    restored. `codes reconcile --reservations` lists all of them.
    """

    def __init__(self, reservation_id: str, detail: str) -> None:
        super().__init__(detail)
        self.reservation_id = reservation_id
        self.detail = detail


class PlanTooLarge(CodeServiceError):
    """A batch would move more codes than one transaction can move in time. Nothing was written; split the batch."""


class BatchTooSlow(CodeServiceError):
    """MongoDB cannot write a batch of requests in one transaction, or not in time. Split the batch.

    The batch may have been written nevertheless; the ledger shows it. Check `CODES_WORKER__BATCH_SIZE_MAX` and
    `CODES_MONGO__TIMEOUT_MS`.
    """

    retriable: ClassVar[bool] = True


class DocumentUnreadable(CodeServiceError):
    """A document in MongoDB does not have the form of its model: it was edited by hand. Restore the named field."""


class ChunkTooSlow(CodeServiceError):
    """MongoDB cannot write a chunk of an import in one transaction, or not in time. Split the chunk.

    The chunk may have been written nevertheless. Check `CODES_IMPORTER__ROWS_PER_CHUNK_MAX` and
    `CODES_MONGO__TIMEOUT_MS`.
    `timed_out_s`: after how many seconds, if time was short; None: if room was short.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, *, timed_out_s: float | None = None) -> None:
        super().__init__(message)
        self.timed_out_s = timed_out_s


class BrokerUnavailable(CodeServiceError):
    """Kafka is unavailable; roles retry. Check `CODES_KAFKA__BOOTSTRAP_SERVERS` and the security settings."""

    retriable: ClassVar[bool] = True


class AccessRefused(CodeServiceError):
    """A login is refused, or a certificate is not accepted; retries do not help. The process exits.

    Check the credentials, their rights and their end, the certificates, and the clock. The message names the server.
    """


class Dropped(CodeServiceError):
    """A client raised CancelledError although nobody cancelled the operation. Safe to retry."""

    retriable: ClassVar[bool] = True


class PartitionFenced(CodeServiceError):
    """Another process owns the partition now. Stop serving it here, without an error.

    Causes: a rebalance, a pause longer than `CODES_KAFKA__SESSION_TIMEOUT_MS`, or a transaction that outlived
    `CODES_KAFKA__TRANSACTION_TIMEOUT_MS`.
    """


class PartitionPaused(CodeServiceError):
    """A partition had too many consecutive dead letters (`CODES_WORKER__DEAD_LETTERS_MAX`) and is served no further.

    Find out why with `codes dead-letters list`; then restart the process.
    """

    def __init__(self, dead_letters: int, next_offset: int) -> None:
        super().__init__(f"{dead_letters} consecutive dead letters")
        self.dead_letters = dead_letters
        self.next_offset = next_offset


class EmitFailed(CodeServiceError):
    """Kafka did not accept a batch's output. None of it is visible; the batch is read and answered again.

    `topics`: the topics that are known to have caused it; may be empty.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, topics: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.topics = topics


class ObjectStoreUnavailable(CodeServiceError):
    """S3 gave no answer, or throttles requests; roles retry. Check `CODES_S3__ENDPOINT_URL` and the network."""

    retriable: ClassVar[bool] = True


class RegistryUnavailable(CodeServiceError):
    """The schema registry is unavailable. Check `CODES_REGISTRY__URL` and the network, and run the command again."""

    retriable: ClassVar[bool] = True


class RegistryRefused(CodeServiceError):
    """The schema registry refuses the request, for the reason that it gives. A retry does not help."""


class KeysUnavailable(CodeServiceError):
    """The keys of requests' tokens cannot be read; requests wait. Check `CODES_REQUESTS__JWT_KEYS_FILE`."""

    retriable: ClassVar[bool] = True


class ImportFailed(CodeServiceError):
    """An import cannot continue. `reason` is the reason in its end event; docs/imports.md lists all of them."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
