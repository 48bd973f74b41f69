"""What tests of the importer share: files in S3, commands, and what must be true after every import.

Out: `Files` (one bucket of a test's own), `command`, `check_books`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import boto3

from schemas.import_reasons import IMPORT_REMEDIES
from schemas.topics import IMPORTS, INVENTORY
from stores.mongo.connection import Database
from tests.integration.running import Neighbour


class Files:
    """A bucket."""

    def __init__(self, client: Any, bucket: str) -> None:  # its types are made at run time
        self.client = client
        self.bucket = bucket

    def put(self, key: str, body: bytes, **more: Any) -> None:  # passed on
        """Create or replace an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def text(self, address: str) -> str:
        """An object's content, by its `s3://` address."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        content: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content.decode()

    def listed(self) -> list[str]:
        """The keys of all objects."""
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def command(self, key: str, request_id: str = "i1", **more: str) -> dict[str, str]:
        """The command that loads an object into the campaign `sale`."""
        return {"request_id": request_id, "campaign_id": "sale", "bucket": self.bucket, "key": key, **more}


@contextmanager
def some_files(environment: Mapping[str, str]) -> Iterator[Files]:
    """A fresh bucket, removed with all that is in it."""
    client = boto3.client(
        "s3",
        endpoint_url=environment["CODES_S3__ENDPOINT_URL"],
        region_name=environment["CODES_S3__REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    files = Files(client, f"files-{uuid4().hex[:12]}")
    client.create_bucket(Bucket=files.bucket)
    try:
        yield files
    finally:
        for key in files.listed():
            client.delete_object(Bucket=files.bucket, Key=key)
        client.delete_bucket(Bucket=files.bucket)
        client.close()


async def ends(neighbour: Neighbour, count: int, **waiting: float) -> list[dict[str, Any]]:
    """End events, once there are so many."""
    seen = 0
    while True:
        events = await neighbour.values(IMPORTS, seen + 1, **waiting)
        found = [event for event in events if event["state"] != "running"]
        if len(found) >= count:
            return found
        seen = len(events)


def counts(event: Mapping[str, Any]) -> dict[str, int]:
    """The counts that are not zero."""
    names = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    return {name: event[name] for name in names if event[name]}


async def check_books(neighbour: Neighbour, db: Database) -> None:
    """Every event adds up, its reason in the table; codes, shards and last words agree; no code is there twice."""
    for event in await neighbour.values(IMPORTS, 1):
        assert event["rows_read"] == event["inserted"] + event["duplicates"] + event["rejected"]
        assert event["duplicates"] == event["duplicates_in_file"] + event["duplicates_in_campaign"]
        assert event["reason"] in {None, *IMPORT_REMEDIES}
    codes = await db["codes"].find({}, {"campaign_id": 1, "code": 1, "code_type": 1}).to_list(None)
    assert len(codes) == len({(code["campaign_id"], code["code"]) for code in codes})
    by_kind = Counter((code["campaign_id"], code["code_type"]) for code in codes)
    shards = await db["inventory"].find({}).to_list(None)
    assert by_kind == sums(shards)
    assert by_kind == sums(await last_words(neighbour, bool(shards)))
    imports = await db["imports"].find({}).to_list(None)
    assert len(codes) == sum(document["inserted"] for document in imports)


async def last_words(neighbour: Neighbour, expected: bool) -> list[Mapping[str, Any]]:  # one question
    """The highest published version of each shard."""
    latest: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for event in await neighbour.values(INVENTORY, int(expected)):
        key = (event["campaign_id"], event["code_type"], event["shard"])
        if key not in latest or event["version"] >= latest[key]["version"]:
            latest[key] = event
    return list(latest.values())


def sums(shards: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str]]:
    """Available codes by campaign and type."""
    found: Counter[tuple[str, str]] = Counter()
    for shard in shards:
        found[shard["campaign_id"], shard["code_type"]] += shard["available"]
    return +found
