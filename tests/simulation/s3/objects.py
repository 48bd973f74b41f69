"""Buckets and objects: what S3 keeps, and how it answers.

In:       requests with botocore's arguments.
Out:      answers as botocore gives them; `Refused`, for an answer with an error.
Promise:  an object's content never changes: a new one has another ETag. A range is of one content.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final

Fields = dict[str, Any]

PART_BYTES_MIN: Final = 5 * 1024 * 1024
KEY_BYTES_MAX: Final = 1024
RANGE: Final = re.compile(r"bytes=(\d+)-(\d+)")


class Refused(Exception):
    """An answer with an error."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Content:
    """One version of an object; `data` is None for a marker of its deletion."""

    version_id: str
    data: bytes | None
    etag: str
    fields: Fields = field(default_factory=dict)

    def described(self, *, versioned: bool) -> Fields:
        """What each answer says of it."""
        version = {"VersionId": self.version_id} if versioned else {}
        return {"ETag": self.etag, **self.fields, **version}


@dataclass(slots=True)
class Upload:
    """One that is not complete."""

    bucket: str
    key: str
    fields: Fields
    parts: dict[int, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Bucket:
    """A bucket's objects; the last version of each is the current one."""

    is_versioned: bool = False
    objects: dict[str, list[Content]] = field(default_factory=dict)


def md5(data: bytes) -> str:
    """The digest that ETags are made of."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class Objects:
    """All buckets."""

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self._uploads: dict[str, Upload] = {}
        self._count = 0

    def bucket(self, name: str) -> Bucket:
        """A bucket that exists."""
        if name not in self.buckets:
            raise Refused("NoSuchBucket", 404)
        return self.buckets[name]

    def create_bucket(self, *, Bucket: str) -> Fields:  # noqa: N803  # botocore's names, here and below
        """Make it; the owner may do so again."""
        self.buckets.setdefault(Bucket, new_bucket())
        return {"Location": f"/{Bucket}"}

    def put_bucket_versioning(self, *, Bucket: str, VersioningConfiguration: Fields) -> Fields:  # noqa: N803
        """Keep older versions from now on."""
        self.bucket(Bucket).is_versioned = VersioningConfiguration == {"Status": "Enabled"}
        return {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes = b"", **fields: Any) -> Fields:  # noqa: N803
        """A new content."""
        if len(Key.encode()) > KEY_BYTES_MAX:
            raise Refused("KeyTooLongError", 400)
        return self._store(Bucket, Key, bytes(Body), f'"{md5(bytes(Body))}"', fields)

    def delete_object(self, *, Bucket: str, Key: str) -> Fields:  # noqa: N803
        """Remove it, or mark it as deleted where versions are kept."""
        bucket = self.bucket(Bucket)
        if bucket.is_versioned:
            return self._store(Bucket, Key, None, "", {})
        bucket.objects.pop(Key, None)
        return {}

    def head_object(self, **asked: Any) -> Fields:
        """Size and identity; an error has no code but the status."""
        try:
            answer = self.get_object(**asked)
        except Refused as why:
            raise Refused(str(why.status), why.status) from None
        return {name: value for name, value in answer.items() if name != "Body"}

    def get_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        VersionId: str | None = None,  # noqa: N803
        Range: str | None = None,  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
    ) -> Fields:
        """A content or a part of it."""
        bucket = self.bucket(Bucket)
        content = chosen(bucket.objects.get(Key, []), VersionId)
        assert content.data is not None
        if IfMatch is not None and IfMatch != content.etag:
            raise Refused("PreconditionFailed", 412)
        described = content.described(versioned=bucket.is_versioned)
        if Range is None:
            return {**described, "ContentLength": len(content.data), "Body": content.data}
        data, where = part_of(content.data, Range)
        return {**described, "ContentLength": len(data), "ContentRange": where, "Body": data}

    def create_multipart_upload(self, *, Bucket: str, Key: str, **fields: Any) -> Fields:  # noqa: N803
        """Begin an upload."""
        self.bucket(Bucket)
        self._count += 1
        upload_id = f"upload-{self._count}"
        self._uploads[upload_id] = Upload(Bucket, Key, fields)
        return {"UploadId": upload_id}

    def upload_part(self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: bytes) -> Fields:  # noqa: N803
        """One part; again with the same number, another one."""
        self._upload(Bucket, Key, UploadId).parts[PartNumber] = bytes(Body)
        return {"ETag": f'"{md5(bytes(Body))}"'}

    def complete_multipart_upload(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        UploadId: str,  # noqa: N803
        MultipartUpload: Fields,  # noqa: N803
    ) -> Fields:
        """The object of the parts that are named."""
        upload = self._upload(Bucket, Key, UploadId)
        parts = [named_part(upload, wanted) for wanted in MultipartUpload["Parts"]]
        if any(len(part) < PART_BYTES_MIN for part in parts[:-1]):
            raise Refused("EntityTooSmall", 400)
        digests = b"".join(bytes.fromhex(md5(part)) for part in parts)
        del self._uploads[UploadId]
        return self._store(Bucket, Key, b"".join(parts), f'"{md5(digests)}-{len(parts)}"', upload.fields)

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> Fields:  # noqa: N803
        """Forget the parts."""
        self._upload(Bucket, Key, UploadId)
        del self._uploads[UploadId]
        return {}

    @property
    def uploads(self) -> int:
        """How many are not complete."""
        return len(self._uploads)

    def _upload(self, bucket: str, key: str, upload_id: str) -> Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise Refused("NoSuchUpload", 404)
        return upload

    def _store(self, bucket_name: str, key: str, data: bytes | None, etag: str, fields: Fields) -> Fields:
        bucket = self.bucket(bucket_name)
        self._count += 1
        content = Content(f"version-{self._count}" if bucket.is_versioned else "null", data, etag, fields)
        older = bucket.objects.get(key, []) if bucket.is_versioned else []
        bucket.objects[key] = [*older, content]
        return content.described(versioned=bucket.is_versioned)


def new_bucket() -> Bucket:
    """An empty one."""
    return Bucket()


def chosen(versions: list[Content], version_id: str | None) -> Content:
    """A version, or the current one."""
    if version_id is None:
        if not versions or versions[-1].data is None:
            raise Refused("NoSuchKey", 404)
        return versions[-1]
    for content in versions:
        if content.version_id == version_id:
            if content.data is None:
                raise Refused("MethodNotAllowed", 405)
            return content
    raise Refused("NoSuchVersion", 404)


def part_of(data: bytes, wanted: str) -> tuple[bytes, str]:
    """The bytes of a range, and which they are."""
    match = RANGE.fullmatch(wanted)
    assert match is not None, wanted
    first, last = int(match[1]), min(int(match[2]), len(data) - 1)
    if first >= len(data):
        raise Refused("InvalidRange", 416)
    return data[first : last + 1], f"bytes {first}-{last}/{len(data)}"


def named_part(upload: Upload, wanted: Fields) -> bytes:
    """A part that the completion names."""
    part = upload.parts.get(wanted["PartNumber"])
    if part is None or wanted["ETag"] != f'"{md5(part)}"':
        raise Refused("InvalidPart", 400)
    return part
