"""`codes importer` as a neighbour sees it: objects in S3 and commands in, events and codes out, on real parts."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import DEAD_LETTERS, IMPORT, IMPORTS, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration

NO_VERSION = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
"""Nobody's, but written like one: S3 refuses what cannot be a version id without looking for it."""

LIMITS = {
    "CODES_IMPORTER__RANGE_BYTES": "1024",
    "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "50",
    "CODES_IMPORTER__PROGRESS_EVERY_S": "0.1",
}
CODES = [f"CODE-{number:04}" for number in range(500)]
TEXT = "\n".join(CODES).encode()
MESSY = (
    '\ufeffName,Code,code_type\r\n"a, b",A-1,tm\r\n\r\nx, A-2 ,external\r\n"two\r\nlines",A-3,\r\n'
    'x,A-1,tm\r\nx,,\r\nx,B 4,tm\r\nZoë,"A-5",gold\r\n"x,A-6\r\nx,A-7,tm'
).encode()
"""Four codes, a duplicate, and rejected rows in the lines 8, 9, 10 and 11."""


@pytest.fixture
async def importer(
    environment: dict[str, str], neighbour: Neighbour, files: Files, tmp_path: Path
) -> AsyncIterator[Role]:
    """A running importer with small limits; it may read this test's bucket and one that does not exist."""
    allowed = {"CODES_S3__ALLOWED_BUCKETS": f'["{files.bucket}", "no-such-bucket"]'}
    async with running("importer", environment, tmp_path / "importer.log", **LIMITS, **allowed) as role:
        await role.until_ready()
        yield role
        role.signal(signal.SIGTERM)
        assert 0 == await role.ended()
        assert not any(code in role.log.read_text() for code in CODES)


async def load(neighbour: Neighbour, command: dict[str, str], count: int = 1) -> dict[str, Any]:
    """Send a command; gives the `count`-th end event of the test."""
    await neighbour.send(IMPORT, command, key=b"sale")
    return (await ends(neighbour, count))[count - 1]


