"""Output and exit codes of `codes imports` and `codes publish import --wait`, with a running importer."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.jobs.import_pace import paces_of
from ops.settings.load import Settings
from schemas.base import rfc3339
from schemas.clock import utc_now
from schemas.import_reasons import IMPORT_REMEDIES
from schemas.topics import IMPORT, IMPORTS
from stores.mongo.connection import Database
from tests.fakes.imports import an_import
from tests.integration.commanding import Codes
from tests.integration.importing import Files, check_books, counts, ends, some_files
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration

ROWS = 40_000
LONG = "code\n" + "".join(f"CODE-{number:05}\nCODE-{number // 2:05}\nCODE {number}\n" for number in range(ROWS // 4))
LONG += "".join(f"MORE-{number:05}\n" for number in range(ROWS // 4))
"""A code, a duplicate and a rejected row, repeated; then only codes."""
SMALL = {
    "CODES_IMPORTER__RANGE_BYTES": "4096",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "10",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.1",
}
NOTHING = {"rows_read": 0, "inserted": 0, "duplicates": 0, "rejected": 0}


@pytest.fixture
def files(environment: dict[str, str]) -> Iterator[Files]:
    """A bucket of this test's own, with a long file and a short one."""
    with some_files(environment) as files:
        files.put("long.csv", LONG.encode())
        files.put("short.csv", b"A1\nA2\nA1\nA 3\n")
        yield files


@pytest.fixture
def codes(environment: dict[str, str], neighbour: Neighbour) -> Codes:
    """The command line on this test's topics and database."""
    return Codes(environment)


