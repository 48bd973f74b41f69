"""An audit of a running deployment of any size: read into tables on disk, record by record.

In:       settings, the scope, logs.
Out:      `AuditReport`.
Promise:  memory does not grow with the deployment. While the service works, what moved after the reading began is
          not compared; a campaign whose counts seem to differ is counted once more, in one snapshot.
"""

from collections.abc import Callable, Mapping, Sequence
from time import time
from typing import Final

from audit.audit import judged
from audit.code_search import Secrets
from audit.counts import Counts, differing
from audit.intake import Intake
from audit.leaks import SECRET_FREE_COLLECTIONS, leaks_of_text
from audit.report import AuditReport
from audit.tables import Tables, on_disk
from audit.terms import CLOCKS_APART_MS, Terms
from audit.topics import (
    IN_TOPICS,
    Committed,
    Coverage,
    Scope,
    committed_offsets,
    in_topic_ends,
    is_served,
    read_in_topics,
    read_out_topics,
)
from handlers.inventory.reconcile import CampaignSnapshot, sums
from ops.broker.records import Fields, fields_behind_prefix, fields_of
from ops.settings.load import Settings
from schemas.errors import FactsStale
from schemas.records import IncomingRecord
from schemas.topics import REQUEST_TOPICS
from stores.mongo.closing import removed_campaigns
from stores.mongo.collections import Collections, open_collections
from stores.mongo.everything import documents, how_many
from stores.mongo.reconcile import Reconciliation

VALUES: Final = {"code": 1}
CODE: Final = {"campaign_id": 1, "code": 1, "code_type": 1, "status": 1, "imported_by": 1, "changed_at": 1}
WITHOUT_CAMPAIGN: Final = ("owners", "rejects", "cancellations")
CAMPAIGN_OF: Final = {"requests": "outcome.campaign_id"}
RECOUNT_MAX: Final = 1_000
"""Campaigns counted once more; if more differ, the cause is not that they moved."""


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
        self._removed: frozenset[str] = frozenset()
        """Campaigns that were archived or purged: topics still have what the database has no more."""

    async def report(self, texts: Mapping[str, str]) -> AuditReport:
        """Values first: everything else is searched for them. Then in the order that `audit.topics` promises."""
        self._removed = await removed_campaigns(self._collections)
        secrets = await self._secrets()
        # A reservation that changed after this time may have moved its codes while they were read: these codes are
        # not compared with it. Clocks of the workers and of this process may differ.
        intake = Intake(self._tables, secrets, let_go_since_ms=self._read_from_ms - CLOCKS_APART_MS)
        for path, content in texts.items():
            intake.text(leaks_of_text(secrets, path, content))
        committed = await committed_offsets(self._settings)
        take = CampaignFilter(intake, committed, self._scope, self._removed, self._fields_of_request())
        out = await read_out_topics(self._settings, self._scope, take)
        incoming = await read_in_topics(self._settings, self._scope, take, committed)
        await self._database(intake)
        terms = await self._terms(out, incoming, all_served=take.all_served)
        self._tables.create_indexes()
        recounted, uncounted = ({}, ()) if terms.is_quiet else await self._recounted()
        return judged(self._tables, terms, secrets, intake.findings, recounted, uncounted)

    def _fields_of_request(self) -> Callable[[bytes | None], Fields]:
        """As workers and importers read requests and commands."""
        return fields_behind_prefix if "json" in self._settings.requests.registry_formats else fields_of

    async def _secrets(self) -> Secrets:
        """Codes that are imported later are not searched for."""
        tables, codes = self._tables, self._collections.codes
        secrets = Secrets(find_id=tables.code_of, size=await how_many(codes))
        async for code in documents(codes, self._of_campaign("codes"), VALUES):
            value = code.get("code")
            if isinstance(value, str):
                secrets.add(value)
                tables.add("code_values", (tables.digest(value.encode()), str(code["_id"])))
        tables.flush()
        tables.create_index("code_values(value)")
        return secrets

    async def _database(self, intake: Intake) -> None:
        """Codes first: a reservation that is read later may have moved them, and its time shows it."""
        async for code in documents(self._collections.codes, self._of_campaign("codes"), CODE):
            intake.code(code)
        for collection in SECRET_FREE_COLLECTIONS:
            if self._scope.campaigns and collection in WITHOUT_CAMPAIGN:
                continue
            async for document in documents(getattr(self._collections, collection), self._of_campaign(collection)):
                intake.document(collection, document)

    async def _terms(self, out: Coverage, incoming: Coverage, *, all_served: bool) -> Terms:
        retained = incoming.retained_since_ms
        since = {topic.name: max(self._scope.since_ms, retained[topic.name]) for topic in REQUEST_TOPICS}
        return Terms(
            retained_since_ms={**out.retained_since_ms, **retained, **since},
            expired_topics=frozenset(out.expired_topics | incoming.expired_topics),
            blocked_by_open_transaction=frozenset(out.blocked_by_open_transaction),
            since_ms=self._scope.since_ms,
            until_ms=self._scope.until_ms,
            is_quiet=all_served and await in_topic_ends(self._settings) == incoming.ends,
            read_from_ms=self._read_from_ms,
            is_snapshot=False,
            guarantee=self._settings.processing_guarantee,
            removed_campaigns=len(self._removed),
        )

    async def _recounted(self) -> tuple[dict[str, tuple[Counts, Counts]], Sequence[str]]:
        """Campaigns that seem to differ, each counted in one snapshot; and those that could not be counted so."""
        campaigns = sorted({count.campaign_id for count, _, _ in differing(self._tables, {})})
        store, found, uncounted = Reconciliation(self._collections), {}, campaigns[RECOUNT_MAX:]
        for campaign_id in campaigns[:RECOUNT_MAX]:
            try:
                found[campaign_id] = counts_of(await store.snapshot_of(campaign_id))
            except (FactsStale, ValueError, KeyError):  # the last two for a damaged document, which is a finding
                uncounted = [*uncounted, campaign_id]
        return found, uncounted

    def _of_campaign(self, collection: str) -> dict[str, object]:
        field = CAMPAIGN_OF.get(collection, "campaign_id")
        if self._scope.campaigns:
            return {field: {"$in": sorted(self._scope.campaigns - self._removed)}}
        return {field: {"$nin": sorted(self._removed)}} if self._removed else {}


