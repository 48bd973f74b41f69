"""Uploads a file of codes to S3, so that the importer can read it.

In:       the file's bytes in pieces, its name, an import's id.
Out:      the object.
Promise:  an upload that fails leaves no object.
"""

from collections.abc import AsyncIterator
from typing import ClassVar, Final

from ops.settings.load import Settings
from schemas.errors import CodeServiceError, ImportFailed
from schemas.import_reasons import IMPORT_REMEDIES
from stores.import_port import ObjectPlace
from stores.s3.objects import open_objects

FOLDER: Final = "uploads"


class UploadFailed(CodeServiceError):
    """S3 refused the upload; nothing was sent to the importer."""

    retriable: ClassVar[bool] = False

    def __init__(self, place: ObjectPlace, reason: str) -> None:
        super().__init__(f"cannot upload to s3://{place.bucket}/{place.key}: {reason}")
        self.remedy = IMPORT_REMEDIES.get(reason)


def upload_key(name: str, import_id: str) -> str:
    """A key that no other import uses: an object that is replaced while it is imported fails the import."""
    return f"{FOLDER}/{import_id}/{name}"


async def upload(settings: Settings, pieces: AsyncIterator[bytes], place: ObjectPlace) -> None:
    """Write the object.

    Raises:
        UploadFailed: S3 refused it.
        ObjectStoreUnavailable: S3 gave no answer.
    """
    try:
        async with open_objects(settings.s3) as objects:
            await objects.write(place, pieces)
    except ImportFailed as why:
        raise UploadFailed(place, why.reason) from None
