"""Fills a reference database before a run: available codes, held reservations, the shards of the partitions.

In:   a scene's settings.
Out:  documents in the database.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from benchmarks.load import Load, Record, records
from benchmarks.reference.documents import Document, code, code_id, draw_of, reservation, shard
from benchmarks.reference.model import Collection, connect, create, reference
from ops.settings.load import Settings

INSERT_SIZE: Final = 1_000
"""Documents of one insert: the embedded server must write them before its time-out."""


async def fill_codes(settings: Settings, stocks: Mapping[str, int]) -> None:
    """So many available codes for each campaign."""
    client = connect(settings)
    db = reference(client, settings)
    await create(db)
    for campaign_id, count in stocks.items():
        await insert(db["codes"], (code(campaign_id, code_name(number)) for number in range(count)))
    client.close()


async def fill_holds(settings: Settings, load: Load) -> None:
    """A held reservation for each reserve of a load, as if it had been served."""
    client = connect(settings)
    db = reference(client, settings)
    await create(db)
    await insert(db["codes"], (code(held.campaign_id, held.reservation_id, "reserved") for held in records(load)))
    await insert(db["reservations"], map(hold, records(load)))
    client.close()


async def fill_shards(settings: Settings, load: Load) -> None:
    """The shards that a load's partitions write; each has its own."""
    client = connect(settings)
    db = reference(client, settings)
    await create(db)
    wanted = {(held.campaign_id, f"{held.topic}.{held.partition}") for held in records(load)}
    for campaign_id, name in sorted(wanted):
        document = shard(campaign_id, name, 0, 0)
        await db["inventory"].replace_one({"_id": document["_id"]}, document, upsert=True)
    client.close()


async def insert(collection: Collection, documents: Iterable[Document]) -> None:
    """Insert all, some at a time."""
    rest: Iterator[Document] = iter(documents)
    while part := list(islice(rest, INSERT_SIZE)):
        await collection.insert_many(part, ordered=False)


def code_name(number: int) -> str:
    """The value of a code."""
    return f"SECRET-{number:08d}"


def hold(held: Record) -> Document:
    """The reservation of a served reserve."""
    return reservation(
        held.reservation_id, held.campaign_id, held.fan_id, code_id(held.campaign_id, held.reservation_id)
    )


def in_draw_order(campaign_id: str, count: int) -> list[str]:
    """The ids of a campaign's codes as the stock's index lists them: neighbours share pages of the index."""
    return sorted((code_id(campaign_id, code_name(number)) for number in range(count)), key=draw_of)
