"""A history's records as an outsider reads them at the end, and records as a sender writes them.

In:       the cluster.
Out:      `put`, `put_unreadable`, which write without a client; `inputs`, `outputs`, `committed` for a `History`;
          `is_settled`.
Promise:  what is read is what a `read_committed` reader gets. Nothing here takes time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from tests.checking.history import INPUTS, Logged
from tests.simulation.kafka.cluster import Cluster, Partition
from tests.simulation.kafka.log import Batch, Damage, Draft, StoredRecord

Headers = tuple[tuple[str, bytes | None], ...]
PARTITIONER: Final = DefaultPartitioner()


def put(
    cluster: Cluster,
    topic: str,
    value: bytes | None,
    key: bytes,
    *,
    headers: Headers = (),
    partition: int | None = None,
) -> TopicPartition:
    """Write a record as a sender with a plain producer would; the key decides the partition unless it is given.

    Raises:
        KafkaError: as `Cluster.append`.
    """
    numbers = list(range(len(cluster.topics[topic].partitions)))
    number = PARTITIONER(key, numbers, numbers) if partition is None else partition
    place = TopicPartition(topic, number)
    leader = max(cluster.leader(place), 1)
    cluster.append(place, Draft((StoredRecord(key, value, headers, cluster.clock_ms(leader)),)))
    return place


def put_unreadable(cluster: Cluster, place: TopicPartition, damage: Damage, records: int = 1) -> None:
    """Write a batch of so many records that no reader can take apart."""
    at_ms = cluster.clock_ms(max(cluster.leader(place), 1))
    cluster.append(place, Draft((StoredRecord(None, None, (), at_ms),) * records, damage=damage))


def inputs(cluster: Cluster, prefix: str) -> list[Logged]:
    """All records of the input topics."""
    return list(logged(cluster, prefix, [prefix + name for name in INPUTS]))


def outputs(cluster: Cluster, prefix: str) -> list[Logged]:
    """All committed records of the other topics with this prefix."""
    known = {prefix + name for name in INPUTS}
    return list(logged(cluster, prefix, [name for name in cluster.topics if name not in known]))


def outputs_after(cluster: Cluster, prefix: str, read_to: dict[tuple[str, int], int]) -> Iterator[Logged]:
    """The same from each partition's offset in `read_to` on, which moves."""
    known = {prefix + name for name in INPUTS}
    for name in [name for name in cluster.topics if name.startswith(prefix) and name not in known]:
        for number, partition in enumerate(cluster.topics[name].partitions):
            start, stable = read_to.get((name, number), 0), partition.log.last_stable
            if start < stable:
                read_to[name, number] = stable
                yield from committed_records(name.removeprefix(prefix), number, partition, start)


def committed(cluster: Cluster, prefix: str, group_prefix: str) -> dict[tuple[str, str, int], int]:
    """Committed offsets by group, topic and partition, without the prefixes."""
    return {
        (name.removeprefix(group_prefix), place.topic.removeprefix(prefix), place.partition): offset
        for name, group in cluster.groups.by_name.items()
        for place, offset in group.offsets.items()
    }


def is_settled(cluster: Cluster, reads: Iterable[tuple[str, str]]) -> bool:
    """Whether no transaction is open, and each of these groups has read its topic up to the last record."""
    if any(found.is_prepared or found.state == "ongoing" for found in cluster.transactions.by_id.values()):
        return False
    return all(is_read(cluster, group, topic) for group, topic in reads)


def is_read(cluster: Cluster, group: str, topic: str) -> bool:
    """Whether the group has committed offsets behind every record of the topic."""
    offsets = cluster.groups.get(group).offsets
    return all(
        offsets.get(TopicPartition(topic, number), 0) >= last_record(part)
        for number, part in enumerate(cluster.topics[topic].partitions)
    )


def last_record(partition: Partition) -> int:
    """The offset behind the last record that is not a marker."""
    return next((batch.next_offset for batch in reversed(partition.log.batches) if not batch.is_marker), 0)


def logged(cluster: Cluster, prefix: str, topics: Sequence[str]) -> Iterator[Logged]:
    """Committed records in the order of each partition."""
    for name in topics:
        for number, partition in enumerate(cluster.topics[name].partitions):
            yield from committed_records(name.removeprefix(prefix), number, partition, 0)


def committed_records(topic: str, number: int, partition: Partition, start: int) -> Iterator[Logged]:
    """A partition's committed records from an offset on."""
    for batch in partition.log.read(start, partition.log.last_stable, 1 << 60):
        if not batch.is_marker and not batch.is_aborted:
            yield from records_of(topic, number, batch, partition)


def records_of(topic: str, number: int, batch: Batch, partition: Partition) -> Iterator[Logged]:
    """A batch's records; an unreadable one is one record, whose value is the whole batch."""
    at = bisect_right(partition.stable_since, (batch.base, float("inf")))
    seen_s = partition.stable_since[at][1] if at < len(partition.stable_since) else None
    if batch.unreadable is not None:
        stamp = batch.timestamp_of(batch.records[0])
        content = batch.unreadable.content
        yield Logged(topic, number, batch.next_offset - 1, stamp, None, content, seen_s=seen_s)
        return
    for position, (key, value, headers, _) in enumerate(batch.records):
        stamp = batch.timestamp_of(batch.records[position])
        kept = tuple((name, content or b"") for name, content in headers)
        yield Logged(topic, number, batch.base + position, stamp, key, value, kept, seen_s)
