"""Campaigns for people: their documents, their shards and their imports. Writes nothing; no role uses it.

In:       a campaign's id, or nothing for all.
Out:      `CampaignFound`.
Promise:  counts come from shards, so no code is read. Campaigns come in pages, so that memory does not grow with the
          number of shards.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from schemas.base import CodeStatus
from stores.mongo.collections import Collections, Document
from stores.mongo.errors import idempotent
from stores.mongo.everything import documents

State = Literal["open", "closing", "reopening", "closed", "archived", "purged"]
STATES: Final[Mapping[str, State]] = {"archive": "archived", "purge": "purged"}
OF_SHARD: Final = {"campaign_id": 1, "code_type": 1, "is_closed": 1, **{str(status): 1 for status in CodeStatus}}
OF_DOCUMENT: Final = {"closed_at": 1, "closed_by": 1, "removal": 1}
"""Never the salt."""
OF_IMPORT: Final = {"campaign_id": 1, "state": 1, "started_at": 1, "changed_at": 1}


@dataclass(slots=True)
class CampaignFound:
    """One campaign as the database has it."""

    campaign_id: str
    has_document: bool = False
    closed_at: datetime | None = None
    closed_by: str | None = None
    removal: Mapping[str, Any] | None = None
    """Set once the codes are being removed, by an archive or a purge."""
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    """By code type, then by status."""
    shards: int = 0
    shards_closed: int = 0
    last_import: Mapping[str, Any] | None = None
    last_started_at: datetime | None = None

    @property
    def state(self) -> State:
        """Half-way, until every shard has the mark."""
        if self.removal is not None:
            return STATES[str(self.removal.get("kind"))]
        if self.closed_at is not None:
            return "closed" if self.shards_closed == self.shards else "closing"
        return "reopening" if self.shards_closed else "open"

    @property
    def exists(self) -> bool:
        """A salt alone is of an import that has written nothing."""
        return self.shards > 0 or self.closed_at is not None

    def add_document(self, found: Document) -> None:
        self.has_document = True
        self.closed_at, self.closed_by = found.get("closed_at"), found.get("closed_by")
        self.removal = found.get("removal")

    def add_shard(self, shard: Document) -> None:
        self.shards += 1
        self.shards_closed += shard.get("is_closed") is True
        row = self.counts.setdefault(str(shard.get("code_type")), Counter())
        for status in CodeStatus:
            count = shard.get(str(status))
            row[str(status)] += count if isinstance(count, int) else 0

    def add_import(self, found: Document) -> None:
        started_at = found.get("started_at")
        if isinstance(started_at, datetime) and (self.last_started_at is None or started_at > self.last_started_at):
            self.last_import, self.last_started_at = found, started_at


class CampaignDesk:
    """Every method raises StoreUnavailable if MongoDB gives no answer in time."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    async def all(self) -> list[CampaignFound]:
        """Every campaign, in the order of the ids."""
        found: dict[str, CampaignFound] = {}
        async for document in documents(self._collections.campaigns, {}, OF_DOCUMENT):
            of(found, document["_id"]).add_document(document)
        async for shard in documents(self._collections.inventory, {}, OF_SHARD):
            of(found, str(shard.get("campaign_id"))).add_shard(shard)
        async for imported in documents(self._collections.imports, {}, OF_IMPORT):
            if (campaign := found.get(str(imported.get("campaign_id")))) is not None:
                campaign.add_import(imported)
        return [found[name] for name in sorted(found) if found[name].exists]

    async def one(self, campaign_id: str) -> CampaignFound | None:
        """One campaign; three reads."""
        found = CampaignFound(campaign_id)
        with idempotent():
            document = await self._collections.campaigns.find_one({"_id": campaign_id}, OF_DOCUMENT)
            shards = await self._collections.inventory.find({"campaign_id": campaign_id}, OF_SHARD).to_list(None)
            its_imports = self._collections.imports.find({"campaign_id": campaign_id}, OF_IMPORT)
            latest = await its_imports.sort("started_at", -1).limit(1).to_list(None)
        self._fill(found, document, shards, latest)
        return found if found.exists else None

    def _fill(
        self, found: CampaignFound, document: Document | None, shards: Iterable[Document], latest: Iterable[Document]
    ) -> None:
        if document is not None:
            found.add_document(document)
        for shard in shards:
            found.add_shard(shard)
        for imported in latest:
            found.add_import(imported)


def of(found: dict[str, CampaignFound], campaign_id: str) -> CampaignFound:
    """The campaign of this id, new if there is none yet."""
    return found.setdefault(campaign_id, CampaignFound(campaign_id))
