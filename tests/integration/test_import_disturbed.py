"""A database that refuses, is too slow, or answers late; in the middle of an import, on a real MongoDB and S3."""

import gzip
from collections.abc import Mapping
from typing import Final

import pytest

from schemas.errors import PartitionFenced
from schemas.observation.imports import ChunkGrown, ChunkHalved
from schemas.observation.requests import RequestUnwritable
from schemas.settings import ImporterSettings
from stores.mongo.codes import MongoParts
from stores.mongo.connection import Database
from stores.mongo.imports import MongoImportStore
from tests.integration.disturbed_stores import (
    ChunksRefused,
    ContendedStore,
    EndRefused,
    HeldUp,
    LateStore,
    LocationRefused,
    ReadsFail,
    SlowAtFirst,
    SlowStore,
    TakingRefused,
)
from tests.integration.importing import Files, counts
from tests.integration.one_partition import SMALL, Objects, Partition, check_codes

pytestmark = pytest.mark.integration

CODES: Final = [f"CODE-{number:04}" for number in range(500)]
TEXT: Final = "\n".join(CODES).encode() + b"\nA 1\n"
MESSY: Final = "name,code\n" + "".join(f"x,{code}\n\ny,{code}\nz,\n" for code in CODES) + "x,LAST"
EXPECTED: Final = {"rows_read": 1_501, "inserted": 501, "duplicates_in_file": 500, "rejected": 500}


def reasons(partition: Partition) -> list[object]:
    """The reasons of the dead letters."""
    headers = [
        dict(record.headers) for record in partition.emitter.records if record.topic.endswith("dead-letters.v1")
    ]
    return [found["dlq-reason"] for found in headers]


async def test_no_read_fails_an_import(objects: Objects, files: Files, parts: MongoParts, db: Database) -> None:
    """The importer retries after any error of the database; the process goes on, and nothing is a dead letter."""
    files.put("plain.csv", TEXT)
    partition = Partition(parts, objects, store=ReadsFail)

    end = await partition.serve(files.command("plain.csv"))

    assert ("completed", {"rows_read": 501, "inserted": 500, "rejected": 1}) == (end["state"], counts(end))
    assert "line,reason\n501,bad_character\n" == files.text(str(end["report"]))
    assert ([8], []) == (partition.emitter.offsets, reasons(partition))
    await check_codes(db, 500)


