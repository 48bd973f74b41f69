"""The statements of a batch of the limit: one transaction with the writes of the service's first model.

In:       the items of a batch, prepared (`ready.py`), and the input partition that they come from.
Out:      MongoDB's writes: ledger, codes, reservations, the partition's shard. Then Kafka's records and offset.
Promise:  these statements stay as they are when the service's change.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer, TopicPartition
from motor.motor_asyncio import AsyncIOMotorClientSession
from pymongo import UpdateOne

from benchmarks.load import Kind
from benchmarks.reference.documents import CODE_TYPE, FILLED_BY, Document
from benchmarks.reference.model import Database
from benchmarks.reference.ready import Output, Ready, as_json, headers
from schemas.topics import INVENTORY, Topics


class Move(NamedTuple):
    """How a kind of request changes its code, its reservation and the counts."""

    before: str
    after: str
    state: str | None
    """Of the reservation, if it exists before."""


MOVES: Final = {
    Kind.RESERVE: Move("available", "reserved", None),
    Kind.ASSIGN: Move("reserved", "assigned", "assigned"),
    Kind.RELEASE: Move("reserved", "available", "released"),
}


class Batch(NamedTuple):
    """Requests of one input partition."""

    kind: Kind
    campaign_id: str
    shard: str
    version: int
    """Of the shard, before."""
    items: Sequence[Ready]

    @property
    def new(self) -> list[Ready]:
        """Without repeats."""
        return [item for item in self.items if item.entry is not None]


async def write(db: Database, batch: Batch, session: AsyncIOMotorClientSession) -> None:
    """One transaction.

    Raises:
        RuntimeError: a code or a reservation was not as prepared, so that the figures would be wrong.
    """
    now = {"moved_by": f"{batch.shard}@{batch.version}", "changed_at": datetime.now(UTC)}
    async with session.start_transaction():
        entries = [item.entry for item in batch.items if item.entry is not None]
        await db["requests"].insert_many(entries, ordered=False, session=session)
        await move_codes(db, batch, now, session)
        await move_reservations(db, batch, now, session)
        guard = {"_id": f"{batch.campaign_id}:{CODE_TYPE}:{batch.shard}", "version": batch.version}
        await db["inventory"].bulk_write(
            [UpdateOne(guard, {"$set": counts_after(batch)})], ordered=False, session=session
        )


async def move_codes(db: Database, batch: Batch, now: Document, session: AsyncIOMotorClientSession) -> None:
    """Guarded by status, and by the holder where there is one."""
    move = MOVES[batch.kind]
    guard: Document = {"_id": {"$in": [item.code_id for item in batch.new]}, "status": move.before}
    guard |= {"moved_by": {"$in": [FILLED_BY]}} if move.state else {}
    done = await db["codes"].update_many(guard, {"$set": {"status": move.after, **now}}, session=session)
    check(done.matched_count, len(batch.new))


async def move_reservations(db: Database, batch: Batch, now: Document, session: AsyncIOMotorClientSession) -> None:
    """Insert those of reserves; end the others."""
    state = MOVES[batch.kind].state
    if state is None:
        opened = [item.reservation for item in batch.items if item.reservation is not None]
        await db["reservations"].insert_many(opened, ordered=False, session=session)
        return
    guard = {"_id": {"$in": [item.reservation_id for item in batch.new]}, "state": "held"}
    done = await db["reservations"].update_many(guard, {"$set": {"state": state, **now}}, session=session)
    check(done.matched_count, len(batch.new))


def check(matched: int, expected: int) -> None:
    """Raises RuntimeError if they differ."""
    if matched != expected:
        raise RuntimeError(f"the limit moved {matched} of {expected} documents")


def counts_after(batch: Batch) -> Document:
    """The shard's fields; a batch's size stands for running totals."""
    move, count = MOVES[batch.kind], len(batch.new)
    counts = {"available": 0, "reserved": 0, "assigned": 0, move.before: -count} | {move.after: count}
    return {
        "campaign_id": batch.campaign_id,
        "code_type": CODE_TYPE,
        "shard": batch.shard,
        "version": batch.version + 1,
        **counts,
        "cause": str(batch.kind),
        "changed_at": datetime.now(UTC),
    }


async def send(
    producer: AIOKafkaProducer, batch: Batch, topics: Topics, source: TopicPartition, offset: int, group: str
) -> None:
    """One Kafka transaction: all outputs, and the offset behind the batch."""
    async with producer.transaction():
        outputs = chain(*(item.outputs for item in batch.items), [inventory(batch)])
        sent = [await hand_over(producer, topics, output) for output in outputs]
        await asyncio.gather(*sent)
        await producer.send_offsets_to_transaction({source: offset}, group)


async def hand_over(producer: AIOKafkaProducer, topics: Topics, output: Output) -> asyncio.Future[Any]:
    """One record to the client."""
    future: asyncio.Future[Any] = await producer.send(
        topics.prefix + output.topic, value=output.value, key=output.key, headers=output.headers
    )
    return future


def inventory(batch: Batch) -> Output:
    """The inventory event of a batch."""
    value = as_json(counts_after(batch))
    subject = f"{batch.campaign_id}:{batch.shard}@{batch.version}"
    return Output(INVENTORY.name, batch.campaign_id.encode(), value, headers("inventory", subject, datetime.now(UTC)))
