"""Every campaign's shards against its codes, and where that is wanted, the correction or all counts told to others.

In:       campaigns, or all of them.
Out:      a `Report`.
Promise:  without `repair` or `retell` nothing is written. With one, Kafka is reached before anything is written, and
          what was written by an errand that died before it told so is told by the next one of its kind.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final, TypeVar

from audit.reconcile.hearing import heard_by_readers
from consumers.loop.retry import step_aside
from handlers.inventory.reconcile import CampaignSnapshot as Books
from handlers.inventory.reconcile import Line, drifting, lines_of, shards_to_publish, shards_to_renumber
from handlers.inventory.republish import shards_to_republish
from handlers.shards import inventory_event
from ops.broker.client import client_options
from ops.broker.reading import kafka_errors, partitions_of
from ops.settings.load import Settings
from producers.emitters import idempotent_producer
from producers.envelope import inventory_record
from producers.sending import send_all
from schemas.documents import InventoryDocument
from schemas.errors import CodeServiceError, FactsStale
from schemas.stock import CampaignStock
from schemas.topics import INVENTORY, Topics
from stores.mongo.collections import open_collections
from stores.mongo.reconcile import Reconciliation

PATIENCE_S: Final = 60.0
"""How long a conflict is tried again; no try is cut short by it. Longer than a killed repair is in the way."""
TRIES_MIN: Final = 3
"""However long they take: a count that the server ended after its transaction lifetime (60 s by default) has used up
all patience by then, and another one may be in time when the server is less busy, or the cache is warm."""

T = TypeVar("T")
Tell = Callable[[Sequence[InventoryDocument]], Awaitable[None]]


class SnapshotLost(CodeServiceError):
    """MongoDB ended the count of a campaign, or others were faster all the time. The campaign was not corrected.

    Run it again; if it fails again, raise MongoDB's `transactionLifetimeLimitSeconds` (60 by default) above the time
    that it takes to count the campaign.
    """


@dataclass(slots=True)
class Report:
    """What was found."""

    campaigns: int = 0
    codes: int = 0
    unknown: list[str] = field(default_factory=list)
    """Campaigns asked for that have neither shards nor codes."""
    lines: list[Line] = field(default_factory=list)
    """Those that drift, or all; as they were found."""
    drift: int = 0
    """Codes that the shards say too much or too little, as they were found."""
    remaining: int = 0
    """The same, after a repair; without one, as they were found."""
    retold: int = 0
    """Shards told anew."""
    inconsistent: int | None = None
    """Reservations and codes that disagree; None: nobody asked."""

    def add(self, found: Books, left: Books, *, keep_all: bool, retold: int = 0) -> None:
        """Enter one campaign, as it was found and as it was left."""
        if not found.shards and not found.codes and not retold:
            self.unknown.append(found.campaign_id)
            return
        self.retold += retold
        self.campaigns += 1
        self.codes += sum(found.codes.values())
        self.lines += lines_of(found) if keep_all else drifting(found)
        self.drift += size_of(drifting(found))
        self.remaining += size_of(drifting(left))


async def reconcile(
    settings: Settings, campaigns: Sequence[str], *, repair: bool, retell: bool, keep_all: bool
) -> Report:
    """Compare these campaigns, or all if there are none; one at a time, each in a snapshot of its own.

    What readers know is read before any campaign: a shard that they know then and the database does not is one that
    the database forgot, not one that has just begun.

    Raises:
        StoreUnavailable, SnapshotLost: MongoDB gave no answer, or not in time.
        TopicMissing, BrokerUnavailable, KafkaRefused: only with `repair` or `retell`; what was written by then is
            told by the next one.
    """
    report = Report()
    heard = await heard_by_readers(settings) if retell else {}
    async with (
        telling(settings) if repair or retell else nullcontext() as tell,
        open_collections(settings.mongo) as collections,
    ):
        books = Reconciliation(collections)
        async for campaign_id in named(campaigns) if campaigns else every(books, heard):
            found = await books_of(campaign_id, books)
            left = await repaired(found, books) if repair else found
            anew = await all_renumbered(left, heard.get(campaign_id), books) if retell else ()
            if tell is not None:
                await tell(anew if retell else shards_to_publish(left))
            report.add(found, left, keep_all=keep_all, retold=len(anew))
    return report


async def books_of(campaign_id: str, books: Reconciliation) -> Books:
    """One campaign at one time. Raises SnapshotLost."""
    return await patiently(lambda: books.snapshot_of(campaign_id), campaign_id)


async def repaired(found: Books, books: Reconciliation) -> Books:
    """The campaign without drift: new versions for what may have been told otherwise, then a correction.

    In this order, so that a crash between leaves the drift to be found again.
    """
    if not drifting(found):
        return found
    now = datetime.now(UTC)
    for shard in shards_to_renumber(found):
        await renumber(shard, books, now=now)
    return await patiently(lambda: books.correct(found.campaign_id, now=now), found.campaign_id)


async def all_renumbered(
    left: Books, heard: CampaignStock | None, books: Reconciliation
) -> Sequence[InventoryDocument]:
    """Every shard of a campaign under a version that no reader has heard, in the order to tell them."""
    now = datetime.now(UTC)
    found = shards_to_republish(left.campaign_id, left.shards, heard, now=now)
    return [await renumber(one.shard, books, above=one.published.version, now=now) for one in found]


async def renumber(
    shard: InventoryDocument, books: Reconciliation, *, above: int = 0, now: datetime
) -> InventoryDocument:
    """See `Reconciliation.renumber`. Raises SnapshotLost if its partition moves it all the time."""
    return await patiently(lambda: books.renumber(shard, above=above, now=now), shard.campaign_id)


@asynccontextmanager
async def telling(settings: Settings) -> AsyncIterator[Tell]:
    """A way to `inventory.v1`; the broker has what was told when the call returns."""
    topics = Topics(settings.topics.prefix)
    await partitions_of(settings, [topics.full(INVENTORY)])
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:

            async def tell(shards: Sequence[InventoryDocument]) -> None:
                await send_all(producer, [inventory_record(inventory_event(shard), topics) for shard in shards])

            yield tell


async def patiently(work: Callable[[], Awaitable[T]], campaign_id: str) -> T:
    """Do it again while others are in the way. Raises SnapshotLost if they are for too long."""
    began_s, attempt = monotonic(), 0
    while True:
        try:
            return await work()
        except FactsStale as why:
            seconds, tries = monotonic() - began_s, attempt + 1
            if seconds > PATIENCE_S and tries >= TRIES_MIN:
                last_word = f"not in {tries} tries and {seconds:.0f} s, at last {why}"
                raise SnapshotLost(f"campaign {campaign_id}: {last_word}") from None
        await step_aside(attempt)
        attempt += 1


async def every(books: Reconciliation, heard: Iterable[str]) -> AsyncIterator[str]:
    """All campaigns of the database, then those that only readers know."""
    rest = dict.fromkeys(heard)
    async for campaign_id in books.campaigns():
        rest.pop(campaign_id, None)
        yield campaign_id
    for campaign_id in rest:
        yield campaign_id


async def named(campaigns: Sequence[str]) -> AsyncIterator[str]:
    """The campaigns asked for, each once."""
    for campaign_id in dict.fromkeys(campaigns):
        yield campaign_id


def size_of(lines: Sequence[Line]) -> int:
    """Codes that are counted wrongly."""
    return sum(abs(line.drift) for line in lines)
