"""The ports `ImportStore` and `ObjectStore` in memory, with the time that each operation takes.

In:       how slow the database and S3 are, and what the database refuses.
Out:      `MemoryImports`, `MemoryObjects`; what was written.
Promise:  `apply` and `replace` are guarded as in `stores/mongo/imports.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.imports.plan import ChunkPlan, Draft
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument
from schemas.errors import ChunkTooSlow, CodeServiceError, FactsStale
from stores.import_port import ObjectPlace, ObjectSeen

Refuse = Callable[[ImportDocument | None, ImportDocument], CodeServiceError | None]
"""Why the database does not take the step from one document to the next, if it does not."""


@dataclass(slots=True)
class MemoryImports:
    """Implements `stores.import_port.ImportStore`."""

    timeout_s: float = 30.0
    rows_in_time: int = 1_000_000
    """More are given up after `timeout_s`."""
    looked_up_in_time: int = 1_000_000
    """The same of codes that are looked up."""
    is_late: bool = False
    """What is given up is written all the same."""
    refuse: Refuse = lambda _before, _after: None
    cancelled: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    """Campaigns."""
    documents: dict[str, ImportDocument] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    """Each with the import it came by."""
    inventory: dict[str, InventoryDocument] = field(default_factory=dict)
    rejected: list[RejectsDocument] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)
    """Rows of each try to write."""
    look_ups: list[int] = field(default_factory=list)
    """Codes of each look-up."""

    async def take_over(self) -> None:
        """See `ImportStore.take_over`."""

    async def find(self, import_id: str) -> ImportDocument | None:
        """See `ImportStore.find`."""
        await asyncio.sleep(0)
        return self.documents.get(import_id)

    async def create(self, document: ImportDocument) -> None:
        """See `ImportStore.create`."""
        self._check(None, document)
        if document.id in self.documents:
            raise FactsStale("there is one", "duplicate")
        self.documents[document.id] = document

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """See `ImportStore.replace`."""
        self._check(before, after)
        self._guard(before)
        self.documents[after.id] = after

    async def salt(self, campaign_id: str) -> bytes:
        """See `ImportStore.salt`."""
        return b"salt"

    async def is_closed(self, campaign_id: str) -> bool:
        """See `ImportStore.is_closed`."""
        return campaign_id in self.closed

    async def mark(self, campaign_id: str) -> str | None:
        """See `ImportStore.mark`."""
        return None

    async def look_up(self, drafts: Mapping[str, Draft], campaign_id: str) -> Mapping[str, str]:
        """See `ImportStore.look_up`."""
        wanted = list(drafts)
        self.look_ups.append(len(wanted))
        await self._take(len(wanted), self.looked_up_in_time)
        return {code: self.codes[code] for code in wanted if code in self.codes}

    async def apply(self, plan: ChunkPlan) -> None:
        """See `ImportStore.apply`."""
        self.tries.append(plan.rows)
        try:
            await self._take(plan.rows, self.rows_in_time)
        except ChunkTooSlow:
            if self.is_late:
                self._write(plan)
            raise
        self._write(plan)

    def _write(self, plan: ChunkPlan) -> None:
        self._check(plan.before, plan.after)
        self._guard(plan.before)
        if any(change.after.is_closed != (change.after.campaign_id in self.closed) for change in plan.shards):
            raise FactsStale("inventory")
        self.documents[plan.after.id] = plan.after
        self.codes |= {draft["code"]: plan.after.id for draft in plan.codes}
        self.inventory |= {change.after.id: change.after for change in plan.shards}
        self.rejected += [plan.rejects] if plan.rejects else []

    async def is_cancelled(self, import_id: str) -> bool:
        """See `ImportStore.is_cancelled`."""
        return import_id in self.cancelled

    async def shards(self, campaign_id: str) -> Sequence[InventoryDocument]:
        """See `ImportStore.shards`."""
        return list(self.inventory.values())

    async def rejects(self, import_id: str) -> AsyncIterator[RejectsDocument]:
        """See `ImportStore.rejects`."""
        for document in self.rejected:
            yield document

    async def forget_rejects(self, import_id: str) -> None:
        """See `ImportStore.forget_rejects`."""
        self.rejected.clear()

    def _check(self, before: ImportDocument | None, after: ImportDocument) -> None:
        why = self.refuse(before, after)
        if why is not None:
            raise why

    def _guard(self, before: ImportDocument) -> None:
        found = self.documents.get(before.id)
        if found is None or (found.run, found.position, found.state) != (before.run, before.position, "running"):
            raise FactsStale("imports")

    async def _take(self, rows: int, rows_in_time: int) -> None:
        if rows > rows_in_time:
            await asyncio.sleep(self.timeout_s)
            raise ChunkTooSlow("NetworkTimeout []", timed_out_s=self.timeout_s)
        await asyncio.sleep(0.01)


@dataclass(slots=True)
class MemoryObjects:
    """Implements `stores.import_port.ObjectStore`; every object has the same text."""

    text: bytes
    read_s: float = 0.01
    write_s: float = 0.01
    """After the last piece."""
    piece_s: float = 0.01
    """Each piece."""
    written: dict[str, bytes] = field(default_factory=dict)

    async def look(self, place: ObjectPlace) -> ObjectSeen:
        """See `ObjectStore.look`."""
        return ObjectSeen(len(self.text), '"e"', gzip=False)

    async def read(self, place: ObjectPlace, etag: str, start: int, stop: int) -> bytes:
        """See `ObjectStore.read`."""
        await asyncio.sleep(self.read_s)
        return self.text[start:stop]

    async def write(self, place: ObjectPlace, pieces: AsyncIterator[bytes]) -> None:
        """See `ObjectStore.write`."""
        body = b""
        async for piece in pieces:
            await asyncio.sleep(self.piece_s)
            body += piece
        await asyncio.sleep(self.write_s)
        self.written[place.key] = body
