"""Objects in S3: looked at, read by ranges, written in parts.

In:       where an object is.
Out:      its size and identity, its bytes, or a new object; errors as `stores.s3.errors` has them.
Promise:  a range is of the very object that was looked at, or an error. No more than a range or a part is in memory.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from schemas.errors import ImportFailed, ObjectStoreUnavailable
from schemas.settings import S3Settings
from stores.import_port import ObjectPlace, ObjectSeen
from stores.s3.connection import connected
from stores.s3.errors import translated

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART_BYTES: Final = 5 * 1024 * 1024
"""S3 takes no smaller part but the last."""
REPORT_TYPE: Final = "text/csv; charset=utf-8"
GIVE_UP_S: Final = 2
"""A stop or a cancellation waits for it."""
UNENCRYPTED: Final[Mapping[str, Any]] = {}
"""Beyond what the bucket does."""
GZIP_SUFFIX: Final = ".gz"
DOT_SEGMENTS: Final = frozenset({".", ".."})
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@asynccontextmanager
async def open_objects(settings: S3Settings) -> AsyncIterator["S3Objects"]:
    """The way to S3 for one process, closed at the end."""
    async with connected(settings) as client:
        yield S3Objects(client, settings.allowed_buckets, encryption(settings))


class S3Objects:
    """Implements `stores.import_port.ObjectStore`."""

    def __init__(
        self, client: "S3Client", allowed_buckets: Collection[str], encryption: Mapping[str, Any] = UNENCRYPTED
    ) -> None:
        """`allowed_buckets`: no other is touched; empty: any. `encryption`: arguments for each object written.

        Every operation raises ImportFailed for another bucket, and for a key that is not safe.
        """
        self._client = client
        self._allowed_buckets = allowed_buckets
        self._encryption = encryption

    async def check(self) -> None:
        """Check that S3 answers; a refusal is an answer too.

        Raises:
            ObjectStoreUnavailable: no answer, or an error of the server.
        """
        with suppress(ImportFailed), translated():
            if self._allowed_buckets:
                await self._client.head_bucket(Bucket=next(iter(self._allowed_buckets)))
            else:
                await self._client.list_buckets()

    async def look(self, place: ObjectPlace) -> ObjectSeen:
        """See `ObjectStore.look`."""
        self._check_allowed(place)
        try:
            with translated():
                found = await self._client.head_object(**named(place))
        except ImportFailed as why:
            await self._say_why(place)
            raise ObjectStoreUnavailable(f"{why.reason}, and a moment later there") from None
        encodings = {word.strip().lower() for word in found.get("ContentEncoding", "").split(",")}
        return ObjectSeen(
            size_bytes=found["ContentLength"],
            etag=found["ETag"],
            gzip=place.key.lower().endswith(GZIP_SUFFIX) or "gzip" in encodings,
        )

    async def read(self, place: ObjectPlace, etag: str, start: int, stop: int) -> bytes:
        """See `ObjectStore.read`."""
        self._check_allowed(place)
        with translated():
            answer = await self._client.get_object(**named(place), Range=f"bytes={start}-{stop - 1}", IfMatch=etag)
            async with answer["Body"] as body:
                if answer["ContentLength"] != stop - start:  # a server that knows no ranges sends everything
                    raise ImportFailed("object_refused")
                return await body.read()

    async def write(self, place: ObjectPlace, pieces: AsyncIterator[bytes], content_type: str = REPORT_TYPE) -> None:
        """See `ObjectStore.write`."""
        self._check_allowed(place)
        new = {"ContentType": content_type, **self._encryption}
        parts = parts_of(pieces)
        first = await anext(parts, b"")
        second = await anext(parts, None)
        if second is not None:
            await self._write_parts(place, new, first, second, parts)
        elif first:
            with translated():
                await self._client.put_object(**named(place), Body=first, **new)

    def _check_allowed(self, place: ObjectPlace) -> None:
        if self._allowed_buckets and place.bucket not in self._allowed_buckets:
            raise ImportFailed("bucket_not_allowed")
        if not is_safe(place.key):
            raise ImportFailed("bad_key")

    async def _say_why(self, place: ObjectPlace) -> None:
        """The answer to HEAD has only a status; that to GET says what there is none of.

        Raises:
            ImportFailed: the same, by its proper name.
        """
        with translated():
            answer = await self._client.get_object(**named(place), Range="bytes=0-0")
            answer["Body"].close()

    async def _write_parts(
        self, place: ObjectPlace, new: Mapping[str, Any], first: bytes, second: bytes, others: AsyncIterator[bytes]
    ) -> None:
        with translated():
            upload = await self._client.create_multipart_upload(**named(place), **new)
        target = {**named(place), "UploadId": upload["UploadId"]}
        async with AsyncExitStack() as unless_complete:
            unless_complete.push_async_callback(self._give_up, target)
            done = [await self._write_part(target, 1, first), await self._write_part(target, 2, second)]
            async for part in others:
                done.append(await self._write_part(target, len(done) + 1, part))
            with translated():
                await self._client.complete_multipart_upload(**target, MultipartUpload={"Parts": done})
            unless_complete.pop_all()

    async def _write_part(self, target: Mapping[str, Any], number: int, body: bytes) -> "CompletedPartTypeDef":
        with translated():
            part = await self._client.upload_part(**target, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": part["ETag"]}

    async def _give_up(self, target: Mapping[str, Any]) -> None:
        """Remove the parts: they cost money. If this fails too, a lifecycle rule of the bucket does it."""
        with suppress(ImportFailed, ObjectStoreUnavailable, TimeoutError), translated():
            async with asyncio.timeout(GIVE_UP_S):
                await self._client.abort_multipart_upload(**target)


def encryption(settings: S3Settings) -> dict[str, Any]:
    """The client's arguments for the encryption that the settings ask for; none for that of the bucket."""
    wanted = {"ServerSideEncryption": settings.sse, "SSEKMSKeyId": settings.kms_key_id}
    return {name: value for name, value in wanted.items() if value is not None}


def is_safe(key: str) -> bool:
    """Whether a key, as part of an address, is the same for everybody on the way.

    RFC 3986 lets every client, proxy and gateway resolve the segments `.` and `..`: `a/../b.csv` is then `b.csv`, and
    `../other/b.csv` an object of the bucket `other`, which may be none of the allowed ones. Control characters are
    dropped, refused or taken for a line's end by some of them.
    """
    return DOT_SEGMENTS.isdisjoint(key.split("/")) and CONTROL.search(key) is None


def named(place: ObjectPlace) -> dict[str, Any]:
    """The client's arguments for an object."""
    version = {} if place.version_id is None else {"VersionId": place.version_id}
    return {"Bucket": place.bucket, "Key": place.key, **version}


async def parts_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces as large as parts must be; only the last is smaller."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) >= PART_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