@pytest.mark.parametrize(("store", "rows"), [(LocationRefused, 0), (ChunksRefused, 100)])
async def test_what_is_refused_after_the_begin_ends_the_import(
    store: type[MongoImportStore], rows: int, objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Its document says so, and its event; the command is no dead letter, and comes again to the same end."""
    files.put("plain.csv", TEXT)
    partition = Partition(parts, objects, store=store)

    end = await partition.serve(files.command("plain.csv"))

    document = await db["imports"].find_one({"_id": "i1"}) or {}
    assert ("failed", "database_refused", rows) == (end["state"], end["reason"], end["rows_read"])
    assert ("failed", "database_refused", rows) == tuple(document[name] for name in ("state", "reason", "rows_read"))
    assert ([8], []) == (partition.emitter.offsets, reasons(partition))
    assert end == await Partition(parts, objects).serve(files.command("plain.csv"), offset=9)
    await check_codes(db, rows)


async def test_a_command_that_cannot_be_taken_is_a_dead_letter(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Nothing of its import is in the database, so its sender gets a failed end, and the next command is served."""
    partition = Partition(parts, objects, store=TakingRefused)

    await partition.serve(files.command("plain.csv"))

    end = partition.emitter.events("imports.v1")[-1]
    assert ("failed", "invalid_request") == (end["state"], end["reason"])
    assert ([8], [b"unprocessable"]) == (partition.emitter.offsets, reasons(partition))
    assert 0 == await db["imports"].count_documents({})


async def test_an_end_that_is_refused_is_waited_for(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Otherwise its event and its document would differ; the log says what to correct."""
    files.put("plain.csv", TEXT)
    partition = Partition(parts, objects, store=EndRefused)

    end = await partition.serve(files.command("plain.csv"))

    assert ("completed", "completed") == (end["state"], (await db["imports"].find_one({"_id": "i1"}) or {})["state"])
    assert 2 == len(partition.observer.of(RequestUnwritable))
    await check_codes(db, 500)


@pytest.mark.parametrize(
    ("store", "key"),
    [
        (SlowStore, "messy.csv.gz"),
        (LateStore, "messy.csv"),
        (ContendedStore, "messy.csv.gz"),
        pytest.param(SlowStore, "messy.csv", marks=pytest.mark.long),
        pytest.param(LateStore, "messy.csv.gz", marks=pytest.mark.long),
        pytest.param(ContendedStore, "messy.csv", marks=pytest.mark.long),
    ],
)
async def test_a_chunk_that_can_never_succeed_is_written_in_parts(
    store: type[MongoImportStore], key: str, objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """The import goes through with exact counts, whether what was given up is written or not."""
    body = MESSY.encode()
    files.put(key, gzip.compress(body) if key.endswith(".gz") else body)
    SlowStore.sizes.clear()
    settings = SMALL.model_copy(update={"rows_per_chunk_max": 400})
    partition = Partition(parts, objects, settings, store=store)

    end = await partition.serve(files.command(key))

    assert ("completed", EXPECTED) == (end["state"], counts(end))
    report = files.text(str(end["report"])).splitlines()
    assert ["line,reason", *(f"{4 * number + 5},empty" for number in range(500))] == report
    assert [200, 100, 50, 25] == partition.observer.each(ChunkHalved, "rows")[:4]
    assert len(SlowStore.sizes) < 1_501 / 25 * 2
    await check_codes(db, 501)


async def test_the_size_is_learned_once_and_grows_again(objects: Objects, files: Files, parts: MongoParts) -> None:
    """While the database is slow no further chunk is too slow; when it is quick, the full size is back."""
    files.put("plain.csv", b"\n".join(f"CODE-{number}".encode() for number in range(125)))
    files.put("more.csv", b"\n".join(f"MORE-{number}".encode() for number in range(5_000)))
    partition = Partition(parts, objects, ImporterSettings(rows_per_chunk_max=100), store=SlowAtFirst)
    SlowStore.sizes.clear()

    await partition.serve(files.command("plain.csv"), files.command("more.csv", "i2"))

    assert [100, 50, *[25] * 5] == SlowStore.sizes
    assert ([50, 25], [100]) == (
        partition.observer.each(ChunkHalved, "rows"),
        partition.observer.each(ChunkGrown, "rows"),
    )


async def test_two_imports_of_one_object_have_a_report_each(
    objects: Objects, files: Files, parts: MongoParts
) -> None:
    """Neither overwrites the other's, whatever the object was each time."""
    files.put("plain.csv", b"A1\nA 2\nA 3\n")
    first = await Partition(parts, objects).serve(files.command("plain.csv", "i1"))
    files.put("plain.csv", b"A 1\n")
    second = await Partition(parts, objects).serve(files.command("plain.csv", "i2"))

    addresses = [f"s3://{files.bucket}/plain.csv.{name}.rejects.csv" for name in ("i1", "i2")]
    assert addresses == [first["report"], second["report"]]
    expected = ["line,reason\n2,bad_character\n3,bad_character\n", "line,reason\n1,bad_character\n"]
    assert expected == [files.text(address) for address in addresses]


@pytest.mark.parametrize("lost", [{}, {"line": {"$gt": 20}}])
async def test_a_report_that_would_lack_lines_is_not_made(
    lost: Mapping[str, object], objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Some or all of the rejected rows are gone from the database: the end says that there is no report."""
    files.put("bad.csv", b"A 1\n" * 80)

    async def forgotten(number: int) -> None:
        await db["rejects"].delete_many(dict(lost))

    objects.before_write = forgotten
    end = await Partition(parts, objects).serve(files.command("bad.csv"))

    assert ("completed", "report_not_written", None) == (end["state"], end["reason"], end["report"])
    assert ["bad.csv"] == files.listed()


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_former_owner_leaves_its_heirs_report_as_it_is(
    moment: str, objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Held up before or after it has read the rows, until the heir has ended the import, it writes nothing at all."""
    files.put("bad.csv", b"A 1\n" * 80)
    old, heir = Partition(parts, objects, store=HeldUp), Partition(parts, objects)
    ended: list[dict[str, object]] = []

    async def overtaken() -> None:
        if not ended:
            ended.append(await heir.serve(files.command("bad.csv")))
            files.put("bad.csv.i1.rejects.csv", b"the heir's")

    HeldUp.hooks = {moment: overtaken}
    with pytest.raises(PartitionFenced):
        await old.serve(files.command("bad.csv"))

    assert ("completed", 80) == (ended[0]["state"], ended[0]["rejected"])
    assert "the heir's" == files.text(str(ended[0]["report"]))
    assert ([], [8]) == (old.emitter.offsets, heir.emitter.offsets)
    await check_codes(db, 0)
