"""The transaction coordinator: producer ids and epochs, and transactions from their first record to their markers.

In:       requests of producers; time.
Out:      ids, and markers on every partition and group that a transaction has touched. An error of Kafka otherwise.
Promise:  a newer epoch fences every older one. A transaction that is prepared is completed, however late.

The protocol is the one that aiokafka speaks: transactions of version 1, with partitions verified at their leaders.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from aiokafka import TopicPartition
from aiokafka.errors import (
    ConcurrentTransactions,
    InvalidProducerEpoch,
    InvalidProducerIdMapping,
    InvalidTxnState,
    NotEnoughReplicasError,
)

from tests.simulation.kafka.log import check

if TYPE_CHECKING:
    from tests.simulation.kafka.cluster import Cluster

MARKERS_S: Final = (0.0005, 0.01)
"""From the end of a transaction to its markers, shortest and longest."""
RETRY_S: Final = 0.1
"""Until a partition without a leader is tried again."""
TIMED_OUT_EVERY_S: Final = 10.0
"""A transaction that has timed out is found within this time."""

State = Literal["empty", "ongoing", "prepare_commit", "prepare_abort", "complete_commit", "complete_abort"]


@dataclass(eq=False, slots=True)
class Transaction:
    """What a transactional id is at."""

    transactional_id: str
    producer_id: int
    epoch: int
    timeout_s: float
    state: State = "empty"
    partitions: dict[TopicPartition, None] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    began_s: float = 0.0
    is_watched: bool = False
    """Whether a timer runs that looks for its time-out."""
    serial: int = 0
    """Of its transactions, which one: markers that come late are known by it."""

    @property
    def is_prepared(self) -> bool:
        """Whether its markers are on their way."""
        return self.state in {"prepare_commit", "prepare_abort"}


class Transactions:
    """All transactional ids of a cluster; which broker coordinates which is the cluster's business."""

    def __init__(self, cluster: "Cluster") -> None:
        self._cluster = cluster
        self._producer_ids = 1000
        self.by_id: dict[str, Transaction] = {}
        self.markers_late_s = 0.0
        """Added to the time that markers take."""
        self.loses_markers = False
        """KAFKA-20734: a marker for a partition without a leader is never written."""

    def init_producer_id(self, transactional_id: str | None, timeout_s: float) -> tuple[int, int]:
        """Producer id and epoch; what an earlier producer with this transactional id has open is aborted.

        Raises:
            ConcurrentTransactions: the earlier transaction has not ended yet.
        """
        if transactional_id is None:
            return self._new_producer_id(), 0
        found = self.by_id.get(transactional_id)
        if found is None:
            found = Transaction(transactional_id, self._new_producer_id(), -1, timeout_s)
            self.by_id[transactional_id] = found
        if found.state == "ongoing":
            self._fence(found)
        check(not found.is_prepared, ConcurrentTransactions)
        found.epoch += 1
        found.state, found.timeout_s = "empty", timeout_s
        return found.producer_id, found.epoch

    def add_partitions(
        self, transactional_id: str, producer_id: int, epoch: int, partitions: Iterable[TopicPartition]
    ) -> None:
        """The transaction writes to these from now on.

        Raises:
            InvalidProducerIdMapping, InvalidProducerEpoch, ConcurrentTransactions: as a broker.
        """
        self._ongoing(transactional_id, producer_id, epoch).partitions.update(dict.fromkeys(sorted(partitions)))

    def add_group(self, transactional_id: str, producer_id: int, epoch: int, group: str) -> None:
        """The transaction commits offsets of this group; errors as `add_partitions`."""
        self._ongoing(transactional_id, producer_id, epoch).groups[group] = None

    def end(self, transactional_id: str, producer_id: int, epoch: int, *, is_commit: bool) -> None:
        """Decide a transaction; the markers follow.

        Raises:
            InvalidTxnState: there is none, or it has ended otherwise.
            InvalidProducerIdMapping, InvalidProducerEpoch, ConcurrentTransactions: as a broker.
        """
        found = self._current(transactional_id, producer_id, epoch)
        wanted = "commit" if is_commit else "abort"
        if found.state == "ongoing":
            self._prepare(found, is_commit=is_commit)
        elif found.state == f"prepare_{wanted}":
            raise ConcurrentTransactions
        else:
            check(found.state == f"complete_{wanted}", InvalidTxnState)

    def verify(self, transactional_id: str, producer_id: int, epoch: int, written_to: TopicPartition | str) -> None:
        """Whether a partition, or a group's offsets, may be written to: a leader asks before the first record.

        Raises:
            InvalidTxnState: no transaction that includes it is open.
            InvalidProducerIdMapping, InvalidProducerEpoch, NotEnoughReplicasError: as a broker.
        """
        found = self._current(transactional_id, producer_id, epoch)
        check(not found.is_prepared, NotEnoughReplicasError)
        known = found.groups if isinstance(written_to, str) else found.partitions
        check(found.state == "ongoing" and written_to in known, InvalidTxnState)

    def _new_producer_id(self) -> int:
        self._producer_ids += 1
        return self._producer_ids

    def _current(self, transactional_id: str, producer_id: int, epoch: int) -> Transaction:
        found = self.by_id.get(transactional_id)
        if found is None or found.producer_id != producer_id:
            raise InvalidProducerIdMapping
        check(found.epoch == epoch, InvalidProducerEpoch)
        return found

    def _ongoing(self, transactional_id: str, producer_id: int, epoch: int) -> Transaction:
        found = self._current(transactional_id, producer_id, epoch)
        check(not found.is_prepared, ConcurrentTransactions)
        if found.state != "ongoing":
            found.state, found.began_s = "ongoing", self._cluster.now_s()
            found.serial += 1
            found.partitions, found.groups = {}, {}
            self._watch(found)
        return found

    def _watch(self, found: Transaction) -> None:
        if not found.is_watched:
            found.is_watched = True
            longest_s = found.timeout_s + self._cluster.random.uniform(0, TIMED_OUT_EVERY_S)
            self._cluster.later(longest_s, partial(self._look, found, found.serial))

    def _look(self, found: Transaction, serial: int) -> None:
        found.is_watched = False
        if not self._cluster.works("transaction", found.transactional_id):
            found.is_watched = True
            self._cluster.later(RETRY_S, partial(self._look, found, serial))
        elif found.state == "ongoing" and found.serial == serial:
            self._fence(found)
        elif found.state == "ongoing":
            self._watch(found)

    def _fence(self, found: Transaction) -> None:
        found.epoch += 1
        self._prepare(found, is_commit=False)

    def _prepare(self, found: Transaction, *, is_commit: bool) -> None:
        found.state = "prepare_commit" if is_commit else "prepare_abort"
        serial = found.serial
        by_leader: dict[int, list[TopicPartition | str]] = {}
        for partition in found.partitions:
            by_leader.setdefault(self._cluster.leader(partition), []).append(partition)
        for group in found.groups:
            by_leader.setdefault(self._cluster.coordinator("group", group), []).append(group)
        left = {place: None for places in by_leader.values() for place in places}
        for places in by_leader.values():
            late_s = self.markers_late_s + self._cluster.random.uniform(*MARKERS_S)
            self._cluster.later(late_s, partial(self._write_markers, found, serial, places, left))
        if not left:
            self._complete(found)

    def _write_markers(
        self,
        found: Transaction,
        serial: int,
        places: list[TopicPartition | str],
        left: dict[TopicPartition | str, None],
    ) -> None:
        late = []
        for place in places:
            if self._cluster.works("transaction", found.transactional_id) and self._write_marker(found, place):
                del left[place]
            else:
                late.append(place)
        if late:
            self._cluster.later(RETRY_S, partial(self._write_markers, found, serial, late, left))
        if not left and found.serial == serial:
            self._complete(found)

    def _write_marker(self, found: Transaction, place: TopicPartition | str) -> bool:
        """Whether the place is done with."""
        is_commit = found.state == "prepare_commit"
        if isinstance(place, str):
            if not self._cluster.works("group", place):
                return False
            self._cluster.groups.get(place).end_transaction(found.producer_id, is_commit=is_commit)
            return True
        if not self._cluster.is_available(self._cluster.leader(place)):
            return self.loses_markers
        self._cluster.write_marker(place, found.producer_id, found.epoch, is_commit=is_commit)
        return True

    @staticmethod
    def _complete(found: Transaction) -> None:
        if found.is_prepared:
            found.state = "complete_commit" if found.state == "prepare_commit" else "complete_abort"
