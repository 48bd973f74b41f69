"""Objects in S3, as the importer relies on them: identity, ranges, versions, uploads, and each kind of error."""

import hashlib
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

from stores.s3.errors import code_of, status_of
from tests.contract.clients.s3_benches import S3Bench

MIB = 1024 * 1024


def etag(data: bytes) -> str:
    """The ETag of an object that was uploaded at once."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


async def put(bench: S3Bench, key: str, data: bytes, **more: Any) -> Any:
    """Upload at once."""
    return await bench.client.put_object(Bucket=bench.bucket, Key=key, Body=data, **more)


async def got(bench: S3Bench, key: str, **more: Any) -> bytes:
    """The bytes of an object."""
    answer = await bench.client.get_object(Bucket=bench.bucket, Key=key, **more)
    async with answer["Body"] as body:
        data: bytes = await body.read()
    return data


async def refused(work: Any) -> tuple[str, int]:
    """Code and status of a request that is refused."""
    with pytest.raises(ClientError) as raised:
        await work
    return code_of(raised.value), status_of(raised.value)


def test_a_look_gives_size_etag_and_encoding(on_s3: Any) -> None:
    """The ETag is the MD5 of what was uploaded at once, in quotes."""

    async def claim(bench: S3Bench) -> None:
        await put(bench, "k.csv", b"0123456789", ContentEncoding="gzip")

        found = await bench.client.head_object(Bucket=bench.bucket, Key="k.csv")

        assert (10, etag(b"0123456789")) == (found["ContentLength"], found["ETag"])
        assert "gzip" in found["ContentEncoding"]

    on_s3(claim)


def test_a_range_gives_these_bytes(on_s3: Any) -> None:
    """Both ends included; a range that goes beyond the end is shorter."""

    async def claim(bench: S3Bench) -> None:
        await put(bench, "k", b"0123456789")
        answer = await bench.client.get_object(
            Bucket=bench.bucket, Key="k", Range="bytes=2-4", IfMatch=etag(b"0123456789")
        )
        async with answer["Body"] as body:
            assert (3, b"234") == (answer["ContentLength"], await body.read())
        assert b"89" == await got(bench, "k", Range="bytes=8-100")

    on_s3(claim)


def test_a_range_behind_the_end_is_refused(on_s3: Any) -> None:
    """With status 416."""

    async def claim(bench: S3Bench) -> None:
        await put(bench, "k", b"0123456789")
        asked = bench.client.get_object(Bucket=bench.bucket, Key="k", Range="bytes=10-12")
        assert ("InvalidRange", 416) == await refused(asked)

    on_s3(claim)


def test_a_read_of_an_object_that_was_replaced_is_refused(on_s3: Any) -> None:
    """By its ETag, with status 412."""

    async def claim(bench: S3Bench) -> None:
        await put(bench, "k", b"old")
        await put(bench, "k", b"new")

        asked = bench.client.get_object(Bucket=bench.bucket, Key="k", IfMatch=etag(b"old"))

        assert ("PreconditionFailed", 412) == await refused(asked)
        assert b"new" == await got(bench, "k", IfMatch=etag(b"new"))

    on_s3(claim)


def test_a_missing_key_is_named_by_a_read_and_not_by_a_look(on_s3: Any) -> None:
    """An answer to HEAD has only the status."""

    async def claim(bench: S3Bench) -> None:
        place = {"Bucket": bench.bucket, "Key": "missing"}
        assert ("404", 404) == await refused(bench.client.head_object(**place))
        assert ("NoSuchKey", 404) == await refused(bench.client.get_object(**place, Range="bytes=0-0"))

    on_s3(claim)


def test_a_missing_bucket_is_named_by_a_read_and_not_by_a_look(on_s3: Any) -> None:
    """An answer to HEAD has only the status."""

    async def claim(bench: S3Bench) -> None:
        place = {"Bucket": "there-is-no-such-bucket", "Key": "k"}
        assert ("404", 404) == await refused(bench.client.head_object(**place))
        assert ("NoSuchBucket", 404) == await refused(bench.client.get_object(**place))

    on_s3(claim)


def test_a_version_stays_when_the_object_is_replaced(on_s3: Any) -> None:
    """Each upload has its own version id; without one, the newest is read."""

    async def claim(bench: S3Bench) -> None:
        await bench.client.put_bucket_versioning(Bucket=bench.bucket, VersioningConfiguration={"Status": "Enabled"})
        first = await put(bench, "k", b"old")
        second = await put(bench, "k", b"new")

        assert first["VersionId"] != second["VersionId"]
        assert b"old" == await got(bench, "k", VersionId=first["VersionId"])
        assert b"new" == await got(bench, "k")

    on_s3(claim)


def test_an_object_that_was_deleted_is_missing_and_its_versions_stay(on_s3: Any) -> None:
    """Where versions are kept."""

    async def claim(bench: S3Bench) -> None:
        await bench.client.put_bucket_versioning(Bucket=bench.bucket, VersioningConfiguration={"Status": "Enabled"})
        first = await put(bench, "k", b"old")
        await bench.client.delete_object(Bucket=bench.bucket, Key="k")

        assert ("NoSuchKey", 404) == await refused(bench.client.get_object(Bucket=bench.bucket, Key="k"))
        assert b"old" == await got(bench, "k", VersionId=first["VersionId"])

    on_s3(claim)


def test_an_upload_in_parts_is_there_when_it_is_complete(on_s3: Any) -> None:
    """Not before; in the order of the parts."""

    async def claim(bench: S3Bench) -> None:
        place = {"Bucket": bench.bucket, "Key": "report.csv"}
        upload = await bench.client.create_multipart_upload(**place, ContentType="text/csv")
        bodies = [b"a" * 5 * MIB, b"b"]
        parts = [
            await bench.client.upload_part(**place, UploadId=upload["UploadId"], PartNumber=number, Body=body)
            for number, body in enumerate(bodies, 1)
        ]
        assert ("404", 404) == await refused(bench.client.head_object(**place))

        done = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate(parts, 1)]
        await bench.client.complete_multipart_upload(
            **place, UploadId=upload["UploadId"], MultipartUpload={"Parts": done}
        )

        found = await bench.client.head_object(**place)
        assert (5 * MIB + 1, "-2") == (found["ContentLength"], found["ETag"].strip('"')[-2:])
        assert b"ab" == await got(bench, "report.csv", Range=f"bytes={5 * MIB - 1}-{5 * MIB}")

    on_s3(claim)


def test_only_the_last_part_may_be_small(on_s3: Any) -> None:
    """The completion is refused."""

    async def claim(bench: S3Bench) -> None:
        place = {"Bucket": bench.bucket, "Key": "report.csv"}
        upload = await bench.client.create_multipart_upload(**place)
        target = {**place, "UploadId": upload["UploadId"]}
        parts = [await bench.client.upload_part(**target, PartNumber=number, Body=b"small") for number in (1, 2)]
        done = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate(parts, 1)]

        asked = bench.client.complete_multipart_upload(**target, MultipartUpload={"Parts": done})

        assert "EntityTooSmall" == (await refused(asked))[0]

    on_s3(claim)


def test_an_upload_that_was_aborted_cannot_be_completed(on_s3: Any) -> None:
    """Its parts are gone."""

    async def claim(bench: S3Bench) -> None:
        place = {"Bucket": bench.bucket, "Key": "report.csv"}
        upload = await bench.client.create_multipart_upload(**place)
        target = {**place, "UploadId": upload["UploadId"]}
        part = await bench.client.upload_part(**target, PartNumber=1, Body=b"all")
        await bench.client.abort_multipart_upload(**target)

        done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        asked = bench.client.complete_multipart_upload(**target, MultipartUpload=done)

        assert ("NoSuchUpload", 404) == await refused(asked)

    on_s3(claim)


def test_an_argument_that_cannot_be_sent_is_refused_by_the_client(on_s3: Any) -> None:
    """An empty key, and a name that no bucket can have."""

    async def claim(bench: S3Bench) -> None:
        for place in ({"Bucket": bench.bucket, "Key": ""}, {"Bucket": "no bucket", "Key": "k"}):
            with pytest.raises(ParamValidationError):
                await bench.client.get_object(**place)

    on_s3(claim)


def test_a_server_that_is_down_refuses_connections(on_s3: Any) -> None:
    """The client raises one of botocore's errors, and tries once."""

    async def claim(bench: S3Bench) -> None:
        await bench.crash()
        with pytest.raises(EndpointConnectionError):
            await bench.client.head_object(Bucket=bench.bucket, Key="k")

    on_s3(claim)


def test_a_server_that_does_not_answer_is_given_up(on_s3: Any) -> None:
    """After the client's time-out, with an error that the importer retries."""

    async def claim(bench: S3Bench) -> None:
        await bench.freeze()
        with pytest.raises((BotoCoreError, aiohttp.ClientError, OSError)) as raised:
            await bench.client.head_object(Bucket=bench.bucket, Key="k")
        assert "Timeout" in type(raised.value).__name__

    on_s3(claim)
