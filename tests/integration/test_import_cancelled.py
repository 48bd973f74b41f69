"""An import is cancelled while it waits for S3, unfolds what it has already, or writes its report: it ends."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from consumers.importer import report as import_report
from consumers.importer import waits as import_waits
from schemas.documents import ImportDocument
from schemas.observation.partitions import LoopTurned
from schemas.requests import ImportCommand, content_digest
from schemas.settings import ImporterSettings
from schemas.topics import IMPORT
from stores.mongo.codes import MongoParts
from stores.mongo.collections import Collections, to_document
from stores.mongo.connection import Database
from stores.mongo.import_desk import ImportDesk
from tests.fakes.imports import an_import
from tests.fakes.observer import ObservedFacts
from tests.fakes.s3 import SILENT, Answers, ScriptedS3, serving_s3
from tests.integration.import_bench import ImporterBench, importing
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.one_partition import Objects, Partition, check_codes
from tests.integration.running import until

pytestmark = pytest.mark.integration

ROWS: Final = 300
BODY: Final = "\n".join(["A 1", *(f"SPRING-{number}" for number in range(1, ROWS))]).encode()
"""The first row is rejected."""
RANGE_BYTES: Final = 1_024
STATES: Final[Mapping[str, Answers]] = {
    "look-500": Answers(500, "InternalError", ("HEAD",)),
    "look-expired": Answers(400, "ExpiredToken", ("HEAD",)),
    "look-silent": Answers(SILENT, "", ("HEAD",)),
    "read-500": Answers(500, "InternalError", ("GET",)),
    "read-expired": Answers(400, "ExpiredToken", ("GET",)),
    "read-silent": Answers(SILENT, "", ("GET",)),
    "report-500": Answers(500, "InternalError", ("PUT",)),
    "report-expired": Answers(400, "ExpiredToken", ("PUT",)),
    "report-silent": Answers(SILENT, "", ("PUT",)),
}
PATIENT: Final = {
    "CODES_IMPORTER__RANGE_BYTES": str(RANGE_BYTES),
    "CODES_S3__TIMEOUT_MS": "300000",
}
"""Only the cancellation ends these waits."""
LIMIT_S: Final = 30.0
"""A tenth of the time-out. A second or two, and five for a report, are usual."""


def answers() -> dict[str, Answers]:
    """S3's answers by key; reports are objects of their own."""
    return {f"{key}.{key}.rejects.csv" if key.startswith("report") else key: answer for key, answer in STATES.items()}


async def stuck(s3: ScriptedS3, key: str) -> None:
    """Wait until S3 has been asked for what it does not give."""
    await until(lambda: any(asked.startswith(key) for asked in s3.errors), f"S3 is asked for {key}", LIMIT_S)


async def cancelled(bench: ImporterBench, s3: ScriptedS3) -> list[dict[str, Any]]:
    """Import all at once, each in a partition of its own; cancel each as soon as it waits. Gives their end events."""
    for partition, key in enumerate(STATES):
        await bench.neighbour.send(IMPORT, bench.files.command(key, key, campaign_id=key), partition=partition)
    for key in STATES:
        await stuck(s3, key)
        await ImportDesk(Collections(bench.db)).cancel(key, now=datetime.now(UTC))
    return await ends(bench.neighbour, len(STATES), timeout_s=LIMIT_S)


async def test_whatever_it_waits_for(environment: dict[str, str], tmp_path: Path) -> None:
    """The end event has the rows that are in; without a report if S3 does not take one. The next import is served."""
    s3 = ScriptedS3(answers(), BODY)
    log = tmp_path / "importer.log"
    partitions = {**json.loads(environment["CODES_TOPICS__PARTITIONS"]), IMPORT.name: len(STATES)}
    wide = {**environment, "CODES_TOPICS__PARTITIONS": json.dumps(partitions)}
    async with (
        serving_s3(s3) as address,
        importing(wide, log, **PATIENT, CODES_S3__ENDPOINT_URL=address) as bench,
    ):
        events = await cancelled(bench, s3)
        for event in events:
            assert event["inserted"] == await bench.db["codes"].count_documents({"campaign_id": event["import_id"]})
        await bench.ask("well")
        well = (await ends(bench.neighbour, len(STATES) + 1, timeout_s=LIMIT_S))[-1]
        await check_books(bench.neighbour, bench.db)

    rows = {key: ROWS if key.startswith("report") else 0 for key in STATES}
    assert {(key, "failed", "cancelled", None, rows[key]) for key in STATES} == {
        tuple(event[name] for name in ("import_id", "state", "reason", "report", "rows_read")) for event in events
    }
    assert ("well", "completed", ROWS) == tuple(well[name] for name in ("import_id", "state", "rows_read"))


def resumed(command: Mapping[str, str], text_bytes: int, etag: str, size: int) -> ImportDocument:
    """The document of an import that is near the end of a long text."""
    asked = ImportCommand.model_validate(command)
    return an_import(
        _id=asked.request_id,
        digest=content_digest(asked),
        **asked.model_dump(include={"campaign_id", "bucket", "key"}),
        gzip=True,
        etag=etag,
        **dict.fromkeys(("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected"), 0),
        position=text_bytes,
        bytes_total=size,
        bytes_read=size,
    )


async def test_while_it_skips_what_it_has_of_a_gzip(
    objects: Objects, files: Files, parts: MongoParts, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three gigabytes would be unfolded to come to where it was; the import ends after a part of them."""
    monkeypatch.setattr(import_waits, "LOOK_EVERY_S", 0.05)
    piece, members = b"\n" * (64 * 1024 * 1024), 48
    body = gzip.compress(piece, 1) * members
    files.put("long.csv.gz", body)
    etag = str(files.client.head_object(Bucket=files.bucket, Key="long.csv.gz")["ETag"])
    command = files.command("long.csv.gz")
    document = resumed(command, len(piece) * members, etag, len(body))
    await db["imports"].insert_one(to_document(document))
    observer = ObservedFacts()
    partition = Partition(parts, objects, ImporterSettings(), observer=observer)

    serving = asyncio.create_task(partition.serve(command))
    await until(lambda: len(observer.of(LoopTurned)) >= 100, "it skips", LIMIT_S)
    await ImportDesk(Collections(db)).cancel("i1", now=datetime.now(UTC))
    end = await serving

    assert ("failed", "cancelled", {}) == (end["state"], end["reason"], counts(end))
    assert len(observer.of(LoopTurned)) < len(piece) * members / (256 * 1024) / 2


async def test_a_report_that_is_nearly_written_is_kept(
    objects: Objects, files: Files, parts: MongoParts, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cancellation arrives while S3 stores the report: the end event has its address."""
    monkeypatch.setattr(import_report, "REPORT_GRACE_S", LIMIT_S)
    files.put("bad.csv", b"A1\nA 2\n")

    async def slow(number: int) -> None:
        await ImportDesk(Collections(db)).cancel("i1", now=datetime.now(UTC))
        await asyncio.sleep(2 * import_waits.LOOK_EVERY_S)

    objects.before_write = slow
    end = await Partition(parts, objects).serve(files.command("bad.csv"))

    assert ("failed", "cancelled", {"rows_read": 2, "inserted": 1, "rejected": 1}) == (
        end["state"],
        end["reason"],
        counts(end),
    )
    assert "line,reason\n2,bad_character\n" == files.text(str(end["report"]))
    await check_codes(db, 1)
