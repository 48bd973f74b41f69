"""Compare every campaign's shards with its codes; on request, correct the shards or publish all counts again.

In:       campaigns, or all of them.
Out:      a `Report`.
Promise:  without `repair` or `retell` nothing is written. With either, Kafka is reached before anything is written,
          and what a killed command wrote and did not publish, the next command of its kind publishes.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final, TypeVar

from audit.reconcile.published import published_shards
from consumers.loop.retry import step_aside
from handlers.inventory.reconcile import (
    CampaignSnapshot,
    Line,
    drifting,
    lines_of,
    shards_to_publish,
    shards_to_renumber,
)
from handlers.inventory.republish import shards_to_republish
from handlers.shards import inventory_event
from ops.broker.client import client_options
from ops.broker.reading import kafka_errors, partitions_of
from ops.settings.load import Settings
from producers.emitters import EMIT_PATIENCE_S, idempotent_producer
from producers.envelope import inventory_record
from producers.sending import Unsent, deliver
from schemas.documents import InventoryDocument
from schemas.errors import BrokerUnavailable, CodeServiceError, FactsStale
from schemas.stock import CampaignStock
from schemas.topics import INVENTORY, Topics
from stores.mongo.closing import removed_campaigns
from stores.mongo.collections import open_collections
from stores.mongo.reconcile import Reconciliation

PATIENCE_S: Final = 60.0
"""How long a conflict is tried again; no try is cut short by it. Longer than a killed repair is in the way."""
TRIES_MIN: Final = 3
"""However long they take: a count that the server ended after its transaction lifetime (60 s by default) has used up
all patience by then, and another one may be in time when the server is less busy, or the cache is warm."""

T = TypeVar("T")
Publish = Callable[[Sequence[InventoryDocument]], Awaitable[None]]


class SnapshotLost(CodeServiceError):
    """MongoDB ended the count of a campaign, or others were faster all the time. The campaign was not corrected.

    Run it again; if it fails again, raise MongoDB's `transactionLifetimeLimitSeconds` (60 by default) above the time
    that it takes to count the campaign.
    """


class ShardsUnpublished(CodeServiceError):
    """`inventory.v1` did not take the counts. MongoDB may have been corrected already; readers have the old counts.

    If the topic was deleted, run `codes migrate`; otherwise check its limits and the rights of this user. Then run
    the same command again: it also publishes what this run did not.
    """


@dataclass(slots=True)
class Report:
    """What was found."""

    campaigns: int = 0
    codes: int = 0
    unknown: list[str] = field(default_factory=list)
    """Campaigns asked for that have neither shards nor codes."""
    removed: list[str] = field(default_factory=list)
    """Archived and purged campaigns, which are not counted."""
    lines: list[Line] = field(default_factory=list)
    """Those that drift, or all; as they were found."""
    drift: int = 0
    """Codes that the shards say too much or too little, as they were found."""
    remaining: int = 0
    """The same, after a repair; without one, as they were found."""
    retold: int = 0
    """Shards published again."""
    marked: int = 0
    """Available codes that partitions had walked past, and that a repair has marked."""
    inconsistent: int | None = None
    """Reservations and codes that disagree; None: nobody asked."""

    def add(self, found: CampaignSnapshot, left: CampaignSnapshot, *, keep_all: bool, retold: int = 0) -> None:
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

    What was published is read before any campaign: a shard that was published by then and is not in the database was
    deleted there, and has not just begun.

    Raises:
        StoreUnavailable, SnapshotLost: MongoDB gave no answer, or not in time.
        TopicMissing, BrokerUnavailable, KafkaRefused, ShardsUnpublished: only with `repair` or `retell`; the next run
            publishes what was written by then.
    """
    report = Report()
    published = await published_shards(settings) if retell else {}
    async with (
        publishing(settings) if repair or retell else nullcontext() as publish,
        open_collections(settings.mongo) as collections,
    ):
        store = Reconciliation(collections)
        removed = await removed_campaigns(collections)
        report.removed = [campaign_id for campaign_id in campaigns or sorted(removed) if campaign_id in removed]
        async for campaign_id in named(campaigns) if campaigns else every(store, published):
            if campaign_id in removed:
                continue  # its shards must not begin again, though readers may still have them
            found = await counted(campaign_id, store)
            left = await repaired(found, store) if repair else found
            report.marked += await store.mark_hidden(found) if repair else 0
            renumbered = await all_renumbered(left, published.get(campaign_id), store) if retell else ()
            if publish is not None:
                await publish(renumbered if retell else shards_to_publish(left))
            report.add(found, left, keep_all=keep_all, retold=len(renumbered))
    return report


