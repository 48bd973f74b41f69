"""One chunk to what is written of it: new codes, counts, rejected rows, and where the import goes on.

In:       a chunk with its codes drafted; the import as it is; what the campaign has already.
Out:      `ChunkPlan`, which is one transaction. Pure: the campaign's salt is an argument.
Promise:  the plan's counts are those of the rows that it writes. The import's document in `before` guards all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers.code_ids import code_ids
from handlers.imports.chunks import Chunk
from handlers.imports.progress import advanced, rejects_of, shard_changes, tally_of
from handlers.shards import ShardChange
from schemas.base import CodeStatus, to_milliseconds
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument

Draft = dict[str, Any]
"""A code as the collection `codes` has it (`schemas.documents.CodeDocument`). No model is made: it takes ten times as
long, and an import has millions."""


@dataclass(frozen=True, slots=True)
class DraftedChunk:
    """A chunk with what would be written for its codes."""

    chunk: Chunk
    drafts: Mapping[str, Draft]
    """By code."""


@dataclass(frozen=True, slots=True)
class LastChunk:
    """What the chunk before this one wrote: a look-up that ran meanwhile may not have seen it."""

    codes: Mapping[str, str]
    """All its codes, with the import they came by."""
    shards: Sequence[InventoryDocument]

    def codes_among(self, codes: Iterable[str]) -> Mapping[str, str]:
        """The codes that both chunks have."""
        return {code: self.codes[code] for code in self.codes.keys() & codes}


@dataclass(frozen=True, slots=True)
class ChunkFacts:
    """What a chunk's plan is made from."""

    existing: Mapping[str, str]
    """Those of its codes that the campaign has, with the import they came by."""
    shards: Sequence[InventoryDocument]
    """This partition's shards of the campaign."""
    mark: str | None = None
    """For its codes, if others of the campaign are taken already: see `CodeDocument.returned`."""


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """What one transaction writes."""

    before: ImportDocument
    after: ImportDocument
    codes: Sequence[Draft]
    shards: Sequence[ShardChange]
    rejects: RejectsDocument | None

    @property
    def rows(self) -> int:
        """Rows of the object that it takes."""
        return self.after.rows_read - self.before.rows_read


def drafted(chunk: Chunk, document: ImportDocument, salt: bytes, *, moved_by: str, at: datetime) -> DraftedChunk:
    """Draft all codes of a chunk; `salt` is the campaign's.

    `moved_by` is the command's record, `<shard>@<offset>`.
    """
    alike = {
        "campaign_id": document.campaign_id,
        "status": str(CodeStatus.AVAILABLE),
        "moved_by": moved_by,
        "imported_by": document.id,
        "changed_at": to_milliseconds(at),
    }
    ids = code_ids(document.campaign_id, salt, chunk.codes)
    drafts = {
        code: {"_id": code_id, "code": code, "code_type": code_type, **alike}
        for code_id, (code, code_type) in zip(ids, chunk.codes.items(), strict=True)
    }
    return DraftedChunk(chunk, drafts)


def plan_chunk(
    drafted_chunk: DraftedChunk,
    before: ImportDocument,
    facts: ChunkFacts,
    *,
    shard: str,
    chunk_rows: int | None,
    now: datetime,
) -> ChunkPlan:
    """What is to be written of a chunk. `shard` is the partition's name without the topic prefix.

    `chunk_rows` is kept for the import's next owner, see `ImportDocument.chunk_rows`.
    """
    chunk, at = drafted_chunk.chunk, to_milliseconds(now)
    codes = [draft for code, draft in drafted_chunk.drafts.items() if code not in facts.existing]
    if facts.mark is not None:
        codes = [{**draft, "returned": facts.mark} for draft in codes]
    tally = tally_of(chunk, facts.existing, before.id)
    return ChunkPlan(
        before=before,
        after=advanced(before, chunk, tally, chunk_rows=chunk_rows, now=at),
        codes=codes,
        shards=shard_changes(before, (draft["code_type"] for draft in codes), facts.shards, shard=shard, now=at),
        rejects=rejects_of(chunk, before.id),
    )


def last_chunk(plan: ChunkPlan, drafted_chunk: DraftedChunk, facts: ChunkFacts) -> LastChunk:
    """What the next chunk must know of the one that was just written."""
    shards = {shard.id: shard for shard in facts.shards} | {change.after.id: change.after for change in plan.shards}
    codes = {**dict.fromkeys(drafted_chunk.drafts, plan.after.id), **facts.existing}
    return LastChunk(codes, list(shards.values()))