class CampaignFilter:
    """Passes the records of the audited campaigns on to an intake."""

    def __init__(
        self,
        intake: Intake,
        committed: Committed,
        scope: Scope,
        removed: frozenset[str],
        fields_of_request: Callable[[bytes | None], Fields],
    ) -> None:
        self._removed = removed
        self._fields_of_request = fields_of_request
        self._intake = intake
        self._committed = committed
        self._campaigns = scope.campaigns
        self.all_served = True

    def __call__(self, topic: str, record: IncomingRecord) -> None:
        """Take a record; of the in topics all decide whether the service is at work."""
        served = topic not in IN_NAMES or is_served(self._committed, record)
        self.all_served = self.all_served and served
        is_filtered = bool(self._campaigns or self._removed)
        fields = self._fields(topic, record.value) if topic in IN_NAMES or is_filtered else None
        if not is_filtered or self._is_audited(fields):
            self._intake.record(topic, record, is_served=served, fields=fields)

    def _fields(self, topic: str, value: bytes | None) -> Fields:
        return self._fields_of_request(value) if topic in IN_NAMES else fields_of(value)

    def _is_audited(self, fields: Mapping[str, object] | None) -> bool:
        campaign_id = None if fields is None else fields.get("campaign_id")
        if isinstance(campaign_id, str) and campaign_id in self._removed:
            return False
        return not self._campaigns or campaign_id in self._campaigns


IN_NAMES: Final = frozenset(topic.name for topic in IN_TOPICS)


def counts_of(snapshot: CampaignSnapshot) -> tuple[Counts, Counts]:
    """By codes and by shards."""
    codes = {key: count for key, count in snapshot.codes.items() if None not in key}  # damaged: a finding names it
    return codes, sums([shard.model_dump() for shard in snapshot.shards])