async def counted(campaign_id: str, store: Reconciliation) -> CampaignSnapshot:
    """Count a campaign in one snapshot. Raises SnapshotLost."""
    return await patiently(lambda: store.snapshot_of(campaign_id), campaign_id)


async def repaired(found: CampaignSnapshot, store: Reconciliation) -> CampaignSnapshot:
    """The campaign without drift: new versions for what may have been published with other counts, then a correction.

    In this order, so that a crash between leaves the drift to be found again.
    """
    if not drifting(found):
        return found
    now = datetime.now(UTC)
    for shard in shards_to_renumber(found):
        await renumber(shard, store, now=now)
    return await patiently(lambda: store.correct(found.campaign_id, now=now), found.campaign_id)


async def all_renumbered(
    left: CampaignSnapshot, published: CampaignStock | None, store: Reconciliation
) -> Sequence[InventoryDocument]:
    """Every shard of a campaign under a version that was never published, in the order to publish them."""
    now = datetime.now(UTC)
    found = shards_to_republish(left.campaign_id, left.shards, published, now=now)
    return [await renumber(last.shard, store, above=last.published.version, now=now) for last in found]


async def renumber(
    shard: InventoryDocument, store: Reconciliation, *, above: int = 0, now: datetime
) -> InventoryDocument:
    """See `Reconciliation.renumber`. Raises SnapshotLost if its partition moves it all the time."""
    return await patiently(lambda: store.renumber(shard, above=above, now=now), shard.campaign_id)


@asynccontextmanager
async def publishing(settings: Settings, patience_s: float = EMIT_PATIENCE_S) -> AsyncIterator[Publish]:
    """A function that publishes shards to `inventory.v1`, and returns once the broker has acknowledged them.

    It raises ShardsUnpublished if the topic takes nothing for `patience_s`, BrokerUnavailable if no topic does.
    """
    topics = Topics(settings.topics.prefix)
    await partitions_of(settings, [topics.full(INVENTORY)])
    with kafka_errors(settings.kafka):
        async with idempotent_producer(client_options(settings.kafka)) as producer:

            async def publish(shards: Sequence[InventoryDocument]) -> None:
                records = [inventory_record(inventory_event(shard), topics) for shard in shards]
                try:
                    await deliver(producer, records, patience_s)
                except Unsent as why:
                    error = ShardsUnpublished if why.topics else BrokerUnavailable
                    raise error(f"Kafka at {settings.kafka.bootstrap_servers}: {why}") from None

            yield publish


async def patiently(work: Callable[[], Awaitable[T]], campaign_id: str) -> T:
    """Do it again while others are in the way. Raises SnapshotLost if they are for too long."""
    began_s, attempt = monotonic(), 0
    while True:
        try:
            return await work()
        except FactsStale as why:
            seconds, tries = monotonic() - began_s, attempt + 1
            if seconds > PATIENCE_S and tries >= TRIES_MIN:
                reason = f"not in {tries} tries and {seconds:.0f} s, the last error was {why}"
                raise SnapshotLost(f"campaign {campaign_id}: {reason}") from None
        await step_aside(attempt)
        attempt += 1


async def every(store: Reconciliation, published: Iterable[str]) -> AsyncIterator[str]:
    """All campaigns of the database, then those that only readers know."""
    rest = dict.fromkeys(published)
    async for campaign_id in store.campaigns():
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
