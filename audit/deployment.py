"""An audit of a running deployment, of whatever size: read into tables on disk, record by record.

In:       settings, what is asked about, logs.
Out:      `AuditReport`.
Promise:  memory does not grow with the deployment. While the service works, what moved after the reading began is
          not compared; a campaign whose counts seem to differ is counted once more, in one snapshot.
"""

from collections.abc import Mapping, Sequence
from time import time
from typing import Final

from audit.audit import judged
from audit.counts import Counts, differing
from audit.intake import Intake, says_of
from audit.leaks import SECRET_FREE_COLLECTIONS, Secrets, leaks_of_text
from audit.reading import (
    IN_TOPICS,
    OUT_TOPICS,
    Committed,
    Scope,
    code_row,
    committed_offsets,
    ends_of,
    is_served,
    read_topics,
)
from audit.report import AuditReport
from audit.tables import Tables, on_disk
from audit.terms import CLOCKS_APART_MS, Terms
from handlers.inventory.reconcile import CampaignSnapshot as Books
from handlers.inventory.reconcile import sums
from ops.settings.load import Settings
from schemas.errors import FactsStale
from schemas.records import IncomingRecord
from schemas.topics import REQUEST_TOPICS
from stores.mongo.collections import Collections, open_collections
from stores.mongo.everything import documents, how_many
from stores.mongo.reconcile import Reconciliation

VALUES: Final = {"code": 1}
CODE: Final = {"campaign_id": 1, "code": 1, "code_type": 1, "status": 1, "imported_by": 1, "changed_at": 1}
WITHOUT_CAMPAIGN: Final = ("owners", "rejects", "cancellations")
CAMPAIGN_OF: Final = {"requests": "outcome.campaign_id"}
RECOUNT_MAX: Final = 1_000
"""Campaigns counted once more; where more differ, there is more to do than an audit can."""


async def audit_deployment(settings: Settings, scope: Scope, texts: Mapping[str, str]) -> AuditReport:
    """Read and judge.

    Raises:
        TopicMissing, BrokerUnavailable, KafkaRefused: see `ops.broker.reading`.
        StoreUnavailable: MongoDB gave no answer in time.
    """
    with on_disk() as tables:
        async with open_collections(settings.mongo) as collections:
            return await Audit(settings, scope, tables, collections).report(texts)


class Audit:
    """Lives for one report."""

    def __init__(self, settings: Settings, scope: Scope, tables: Tables, collections: Collections) -> None:
        self._settings = settings
        self._scope = scope
        self._tables = tables
        self._collections = collections
        self._read_from_ms = int(time() * 1000)

    async def report(self, texts: Mapping[str, str]) -> AuditReport:
        """Values first: they are looked for in all that follows. Then in the order that `reading` promises."""
        secrets = await self._secrets()
        intake = Intake(self._tables, secrets, let_go_since_ms=self._read_from_ms - CLOCKS_APART_MS)
        for place, content in texts.items():
            intake.text(list(leaks_of_text(secrets, place, content)))
        stretch = await self._topics(intake)
        await self._database(intake)
        terms = await self._terms(*stretch)
        self._tables.indexed()
        recounted, not_counted = ({}, ()) if terms.is_quiet else await self._recounted()
        return judged(self._tables, terms, secrets, intake.findings, recounted, not_counted)

    async def _secrets(self) -> Secrets:
        """Codes that are imported later are not looked for."""
        tables, codes = self._tables, self._collections.codes
        secrets = Secrets(find_id=tables.code_of, size=await how_many(codes))
        async for code in documents(codes, self._of_campaign("codes"), VALUES):
            secrets.add(code["code"])
            tables.add("known", (tables.digest(code["code"].encode()), code["_id"]))
        tables.flush()
        tables.index("known(value)")
        return secrets

    async def _topics(self, intake: Intake) -> tuple[dict[str, int], frozenset[str], bool]:
        """How far they reach back, which have lost a whole partition, and whether all was served."""
        committed = await committed_offsets(self._settings)
        take = Taking(intake, committed, self._scope)
        out = await read_topics(self._settings, OUT_TOPICS, self._scope, take)
        asked = await read_topics(self._settings, IN_TOPICS, self._scope, take, committed)
        since = {topic.name: max(self._scope.since_ms, asked.reach[topic.name]) for topic in REQUEST_TOPICS}
        self._ends = asked.ends
        return {**out.reach, **asked.reach, **since}, frozenset(out.emptied | asked.emptied), take.all_served

    async def _database(self, intake: Intake) -> None:
        """Codes first: a reservation that is read later may have moved them, and says so."""
        async for code in documents(self._collections.codes, self._of_campaign("codes"), CODE):
            intake.code(code_row(code), int(code["changed_at"].timestamp() * 1000))
        for collection in SECRET_FREE_COLLECTIONS:
            if self._scope.campaigns and collection in WITHOUT_CAMPAIGN:
                continue
            async for document in documents(getattr(self._collections, collection), self._of_campaign(collection)):
                intake.document(collection, document)

    async def _terms(self, reach: Mapping[str, int], emptied: frozenset[str], all_served: bool) -> Terms:
        return Terms(
            reach=reach,
            emptied=emptied,
            since_ms=self._scope.since_ms,
            until_ms=self._scope.until_ms,
            is_quiet=all_served and await ends_of(self._settings, IN_TOPICS) == self._ends,
            read_from_ms=self._read_from_ms,
            is_snapshot=False,
            guarantee=self._settings.processing_guarantee,
        )

    async def _recounted(self) -> tuple[dict[str, tuple[Counts, Counts]], Sequence[str]]:
        """Campaigns that seem to differ, each counted in one snapshot; and those that could not be counted so."""
        campaigns = sorted({shelf.campaign_id for shelf, _, _ in differing(self._tables, {})})
        books, found, not_counted = Reconciliation(self._collections), {}, campaigns[RECOUNT_MAX:]
        for campaign_id in campaigns[:RECOUNT_MAX]:
            try:
                found[campaign_id] = counts_of(await books.snapshot_of(campaign_id))
            except FactsStale:
                not_counted = [*not_counted, campaign_id]
        return found, not_counted

    def _of_campaign(self, collection: str) -> dict[str, object]:
        if not self._scope.campaigns:
            return {}
        return {CAMPAIGN_OF.get(collection, "campaign_id"): {"$in": sorted(self._scope.campaigns)}}


class Taking:
    """Takes records for an intake, those of the campaigns that are asked about."""

    def __init__(self, intake: Intake, committed: Committed, scope: Scope) -> None:
        self._intake = intake
        self._committed = committed
        self._campaigns = scope.campaigns
        self.all_served = True

    def __call__(self, topic: str, record: IncomingRecord) -> None:
        """One record."""
        served = topic not in IN_NAMES or is_served(self._committed, record)
        self.all_served = self.all_served and served
        says = says_of(record) if topic in IN_NAMES or self._campaigns else None
        if not self._campaigns or (says is not None and says.get("campaign_id") in self._campaigns):
            self._intake.record(topic, record, is_served=served, says=says)


IN_NAMES: Final = frozenset(topic.name for topic in IN_TOPICS)


def counts_of(books: Books) -> tuple[Counts, Counts]:
    """By codes and by shards."""
    return books.codes, sums([shard.model_dump() for shard in books.shards])
