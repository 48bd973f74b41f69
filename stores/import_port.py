"""What the importer needs of the database and of S3: the ports, implemented by `stores.mongo` and `stores.s3`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.imports.plan import ChunkPlan, Draft
from schemas.documents import ImportDocument, InventoryDocument, RejectsDocument


class ImportStore(Protocol):
    """Where imports, their codes and their rejected rows are; one for each input partition.

    Every method raises StoreUnavailable if there was no answer in time or an error that is not the import's fault,
    and is safe to repeat. `create`, `replace` and `apply` also raise StoreRefused if the database will not take the
    write, however often it is tried; no commit was attempted then. `find`, `shards` and `rejects` raise it for a
    document that was changed by hand and cannot be read.
    """

    async def take_over(self) -> None:
        """Become the one who serves the partition: end what a former owner left open."""

    async def find(self, import_id: str) -> ImportDocument | None:
        """How far an import is; None if there is none of this id."""

    async def create(self, document: ImportDocument) -> None:
        """Begin an import.

        Raises:
            FactsStale: there is one of this id already.
        """

    async def replace(self, before: ImportDocument, after: ImportDocument) -> None:
        """Move an import's document from one state to the next.

        Raises:
            FactsStale: it is no longer as `before` says, in its run or its position. Nothing was written.
        """

    async def salt(self, campaign_id: str) -> bytes:
        """What the ids of the campaign's codes are made with; of a new campaign it is made here.

        Raises:
            StoreRefused: it is lost, and there are codes: others would get ids that hide duplicates.
        """

    async def is_closed(self, campaign_id: str) -> bool:
        """Whether the campaign takes no codes: it was closed, and not reopened."""

    async def mark(self, campaign_id: str) -> str | None:
        """The mark of codes that come while others of the campaign are taken; None: none is taken yet."""

    async def look_up(self, drafts: Mapping[str, Draft], campaign_id: str) -> Mapping[str, str]:
        """Those of these codes that the campaign has, with the import they came by.

        Raises:
            ChunkTooSlow: this many codes are too many for the database at the moment.
            StoreRefused: another code has the id of one of these.
        """

    async def apply(self, plan: ChunkPlan) -> None:
        """Write a chunk's new codes, its counts, its rejected rows and the checkpoint, or nothing of it.

        Raises:
            FactsStale: another writer was faster with a code or a shard, or `plan.before` is not the import's state
                any more. Nothing was written. Look up again before the next try.
            ChunkTooSlow: this many rows are too many for the database at the moment. They may be written or not.
        """

    async def is_cancelled(self, import_id: str) -> bool:
        """Whether somebody wants this import stopped."""

    async def shards(self, campaign_id: str) -> Sequence[InventoryDocument]:
        """This partition's own shards of a campaign."""

    def rejects(self, import_id: str) -> AsyncIterator[RejectsDocument]:
        """An import's rejected rows in the order of the file."""

    async def forget_rejects(self, import_id: str) -> None:
        """Remove what `rejects` gives, once the report has it."""


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Where an object is."""

    bucket: str
    key: str
    version_id: str | None = None

    @property
    def address(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """An object as it is now."""

    size_bytes: int
    etag: str
    gzip: bool
    """By its suffix `.gz` or its content encoding."""


class ObjectStore(Protocol):
    """Where the files are.

    Every method raises ObjectStoreUnavailable if there was no answer in time, and is safe to repeat; and
    ImportFailed, with a reason of docs/imports.md, if the object or bucket cannot be used.
    """

    async def look(self, place: ObjectPlace) -> ObjectSeen:
        """Size and identity of an object."""

    async def read(self, place: ObjectPlace, etag: str, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, if the object is still the one with this identity."""

    async def write(self, place: ObjectPlace, pieces: AsyncIterator[bytes]) -> None:
        """Make an object of these pieces, however many there are, or none at all.

        What `pieces` raises, at its end too, is raised here, and then there is no object of them.
        """
