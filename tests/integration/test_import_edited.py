"""Documents of imports that somebody changed by hand until they cannot be read: no process ends because of them."""

from collections.abc import Mapping
from typing import Final

import pytest

from schemas.observation.requests import RequestUnwritable
from stores.mongo.codes import MongoParts
from stores.mongo.collections import Collections, to_document
from stores.mongo.connection import Database
from tests.fakes.imports import an_import
from tests.integration.importing import Files
from tests.integration.one_partition import Objects, Partition

pytestmark = pytest.mark.integration

TEXT: Final = b"SECRET-1\nA 1\n"


async def put(db: Database, collection: str, document: Mapping[str, object]) -> None:
    """Edit a document past the validator."""
    await db[collection].insert_one(dict(document), bypass_document_validation=True)


def said(partition: Partition) -> list[str]:
    """The refusals in the log."""
    return [str(fact.error) for fact in partition.observer.of(RequestUnwritable)]


async def test_an_import_that_cannot_be_read_is_a_dead_letter(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """The log names the field; the next command is served."""
    files.put("plain.csv", TEXT)
    await put(db, "imports", to_document(an_import(_id="i1")) | {"state": "SECRET-2"})
    partition = Partition(parts, objects)

    end = await partition.serve(files.command("plain.csv"), files.command("plain.csv", "i2"))

    assert ("i2", "completed") == (end["import_id"], end["state"])
    events = [(event["import_id"], event["state"]) for event in partition.emitter.events("imports.v1")]
    assert [("i1", "failed"), ("i2", "running"), ("i2", "completed")] == events
    assert [8, 9] == partition.emitter.offsets
    assert ["ImportDocument: state"] == [text.rpartition(": ")[0] for text in said(partition)]
    assert "SECRET" not in "".join(said(partition))


async def test_rejected_rows_that_cannot_be_read_leave_no_report(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """The import is complete all the same, and says so."""
    files.put("plain.csv", TEXT)

    async def edited(_number: int) -> None:
        await put(db, "rejects", {"_id": "i1:9", "import_id": "i1", "line": 9, "lines": ["SECRET-2"]})

    objects.before_write = edited
    end = await Partition(parts, objects).serve(files.command("plain.csv"))

    assert ("completed", "report_not_written", None) == (end["state"], end["reason"], end["report"])
    assert ["plain.csv"] == files.listed()


async def test_counts_that_cannot_be_read_fail_the_import(
    objects: Objects, files: Files, parts: MongoParts, db: Database
) -> None:
    """Codes that nobody can count are not written."""
    files.put("plain.csv", TEXT)
    shard = {"_id": "sale:tm:import.commands.v1.0", "campaign_id": "sale", "code_type": "tm", "version": "SECRET-2"}
    await put(db, "inventory", shard)
    partition = Partition(parts, objects)

    end = await partition.serve(files.command("plain.csv"))

    assert ("failed", "database_refused", 0) == (end["state"], end["reason"], end["inserted"])
    assert [8] == partition.emitter.offsets
    assert 0 == await Collections(db).codes.count_documents({})
    assert "SECRET" not in "".join(said(partition))
