"""Every metric of the service, with what to do when it moves.

In:       increments and measurements from `ops.observer`.
Out:      one Prometheus registry per instance, served at `/metrics`.
Promise:  labels come from closed sets, topics and partitions: never a code, fan, request or campaign.
"""

import platform
from collections.abc import Iterable
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from consumers.observer import Part, Step
from ops.version import service_version
from schemas.records import DeadLetterReason
from schemas.results import Outcome, RefusalReason

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
LAG_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
RECORDS: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
ENDS: Final = ("completed", "failed")
REJECTED: Final = "rejected"
"""The outcome of a record that is no request: a dead letter."""


class Metrics:
    """The metrics of one process, in a registry of their own. Each is an attribute; the comment is its remedy."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._declare_requests()
        self._declare_batches()
        self._declare_partitions()
        self._declare_roles()

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self.registry)

    def _declare_requests(self) -> None:
        # When it stands still while the lag grows: read /ready, it names the part that is waited for.
        self.records = Counter(
            "codes_records", "Records taken, by what became of them.", ["outcome"], registry=self.registry
        )
        # When out_of_stock rises: import more codes. unknown_campaign, request_id_reused: a sender is wrong.
        self.refusals = Counter("codes_refusals", "Requests refused.", ["reason"], registry=self.registry)
        # When it rises: read `dlq-detail` of the newest ones. `unprocessable` is ours to mend, the rest the sender's.
        self.dead_letters = Counter("codes_dead_letters", "Records put aside.", ["reason"], registry=self.registry)
        # When it rises without a restart or rebalance: a sender sends again too soon or too often.
        self.repeats = Counter("codes_repeats", "Requests that the ledger had already.", registry=self.registry)
        # When it rises: a sender names a reply topic that CODES_TOPICS__REPLY_ALLOWED lacks.
        self.replies_refused = Counter("codes_replies_refused", "Reply topics not allowed.", registry=self.registry)

        _from_zero(self.records, (*get_args(Outcome), REJECTED))
        _from_zero(self.refusals, get_args(RefusalReason))
        _from_zero(self.dead_letters, get_args(DeadLetterReason))

    def _declare_batches(self) -> None:
        # When it stays at CODES_WORKER__BATCH_SIZE_MAX: the process is behind; add replicas or partitions.
        self.batch_records = Histogram(
            "codes_batch_records", "Records in a batch.", buckets=RECORDS, registry=self.registry
        )
        # When gather or apply slow down: look at MongoDB. emit: at Kafka. decode or plan: at the CPU.
        self.step_seconds = Histogram(
            "codes_batch_step_seconds",
            "Time of one step of a batch.",
            ["step"],
            buckets=SECONDS,
            registry=self.registry,
        )
        # When it exceeds a few in a hundred batches: too many partitions want the same small stock. Import
        # more codes, or lower CODES_MONGO__TRANSACTIONS_MAX.
        self.conflicts = Counter("codes_conflicts", "Stale plans, made anew.", ["topic"], registry=self.registry)
        # When it rises: the part is away or slow; the log says how it fails.
        self.waits = Counter("codes_waits", "Tries that a part did not answer.", ["part"], registry=self.registry)
        # When it is 1 for minutes: bring that part back. Nothing is lost meanwhile, but nothing moves.
        self.part_away = Gauge("codes_part_away", "1 while a part does not answer.", ["part"], registry=self.registry)

        _from_zero(self.step_seconds, get_args(Step))
        _from_zero(self.waits, get_args(Part))
        _from_zero(self.part_away, get_args(Part))

    def _declare_partitions(self) -> None:
        # When it rises without a deployment: processes die, or are silent for longer than
        # CODES_KAFKA__SESSION_TIMEOUT_MS; look at their restarts and their CPU.
        self.rebalances = Counter(
            "codes_rebalances", "Times that partitions were given out anew.", registry=self.registry
        )
        # When it rises without a rebalance: a process was frozen, or a transaction outlived
        # CODES_KAFKA__TRANSACTION_TIMEOUT_MS. Nothing is doubled by it.
        self.fenced = Counter("codes_fenced", "Partitions lost in mid-work.", ["topic"], registry=self.registry)
        # When the sum over all replicas is below the topic's partitions: too few processes are ready.
        self.partitions_assigned = Gauge(
            "codes_partitions_assigned", "Partitions served here.", ["topic"], registry=self.registry
        )
        # When it is a minute old: the loop hangs. /live fails then, and the orchestrator starts the process anew.
        self.last_turn = Gauge(
            "codes_last_turn_timestamp_seconds",
            "When a loop last went round.",
            ["topic", "partition"],
            registry=self.registry,
        )

    def _declare_roles(self) -> None:
        # When it stands still while codes_oldest_overdue_seconds rises: the expirer does not reach Kafka.
        self.expiries_asked = Counter(
            "codes_expiries_asked", "Releases the expirer asked for.", registry=self.registry
        )
        # When it exceeds a minute: workers are behind on release.requests.v1, or MongoDB is slow.
        self.oldest_overdue = Gauge(
            "codes_oldest_overdue_seconds", "Time since the oldest hold should have ended.", registry=self.registry
        )
        # When it stands still while an import runs: look at codes_part_away, s3 and mongo.
        self.import_rows = Counter("codes_import_rows", "Rows that imports wrote.", registry=self.registry)
        # When `failed` rises: the end event on imports.v1 says why.
        self.imports_ended = Counter("codes_imports_ended", "Imports that ended.", ["state"], registry=self.registry)
        # When more than a few in a thousand exceed 0.2: something computes on the loop, or the CPU is short.
        # Heartbeats wait as long; near CODES_KAFKA__SESSION_TIMEOUT_MS the group gives the partitions away.
        self.loop_lag = Histogram(
            "codes_event_loop_lag_seconds",
            "How late the event loop ran what was due.",
            buckets=LAG_SECONDS,
            registry=self.registry,
        )
        # When replicas differ in it for long: a roll-out is stuck.
        self.build = Info("codes_build", "What runs here.", registry=self.registry)

        _from_zero(self.imports_ended, ENDS)
        self.build.info({"version": service_version(), "python": platform.python_version()})


def _from_zero(metric: Counter | Gauge | Histogram, values: Iterable[str]) -> None:
    """Known labels exist before they move: a rate over a series that begins at 1 misses that 1."""
    for value in values:
        metric.labels(value)
