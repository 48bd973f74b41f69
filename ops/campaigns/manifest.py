"""An export's manifest, and its objects in S3.

In:       the parts of an export.
Out:      `Manifest`; objects in the export's folder.
Promise:  the manifest is written last, so an export that has one is complete. An object that S3 does not take in time
          is sent again.
"""

from collections.abc import AsyncIterator
from typing import ClassVar, Final

from pydantic import ValidationError

from schemas.base import Id, Instant, Model
from schemas.errors import CodeServiceError, ImportFailed
from stores.import_port import ObjectPlace
from stores.patience import patiently
from stores.s3.objects import S3Objects

NAME: Final = "manifest.json"
JSON_TYPE: Final = "application/json"
NOT_THERE: Final = "no_such_object"
REMEDIES: Final = {
    "no_such_bucket": "Check the bucket's name.",
    "access_denied": "This user needs s3:PutObject and s3:GetObject on the folder, and s3:ListBucket on the bucket; "
    "with CODES_S3__KMS_KEY_ID also kms:GenerateDataKey and kms:Decrypt.",
    "bucket_not_allowed": "Use a bucket of CODES_S3__ALLOWED_BUCKETS, or add this one.",
    "bad_key": "Use a prefix without dot segments and control characters.",
}


class ExportFailed(CodeServiceError):
    """S3 refused an object of the export. The export has no manifest: run it again under the same id."""

    retriable: ClassVar[bool] = False

    def __init__(self, place: ObjectPlace, reason: str) -> None:
        super().__init__(f"cannot use {place.address}: {reason}")
        self.remedy = REMEDIES.get(reason)


class PartEntry(Model):
    """One part."""

    name: str
    """In the export's folder."""
    rows: int
    bytes: int
    sha256: str
    """Of the object's bytes, hex."""


class Manifest(Model):
    """`manifest.json` of an export."""

    export_id: str
    campaign_id: Id
    format: str
    columns: dict[str, str]
    """Name to kind, in their order."""
    rows: int
    rows_by_status: dict[str, int]
    taken_without_reservation: int
    """Codes that are taken, and that no reservation names: they have no row. 0 in a campaign that is consistent."""
    is_final: bool
    """Whether the campaign was closed and nothing was held all the time, so that every code has its one row."""
    closed_at: Instant | None
    parts: tuple[PartEntry, ...]
    began_at: Instant
    finished_at: Instant
    by: str
    written_by: str
    """Program and version."""


class ManifestStore:
    """The objects of one export.

    Every method raises ExportFailed if S3 refuses, and ObjectStoreUnavailable if it gives no answer for a while: see
    `stores/patience.py`.
    """

    def __init__(self, objects: S3Objects, folder: ObjectPlace) -> None:
        self._objects = objects
        self._folder = folder

    @property
    def address(self) -> str:
        """`s3://…/manifest.json`."""
        return self._place(NAME).address

    async def find(self) -> Manifest | None:
        """The manifest, if the export is finished."""
        body = await self._read(self._place(NAME))
        try:
            return None if body is None else Manifest.model_validate_json(body)
        except ValidationError:
            raise ExportFailed(self._place(NAME), "it is not a manifest of this program") from None

    async def write(self, manifest: Manifest) -> None:
        """The end of the export."""
        await self.write_part(NAME, manifest.to_json() + b"\n", JSON_TYPE)

    async def write_part(self, name: str, body: bytes, content_type: str) -> None:
        """An object of the folder."""
        place = self._place(name)
        try:
            await patiently(self._put, place, body, content_type)
        except ImportFailed as why:
            raise ExportFailed(place, why.reason) from None

    async def _read(self, place: ObjectPlace) -> bytes | None:
        try:
            return await patiently(self._get, place)
        except ImportFailed as why:
            if why.reason != NOT_THERE:
                raise ExportFailed(place, why.reason) from None
        return None

    async def _put(self, place: ObjectPlace, body: bytes, content_type: str) -> None:
        await self._objects.write(place, one_piece(body), content_type)

    async def _get(self, place: ObjectPlace) -> bytes:
        seen = await self._objects.look(place)
        return await self._objects.read(place, seen.etag, 0, seen.size_bytes)

    def _place(self, name: str) -> ObjectPlace:
        return ObjectPlace(self._folder.bucket, f"{self._folder.key}/{name}")


async def one_piece(body: bytes) -> AsyncIterator[bytes]:
    """For a store that takes pieces."""
    yield body