async def test_a_plain_import(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """All codes are there and available, and the events say so from the first to the last."""
    files.put("plain.csv", TEXT)

    end = await load(neighbour, files.command("plain.csv"))

    assert ("completed", None, None) == (end["state"], end["reason"], end["report"])
    assert {"rows_read": 500, "inserted": 500} == counts(end)
    assert len(TEXT) == end["bytes_read"] == end["bytes_total"]
    first = (await neighbour.values(IMPORTS, 1))[0]
    assert ("running", 0, None) == (first["state"], first["rows_read"], first["bytes_total"])
    found = await db["codes"].find({}).to_list(None)
    assert sorted(CODES) == sorted(code["code"] for code in found)
    assert {("available", "i1", "tm")} == {(code["status"], code["imported_by"], code["code_type"]) for code in found}
    assert {end["campaign_id"].encode()} == {record.key for record in await neighbour.records(IMPORTS, 1)}
    await check_books(neighbour, db)


async def test_a_messy_file(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """Header, BOM, CRLF, quotes, blanks, types; the report names lines and reasons, and no code."""
    files.put("messy.csv", MESSY)

    end = await load(neighbour, files.command("messy.csv"))

    assert {"rows_read": 9, "inserted": 4, "duplicates_in_file": 1, "rejected": 4} == counts(end)
    assert f"s3://{files.bucket}/messy.csv.i1.rejects.csv" == end["report"]
    assert "line,reason\n8,empty\n9,bad_character\n10,code_type\n11,bad_quoting\n" == files.text(end["report"])
    found = {code["code"]: code["code_type"] async for code in db["codes"].find({})}
    assert {"A-1": "tm", "A-2": "external", "A-3": "tm", "A-7": "tm"} == found
    assert 0 == await db["rejects"].count_documents({})
    await check_books(neighbour, db)


async def test_objects_that_cannot_be_had(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """What does not exist or is not allowed fails at once, and the next command is served."""
    files.put("there.csv", b"A1\n")
    wrong = [
        (files.command("missing.csv", "i1"), "no_such_object"),
        ({**files.command("there.csv", "i2"), "bucket": "no-such-bucket"}, "no_such_bucket"),
        ({**files.command("there.csv", "i3"), "bucket": "other-bucket"}, "bucket_not_allowed"),
        (files.command("there.csv", "i4", version_id=NO_VERSION), "no_such_object"),
    ]
    for number, (command, reason) in enumerate(wrong, start=1):
        end = await load(neighbour, command, number)
        assert ("failed", reason, {}) == (end["state"], end["reason"], counts(end))

    assert "completed" == (await load(neighbour, files.command("there.csv", "i5"), 5))["state"]
    await check_books(neighbour, db)


async def test_the_same_command_twice(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """The second one is answered with the first one's end event: same body, same `ce_id`. Nothing is written."""
    files.put("plain.csv", MESSY)
    first = await load(neighbour, files.command("plain.csv"))
    files.put("plain.csv", b"OTHER\n")

    again = await load(neighbour, files.command("plain.csv"), 2)

    assert first == again
    records = [record for record in await neighbour.records(IMPORTS, 3) if b'"running"' not in record.value]
    assert 2 == len(records)
    assert 1 == len({dict(record.headers)["ce_id"] for record in records})
    assert 4 == await db["codes"].count_documents({})
    await check_books(neighbour, db)


async def test_a_request_id_used_for_something_else(
    importer: Role, neighbour: Neighbour, files: Files, db: Database
) -> None:
    """It is refused, and the first import's document and end stay as they are."""
    files.put("a.csv", b"A1\n")
    files.put("b.csv", b"B1\n")
    first = await load(neighbour, files.command("a.csv"))
    before = await db["imports"].find_one({"_id": "i1"})

    end = await load(neighbour, files.command("b.csv"), 2)

    assert ("failed", "request_id_reused", {}) == (end["state"], end["reason"], counts(end))
    assert before == await db["imports"].find_one({"_id": "i1"})
    assert first == await load(neighbour, files.command("a.csv"), 3)
    ids = [dict(record.headers)["ce_id"] for record in await neighbour.records(IMPORTS, 1)]
    assert ids[-1] != ids[-2]
    await check_books(neighbour, db)


async def test_duplicates_of_the_campaign(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """Codes that the campaign has already change nothing, whatever their type; they are counted separately."""
    files.put("a.csv", b"A1\nA2\n")
    files.put("b.csv", b"A2\nA3\nA3\nA2\n" + b"\n".join(f"C{n}".encode() for n in range(60)) + b"\nA3\nA2\n")
    await load(neighbour, files.command("a.csv", "i1"))

    end = await load(neighbour, files.command("b.csv", "i2", code_type="external"), 2)

    assert {"rows_read": 66, "inserted": 61, "duplicates_in_file": 2, "duplicates_in_campaign": 3} == counts(end)
    assert "tm" == (await db["codes"].find_one({"code": "A2"}) or {})["code_type"]
    await check_books(neighbour, db)


async def test_unreadable_commands(importer: Role, neighbour: Neighbour, files: Files, db: Database) -> None:
    """Each is a dead letter; a sender whose ids can be read gets a failed end. The command after them is served."""
    files.put("a.csv", b"A1\n")
    for value in (b"{", None, b'{"request_id": "i7"}', b'{"request_id": "i8", "campaign_id": "sale", "bucket": 3}'):
        await neighbour.send(IMPORT, value, key=b"sale")

    end = await load(neighbour, files.command("a.csv"), 2)

    [refused, _] = await ends(neighbour, 2)
    assert ("i8", "failed", "invalid_request") == (refused["import_id"], refused["state"], refused["reason"])
    assert "completed" == end["state"]
    letters = await neighbour.records(DEAD_LETTERS, 4)
    assert ["not_json", "not_json", "invalid", "invalid"] == [
        dict(letter.headers)["dlq-reason"].decode() for letter in letters
    ]
    await check_books(neighbour, db)


async def test_a_trace_comes_back(importer: Role, neighbour: Neighbour, files: Files) -> None:
    """A command's `traceparent` is on its events."""
    files.put("a.csv", b"A1\n")
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await neighbour.send(IMPORT, files.command("a.csv"), key=b"sale", headers=[("traceparent", trace)])
    await ends(neighbour, 1)

    assert {trace} == {dict(record.headers)["traceparent"] for record in await neighbour.records(IMPORTS, 1)}


async def test_a_file_of_rejected_rows_makes_the_campaign_known(
    importer: Role, neighbour: Neighbour, files: Files, environment: dict[str, str], db: Database, tmp_path: Path
) -> None:
    """A request for it is `out_of_stock`, not `unknown_campaign`."""
    files.put("bad.csv", b"A 1\nA 2\n")
    end = await load(neighbour, files.command("bad.csv"))
    async with running("worker", environment, tmp_path / "worker.log"):
        await neighbour.send(RESERVE, {"request_id": "r1", "campaign_id": "sale", "fan_id": "fan"})
        [result] = await neighbour.values(RESULTS, 1)

    assert ("completed", {"rows_read": 2, "rejected": 2}) == (end["state"], counts(end))
    assert "out_of_stock" == result["reason"]
    await check_books(neighbour, db)
