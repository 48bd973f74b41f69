"""Retry and cancel end an interrupted import: its document says `running`, but no importer has its command."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.requests import ImportCommand, content_digest
from schemas.topics import IMPORT
from stores.mongo.collections import to_document
from stores.mongo.connection import Database
from tests.fakes.imports import an_import
from tests.integration.commanding import Codes
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

BODY = b"A1\nA2\nA 3\nA1\n"
EXPECTED = {"rows_read": 4, "inserted": 2, "duplicates_in_file": 1, "rejected": 1}


async def left_running(db: Database, command: Mapping[str, str]) -> None:
    """The document of an import whose importer met a refused write before the first row, an hour ago."""
    asked = ImportCommand.model_validate(command)
    began = datetime.now(UTC) - timedelta(hours=1)
    nothing = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")
    document = an_import(
        _id=asked.request_id,
        digest=content_digest(asked),
        **asked.model_dump(include={"campaign_id", "bucket", "key"}),
        **dict.fromkeys((*nothing, "position", "line", "bytes_read"), 0),
        etag=None,
        code_column=None,
        bytes_total=None,
        started_at=began,
        changed_at=began,
    )
    await db["imports"].insert_one(to_document(document))


async def test_a_retry_goes_on_with_it(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """It resumes under its own id, with its own counts; after that a retry is a new import."""
    codes = Codes(environment)
    files.put("short.csv", BODY)
    await left_running(db, files.command("short.csv"))
    async with running("importer", environment, tmp_path / "importer.log") as role:
        await role.until_ready()
        first = await codes("imports", "retry", "i1", "--wait", "--json")
        second = await codes("imports", "retry", "i1", "--wait", "--json")

    assert (0, "i1", "completed", EXPECTED) == (
        first.code,
        first.json["import_id"],
        first.json["state"],
        counts(first.json),
    )
    assert "codes: import i1 was interrupted; it resumes under its own id" in first.err.splitlines()
    assert ("i1:2", 3) == (second.json["import_id"], second.json["duplicates_in_campaign"])
    await check_books(neighbour, db)


async def test_a_cancellation_ends_it(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """The importer gets its command again, and ends it as cancelled."""
    codes = Codes(environment)
    files.put("short.csv", BODY)
    await left_running(db, files.command("short.csv"))
    async with running("importer", environment, tmp_path / "importer.log") as role:
        await role.until_ready()
        cancelled = await codes("imports", "cancel", "i1")
        [end] = await ends(neighbour, 1)

    assert 0 == cancelled.code
    assert "its command is sent again, so that it ends as cancelled" in cancelled.err
    assert ("i1", "failed", "cancelled", {}) == (end["import_id"], end["state"], end["reason"], counts(end))
    assert "failed" == (await db["imports"].find_one({"_id": "i1"}) or {})["state"]
    await check_books(neighbour, db)


async def test_one_whose_command_waits_is_not_sent_again(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database
) -> None:
    """While the importer is down, or waits for S3, it still has the command, however long there was no progress."""
    codes = Codes(environment)
    await left_running(db, files.command("short.csv"))
    await neighbour.send(IMPORT, files.command("short.csv"), key=b"sale")

    retried = await codes("imports", "retry", "i1")
    cancelled = await codes("imports", "cancel", "i1")

    assert (1, True) == (retried.code, "import i1 is running" in retried.err)
    assert (0, "") == (cancelled.code, cancelled.err)
    assert 1 == len(await neighbour.records(IMPORT, 1, settle_s=0.5))