@pytest.fixture
async def importer(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> AsyncIterator[Role]:
    """A running importer with small chunks."""
    async with running("importer", environment, tmp_path / "importer.log", **SMALL) as role:
        await role.until_ready()
        yield role
        role.signal(signal.SIGTERM)
        assert 0 == await role.ended()


async def under_way(neighbour: Neighbour) -> None:
    """Wait until the first rows are imported."""
    seen = 0
    while True:
        events = await neighbour.values(IMPORTS, seen + 1)
        if any(event["rows_read"] for event in events):
            return
        seen = len(events)


async def one_end(neighbour: Neighbour) -> Mapping[str, Any]:
    """The only end event, after a moment in which a second one could come."""
    await ends(neighbour, 1)
    await neighbour.records(IMPORTS, 1, settle_s=0.5)
    [end] = await ends(neighbour, 1)
    return end


async def check_kept(end: Mapping[str, Any], files: Files, db: Database) -> None:
    """The end event of a cancelled import equals the codes, the document and the report that it left."""
    assert ("failed", "cancelled") == (end["state"], end["reason"])
    assert 0 < end["rows_read"] < ROWS
    assert end["inserted"] == await db["codes"].count_documents({})
    assert end["rejected"] == files.text(end["report"]).count("\n") - 1
    assert 0 == await db["rejects"].count_documents({})
    document = await db["imports"].find_one({"_id": "i1"}) or {}
    assert ("failed", counts(end)) == (document["state"], counts(document))
    assert end["duration_s"] == (document["changed_at"] - document["started_at"]).total_seconds()


async def test_a_cancelled_import_keeps_what_it_has(
    codes: Codes, importer: Role, neighbour: Neighbour, files: Files, db: Database
) -> None:
    """It stops at the end of a chunk, with one end event and exact counts; a repeated command gets the same end."""
    await neighbour.send(IMPORT, files.command("long.csv"), key=b"sale")
    await under_way(neighbour)

    refused = await codes("imports", "retry", "i1")
    shown = await codes("imports", "show", "i1", "--json")
    cancelled = await codes("imports", "cancel", "i1")
    end = await one_end(neighbour)

    assert (1, True) == (refused.code, "import i1 is running" in refused.err)
    assert ("running", None, None) == tuple(shown.json[name] for name in ("state", "cancel_asked_at", "remedy"))
    assert 0 < shown.json["progress_percent"] < 100
    assert (0, "") == (cancelled.code, cancelled.err)
    assert "import i1 stops at the end of the current chunk" in cancelled.out
    await check_kept(end, files, db)
    await check_books(neighbour, db)
    await neighbour.send(IMPORT, files.command("long.csv"), key=b"sale")
    assert [end, end] == await ends(neighbour, 2)
    end_events = [record for record in await neighbour.records(IMPORTS, 1) if b'"running"' not in record.value]
    assert 1 == len({dict(record.headers)["ce_id"] for record in end_events})
    await check_books(neighbour, db)


async def test_an_import_cancelled_before_it_begins(
    codes: Codes, environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """It writes nothing, and ends as soon as it starts; later imports are processed."""
    cancelled = await codes("imports", "cancel", "i1", "--force")
    shown = await codes("imports", "show", "i1")
    await neighbour.send(IMPORT, files.command("short.csv", "i1"), key=b"sale")
    await neighbour.send(IMPORT, files.command("short.csv", "i2"), key=b"sale")
    async with running("importer", environment, tmp_path / "importer.log"):
        [first, second] = await ends(neighbour, 2)

    assert (0, "import i1 has not started; it will be cancelled when it starts\n") == (cancelled.code, cancelled.out)
    assert (1, True) == (shown.code, "it is cancelled" in shown.err)
    assert ("failed", "cancelled", NOTHING) == (
        first["state"],
        first["reason"],
        {name: first[name] for name in NOTHING},
    )
    assert ("i2", "completed", 2) == (second["import_id"], second["state"], second["inserted"])
    await check_books(neighbour, db)


async def test_a_cancelled_import_that_is_killed_stays_cancelled(
    codes: Codes, environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """Killed after the chunk and before its end is written, it is ended by the next importer, without another row."""
    await neighbour.send(IMPORT, files.command("long.csv"), key=b"sale")
    doomed = {**SMALL, "CODES_FAILPOINT": "before_import_end:kill"}
    async with running("importer", environment, tmp_path / "doomed.log", **doomed) as role:
        await under_way(neighbour)
        await codes("imports", "cancel", "i1")
        assert -signal.SIGKILL == await role.ended()
    before = await db["imports"].find_one({"_id": "i1"}) or {}
    async with running("importer", environment, tmp_path / "heir.log", **SMALL):
        end = await one_end(neighbour)

    assert "running" == before["state"]
    assert counts(before) == counts(end)
    await check_kept(end, files, db)
    await check_books(neighbour, db)


async def test_an_import_is_sent_again(
    codes: Codes, importer: Role, neighbour: Neighbour, files: Files, db: Database
) -> None:
    """Under the next free id; a retry of a retry has the next number; imported codes are duplicates."""
    object_ = f"s3://{files.bucket}/short.csv"
    wait = ("--wait", "--json")
    first = await codes("publish", "import", object_, "--campaign", "sale", "--request-id", "i1", *wait)
    await codes("imports", "cancel", "i1:2", "--force")

    second = await codes("imports", "retry", "i1", *wait)
    third = await codes("imports", "retry", "i1:3", *wait)
    named = await codes("imports", "retry", "i1:3", "--request-id", "again", *wait)

    assert ["i1", "i1:3", "i1:4", "again"] == [ended.json["import_id"] for ended in (first, second, third, named)]
    assert [0] * 4 == [ended.code for ended in (first, second, third, named)]
    assert {"rows_read": 4, "inserted": 2, "duplicates_in_file": 1, "rejected": 1} == counts(first.json)
    assert {"rows_read": 4, "duplicates_in_campaign": 3, "rejected": 1} == counts(third.json)
    unknown = await codes("imports", "retry", "nothing")
    too_long = await codes("imports", "retry", "i1", "--request-id", "x" * 111)
    assert (1, 2) == (unknown.code, too_long.code)
    assert "import nothing has not started" in unknown.err
    await check_books(neighbour, db)


async def test_imports_are_listed_and_shown(codes: Codes, importer: Role, neighbour: Neighbour, files: Files) -> None:
    """Newest first, all or some; each with its figures, a failed import with its remedy."""
    await neighbour.send(IMPORT, files.command("short.csv", "i1"), key=b"sale")
    await ends(neighbour, 1)
    await neighbour.send(IMPORT, {**files.command("none.csv", "i2"), "campaign_id": "other"}, key=b"other")
    await ends(neighbour, 2)

    listed, one_campaign, newest, failed, done, ended = await asyncio.gather(
        codes("imports", "list"),
        codes("imports", "list", "--json", "--campaign", "sale"),
        codes("imports", "list", "--json", "--limit", "1", "--state", "failed"),
        codes("imports", "show", "i2"),
        codes("imports", "show", "i1", "--json"),
        codes("imports", "cancel", "i1"),
    )

    [_, newer, older] = listed.out.splitlines()
    assert ["i2", "other", "failed:", "no_such_object", *"---0000"] == newer.split()[:11]
    assert ["i1", "sale", "completed", "100", "%", "-"] == older.split()[:6]
    assert ["4", "2", "1", "1"] == older.split()[7:11]
    assert (round(4 / done.json["duration_s"], 1), None) == (done.json["rows_per_s"], done.json["left_s"])
    ids = [[listed["import_id"] for listed in found.json["imports"]] for found in (one_campaign, newest)]
    assert [["i1"], ["i2"]] == ids
    assert IMPORT_REMEDIES["no_such_object"] in failed.out
    assert (1, 0, f"s3://{files.bucket}/short.csv.i1.rejects.csv") == tuple(
        done.json[name] for name in ("duplicates_in_file", "duplicates_in_campaign", "report")
    )
    assert (1, "codes: import i1 has already ended: completed\n") == (ended.code, ended.err)


async def test_the_pace_of_a_running_import_is_that_of_its_events(migrated: Settings, neighbour: Neighbour) -> None:
    """As on the page; an import without events has none, and without Kafka there are none."""
    now = utc_now()
    for seconds, rows in ((-10, 0), (0, 500)):
        figures = {"rows_read": rows, "inserted": rows, "bytes_read": rows * 10, "bytes_total": 20_000, "rejected": 0}
        about = {"import_id": "i-1", "campaign_id": "sale", "code_type": "tm", "state": "running", "duplicates": 0}
        await neighbour.send(IMPORTS, {**about, **figures, "at": rfc3339(now + timedelta(seconds=seconds))})
    documents = [an_import(_id=import_id, changed_at=now) for import_id in ("i-1", "i-2")]

    paces = await paces_of(migrated, documents, now)
    nowhere = migrated.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    without_kafka = await paces_of(migrated.model_copy(update={"kafka": nowhere}), documents, now)

    found = [(paces[name].rows_per_s(now.timestamp()), paces[name].left_s(now.timestamp(), 20_000)) for name in paces]
    assert [(50.0, 30.0), (None, None)] == found
    assert {} == without_kafka


async def test_waiting_shows_an_imports_progress(
    codes: Codes, importer: Role, neighbour: Neighbour, files: Files
) -> None:
    """A bar in a terminal, otherwise a line per event; only the end on standard output; a failure with its remedy."""
    source, more = f"s3://{files.bucket}", ("--campaign", "sale", "--wait", "--json")
    files.put("other.csv", LONG.replace("CODE-", "C-").encode()[: len(LONG) // 20])

    at_terminal, piped, failed = (
        await codes.at_terminal("publish", "import", f"{source}/other.csv", *more),
        await codes("publish", "import", f"{source}/short.csv", *more),
        await codes("publish", "import", f"{source}/none.csv", *more),
    )

    assert ["completed", "completed", "failed"] == [ended.json["state"] for ended in (at_terminal, piped, failed)]
    assert [0, 0, 1] == [ended.code for ended in (at_terminal, piped, failed)]
    assert "waiting for the importer" in at_terminal.err
    assert " rows, " in at_terminal.err
    assert "/s" in at_terminal.err
    assert piped.err.startswith("import: waiting for the importer\nimport: rows_read=0 inserted=0")
    assert f"codes: no_such_object: {IMPORT_REMEDIES['no_such_object']}" in failed.err.splitlines()


async def test_ctrl_c_ends_the_waiting_but_not_the_import(codes: Codes, neighbour: Neighbour, files: Files) -> None:
    """The message says how to check the import, and how to stop it."""
    source = f"s3://{files.bucket}/short.csv"
    more = ("--campaign", "sale", "--request-id", "i1", "--wait")
    process = await codes.start("publish", "import", source, *more)
    await neighbour.records(IMPORT, 1)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 30)

    assert 130 == process.returncode
    commands = "Its progress: codes imports show i1; to stop it: codes imports cancel i1"
    assert f"sent. {commands}\n" in err.decode()
