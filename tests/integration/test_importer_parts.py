"""What can happen to an import on its way, one partition in this process on a real MongoDB and a real S3."""

import asyncio
import gzip
from collections import Counter
from dataclasses import dataclass, field

import pytest

from schemas.errors import ImportFailed, ObjectStoreUnavailable, PartitionFenced
from schemas.observation.fact import Fact
from schemas.observation.imports import ChunkWritten
from schemas.observation.partitions import PartUnavailable
from schemas.settings import ImporterSettings
from stores.mongo.codes import MongoParts
from stores.mongo.connection import Database
from tests.fakes.observer import ObservedFacts
from tests.integration.disturbed_stores import DeafStore
from tests.integration.importing import Files, counts
from tests.integration.one_partition import (
    Objects,
    Partition,
    check_codes,
    nothing,
)

pytestmark = pytest.mark.integration

CODES = [f"CODE-{number:04}" for number in range(500)]
TEXT = "\n".join(CODES).encode()


@dataclass
class StopsAtChunk(ObservedFacts):
    """Tells the partition to stop as soon as a chunk is written."""

    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, fact: Fact, /) -> None:
        """See `Observer.observe`."""
        super().observe(fact)
        if isinstance(fact, ChunkWritten):
            self.stopping.set()


@pytest.mark.parametrize("key", ["plain.csv", "packed.csv.gz"])
async def test_a_stop_at_any_chunk_is_gone_on_from(
    key: str, objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Stopped after each chunk, thirty owners bring it to the same end. No offset moves before that."""
    text = "name,code\n" + "".join(f"x,{code}\ny,{code}\nz,\n" for code in CODES)
    files.put(key, gzip.compress(text.encode()) if key.endswith(".gz") else text.encode())
    for _ in range(30):
        observer = StopsAtChunk()
        owner = Partition(parts, objects, observer=observer, stopping=observer.stopping)
        await owner.serve(files.command(key))
        assert [] == owner.emitter.offsets

    last = Partition(parts, objects)
    end = await last.serve(files.command(key))

    assert [8] == last.emitter.offsets
    assert {"rows_read": 1_500, "inserted": 500, "duplicates_in_file": 500, "rejected": 500} == counts(end)
    report = files.text(str(end["report"])).splitlines()
    assert ["line,reason", *(f"{3 * number + 4},empty" for number in range(500))] == report
    await check_codes(db, 500)


async def test_a_cancelled_import_is_gone_on_from(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Given up at any moment, as when a stop takes too long, it leaves no task and no error behind."""
    files.put("plain.csv", TEXT)
    for milliseconds in range(0, 100, 4):
        owner = asyncio.create_task(Partition(parts, objects).serve(files.command("plain.csv")))
        await asyncio.sleep(milliseconds / 1000)
        owner.cancel()
        [outcome] = await asyncio.gather(owner, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError | dict)
        assert {asyncio.current_task()} == asyncio.all_tasks()

    end = await Partition(parts, objects).serve(files.command("plain.csv"))

    assert ("completed", {"rows_read": 500, "inserted": 500}) == (end["state"], counts(end))
    await check_codes(db, 500)


async def test_a_stop_while_s3_is_unavailable_ends_at_once(objects: Objects, files: Files, parts: MongoParts) -> None:
    """The stop does not wait for S3; the next owner retries."""
    files.put("plain.csv", TEXT)
    partition = Partition(parts, objects)

    async def unavailable(number: int) -> None:
        asyncio.get_running_loop().call_later(0.05, partition.stopping.set)
        raise ObjectStoreUnavailable("unavailable")

    objects.before_read = unavailable
    async with asyncio.timeout(5):
        await partition.serve(files.command("plain.csv"))

    assert [] == partition.emitter.offsets
    assert {"s3"} == {*partition.observer.each(PartUnavailable, "part")}


async def test_an_import_retries_while_s3_is_unavailable(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Every other read fails, and the first report: the import is as if none had."""
    files.put("plain.csv", TEXT + b"\nA 1\n")

    async def sometimes(number: int) -> None:
        if number % 2 == 1:
            raise ObjectStoreUnavailable("unavailable")

    objects.before_read = objects.before_write = sometimes
    partition = Partition(parts, objects)
    end = await partition.serve(files.command("plain.csv"))

    assert {"rows_read": 501, "inserted": 500, "rejected": 1} == counts(end)
    assert "line,reason\n501,bad_character\n" == files.text(str(end["report"]))
    assert Counter({"s3": 6}) == Counter(partition.observer.each(PartUnavailable, "part"))
    await check_codes(db, 500)


async def test_an_object_that_changes_fails_the_import(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """The rows loaded from the first version stay, and are counted."""
    files.put("plain.csv", TEXT)

    async def replaced(number: int) -> None:
        if number == 3:
            files.put("plain.csv", TEXT.lower())

    objects.before_read = replaced
    end = await Partition(parts, objects).serve(files.command("plain.csv"))

    assert ("failed", "object_changed") == (end["state"], end["reason"])
    assert {"rows_read": 204, "inserted": 204} == counts(end)
    await check_codes(db, 204)


async def test_answers_of_the_database_that_get_lost(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """A chunk whose commit was not acknowledged is not written again, and is counted once."""
    files.put("plain.csv", TEXT)
    partition = Partition(parts, objects, store=DeafStore)

    end = await partition.serve(files.command("plain.csv"))

    assert ("completed", {"rows_read": 500, "inserted": 500}) == (end["state"], counts(end))
    assert "mongo" in {*partition.observer.each(PartUnavailable, "part")}
    assert [500] == [event["available"] for event in partition.emitter.events("inventory.v1")][-1:]
    await check_codes(db, 500)


async def test_a_run_that_was_taken_over_from_writes_nothing_more(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """It stops as fenced; the counts of the new owner are exact."""
    files.put("plain.csv", TEXT)
    old, heir = Partition(parts, objects), Partition(parts, objects)

    heirs: list[asyncio.Task[dict[str, object]]] = []

    async def overtaken(number: int) -> None:
        if number == 3:
            objects.before_read = nothing
            heirs.append(asyncio.create_task(heir.serve(files.command("plain.csv"))))
            await asyncio.shield(heirs[0])

    objects.before_read = overtaken
    with pytest.raises(PartitionFenced):
        await old.serve(files.command("plain.csv"))
    await heirs[0]

    assert ("completed", {"rows_read": 500, "inserted": 500}) == (heir.emitter.end["state"], counts(heir.emitter.end))
    assert ([], [8]) == (old.emitter.offsets, heir.emitter.offsets)
    await check_codes(db, 500)


async def test_overlapping_imports_at_the_same_time(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Three files share most of their codes; each code is there once, and every row is counted in its own import."""
    for number in range(3):
        own = [f"OWN-{number}-{n}" for n in range(100)]
        files.put(f"{number}.csv", "\n".join([*CODES[number * 50 :], *own]).encode())
    partitions = [Partition(parts, objects, number=number) for number in range(3)]

    found = await asyncio.gather(
        *(
            partition.serve(files.command(f"{partition.number}.csv", f"i{partition.number}"))
            for partition in partitions
        )
    )

    assert [600, 550, 500] == [end["rows_read"] for end in found]
    assert all(end["rows_read"] == counts(end)["inserted"] + int(str(end["duplicates"])) for end in found)
    await check_codes(db, 800)


async def test_a_report_that_cannot_be_written(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """The import is complete all the same and says so; its rejected rows stay in the database."""
    files.put("plain.csv", b"A1\nA 2\n")

    async def read_only(number: int) -> None:
        raise ImportFailed("access_denied")

    objects.before_write = read_only
    end = await Partition(parts, objects).serve(files.command("plain.csv"))

    assert ("completed", "report_not_written", None) == (end["state"], end["reason"], end["report"])
    assert [[2]] == [document["lines"] async for document in db["rejects"].find({})]
    await check_codes(db, 1)


@pytest.mark.thorough
async def test_a_report_of_many_parts(objects: Objects, files: Files, parts: MongoParts) -> None:
    """A report larger than S3 takes in one part is written in several parts, and is complete."""
    rows = 600_000
    files.put("bad.csv", b"A 1\n" * rows)
    settings = ImporterSettings(rows_per_chunk_max=10_000)

    end = await Partition(parts, objects, settings).serve(files.command("bad.csv"))

    report = files.text(str(end["report"]))
    assert {"rows_read": rows, "rejected": rows} == counts(end)
    assert rows + 1 == report.count("\n")
    assert report.endswith(f"\n{rows},bad_character\n")
