"""What can go wrong that the service itself must answer: one class a kind, each with its remedy.

`retriable` says whether the same thing may be tried again with hope.
"""

from typing import ClassVar, Literal

ConflictCause = Literal["moved", "write_conflict", "duplicate", "session_ended", "transient"]
"""Who was faster: see `codes_conflicts_total` in docs/metrics.md."""
RefusalCause = Literal["validator", "too_large", "invalid"]
"""What the database does not take: see `codes_store_refusals_total` there."""
WaitCause = Literal["no_answer", "in_transition", "not_allowed", "server_error"]
"""Why a try came to nothing: see `codes_waits_total` there."""
AbortReason = Literal["failed", "fenced", "cancelled"]
"""Why a Kafka transaction ended without effect: see `codes_transactions_aborted_total` there."""


class CodeServiceError(Exception):
    """Base of all of ours."""

    retriable: ClassVar[bool] = False


class SettingsInvalid(CodeServiceError):
    """A setting is missing or out of its range. The message names the variable; the process ends."""


class FactsStale(CodeServiceError):
    """What a plan was made from is no longer so: another worker was faster. Gather again and plan anew.

    Causes: a code, reservation or shard moved meanwhile, a request id was decided elsewhere, or MongoDB reported
    a write conflict. Nothing was written.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, cause: ConflictCause = "moved") -> None:
        super().__init__(message)
        self.cause: ConflictCause = cause


class StoreUnavailable(CodeServiceError):
    """MongoDB gave no answer in time, or an error that no record is at fault for. Waited out.

    No code or a time-out: look at `CODES_MONGO__URI`, the primary and `CODES_MONGO__TIMEOUT_MS`. Code 13, 18 or 8000:
    at the user's password and rights, with 8000 also at the quota. Other codes: docs/handbook/mongodb.md#error-codes.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, cause: WaitCause = "no_answer") -> None:
        super().__init__(message)
        self.cause: WaitCause = cause


class StoreRefused(CodeServiceError):
    """MongoDB will not take this write, however often it is tried (validator, size). Nothing was written.

    Only a write that came before a commit is ever refused, and only with code 121, 10334 or 17280, or by the driver.
    """

    def __init__(self, message: str, cause: RefusalCause = "validator") -> None:
        super().__init__(message)
        self.cause: RefusalCause = cause


class MigrationRefused(CodeServiceError):
    """MongoDB will not do a step of the migration; the message is its own. What was done before stays.

    Give the user the rights of docs/operations.md#security, or mend what the message names, and run it again. Where
    the server takes no validators: `CODES_MONGO__VALIDATORS=optional`.
    """


class ReservationInconsistent(CodeServiceError):
    """A reservation and its codes disagree in one snapshot, or one of a request's documents cannot be read.

    Nothing can be moved through it. Causes: documents were removed or changed by hand, or only some collections were
    restored. `codes reconcile --reservations` names all such.
    """

    def __init__(self, reservation_id: str, detail: str) -> None:
        super().__init__(detail)
        self.reservation_id = reservation_id
        self.detail = detail


class PlanTooLarge(CodeServiceError):
    """A batch would move more codes than one transaction can in time. It is halved. Nothing was written."""


class BatchTooSlow(CodeServiceError):
    """MongoDB does not write so many requests in one transaction, or not in time. The batch is halved.

    It may be written all the same: the ledger tells. Look at `CODES_WORKER__BATCH_SIZE_MAX` and
    `CODES_MONGO__TIMEOUT_MS`.
    """

    retriable: ClassVar[bool] = True


class ChunkTooSlow(CodeServiceError):
    """MongoDB does not write so many rows of an import in one transaction, or not in time. The chunk is halved.

    It may be written all the same. Look at `CODES_IMPORTER__ROWS_PER_CHUNK_MAX` and `CODES_MONGO__TIMEOUT_MS`.
    """

    retriable: ClassVar[bool] = True


class BrokerUnavailable(CodeServiceError):
    """Kafka cannot be reached. Waited out; look at `CODES_KAFKA__BOOTSTRAP_SERVERS` and its security settings."""

    retriable: ClassVar[bool] = True


class Dropped(CodeServiceError):
    """A client gave its work up as if it had been cancelled, which nobody did. Safe to repeat."""

    retriable: ClassVar[bool] = True


class PartitionFenced(CodeServiceError):
    """Another process owns the partition now. Stop it quietly here.

    Causes: a rebalance, a pause longer than `CODES_KAFKA__SESSION_TIMEOUT_MS`, or a transaction that outlived
    `CODES_KAFKA__TRANSACTION_TIMEOUT_MS`.
    """


class EmitFailed(CodeServiceError):
    """Kafka did not take a batch's output. Nothing of it is visible; the batch is read and answered again.

    `topics` are those that are known to be at fault, if any are.
    """

    retriable: ClassVar[bool] = True

    def __init__(self, message: str, topics: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.topics = topics


class ObjectStoreUnavailable(CodeServiceError):
    """S3 gave no answer, or told us to slow down. Waited out; look at `CODES_S3__ENDPOINT_URL` and the network."""

    retriable: ClassVar[bool] = True


class ImportFailed(CodeServiceError):
    """An import cannot go on; `reason` is what the end event says (the table is in docs/imports.md)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
