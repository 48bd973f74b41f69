"""Whatever a database answers to an importer, an expirer or a repair: see `test_server_errors.py` for workers."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.settings.load import Settings, load_settings
from schemas.errors import StoreUnavailable
from schemas.topics import IMPORT, RELEASE
from stores.mongo.connection import Database
from tests.fakes.mongo_proxy import Fault, Statement, mongo_proxied
from tests.fakes.stocking import put_holds
from tests.integration.conftest import PutCodes
from tests.integration.hurting import (
    COMMIT,
    HURRIED,
    OF_A_REPAIR,
    OF_AN_IMPORT,
    REFUSALS,
    REPAIRS_MAX,
    SAMPLE,
    check_well,
    faults,
    look,
    share,
)
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.running import Neighbour, running, until

pytestmark = pytest.mark.integration


async def test_no_error_of_an_importer_s_statement_fails_an_import(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """All errors in one import: its counts equal the file's, and its report exists."""
    rows = [f"CODE-{number:03}" for number in range(200)]
    files.put("codes.csv", "\n".join([*rows, "not a code, but"] * 2).encode())
    limits = {"CODES_IMPORTER__RANGE_BYTES": "1024", "CODES_IMPORTER__ROWS_PER_CHUNK_MAX": "50"}
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        for number, statement in enumerate(OF_AN_IMPORT):
            proxy.fail(statement, faults(statement, share(number)))
        proxy.fail(COMMIT, [Fault(code, "after") for code in (*REFUSALS, 133, 251)])
        async with running(
            "importer", environment, tmp_path / "importer.log", CODES_MONGO__URI=uri, **limits, **HURRIED
        ) as importer:
            await importer.until_ready()
            await neighbour.send(IMPORT, files.command("codes.csv"), key=b"sale")
            [end] = await ends(neighbour, 1, timeout_s=60)
            await check_well(importer)
        assert {} == proxy.left

    assert ("completed", None) == (end["state"], end["reason"])
    assert {"rows_read": 402, "inserted": 200, "duplicates_in_file": 200, "rejected": 2} == counts(end)
    assert 3 == len(files.text(end["report"]).splitlines())
    await check_books(neighbour, db)


async def test_an_expirer_waits_out_what_it_is_answered(
    environment: dict[str, str], neighbour: Neighbour, db: Database, tmp_path: Path
) -> None:
    """It once ended at the first such read, with a message about validators."""
    await put_holds(db, "sale", 5, datetime.now(UTC) - timedelta(seconds=5))
    reading = Statement("find", "reservations")
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        proxy.fail(reading, faults(reading, SAMPLE))
        async with running(
            "expirer", environment, tmp_path / "expirer.log", CODES_MONGO__URI=uri, **HURRIED
        ) as expirer:
            await expirer.until_ready()
            asked = await neighbour.values(RELEASE, 5)
            await until(lambda: not proxy.left, "all errors are said", 30)
            await check_well(expirer)

    assert {f"sale-{number}" for number in range(5)} == {request["reservation_id"] for request in asked}


async def test_reconcile_ends_with_the_error_or_with_the_truth(
    environment: dict[str, str], migrated: Settings, stocked: PutCodes, db: Database, neighbour: Neighbour
) -> None:
    """A repair through errors: run again until it goes through, it corrects once. Commits are done and unheard.

    An error instead of a commit would leave this transaction open in the server, which a server does not do.
    """
    await stocked("sale", 10)
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        for number, statement in enumerate(OF_A_REPAIR):
            proxy.fail(statement, faults(statement, share(number), "after" if statement == COMMIT else "instead"))
        through = load_settings({**environment, "CODES_MONGO__URI": uri})
        for _ in range(REPAIRS_MAX):
            await db["inventory"].update_one({"campaign_id": "sale"}, {"$inc": {"available": 1}})
            while not await went_through(through):
                pass
            assert 0 == (await look(migrated)).drift
            if not proxy.left:
                break

    assert {} == proxy.left


async def went_through(settings: Settings) -> bool:
    """Whether a repair ended well; if not, MongoDB was at fault.

    In a loop of its own: a client that is closed ends its sessions without `await`, and the proxy is in this one.
    """
    try:
        report = await asyncio.to_thread(lambda: asyncio.run(look(settings, repair=True)))
    except StoreUnavailable:
        return False
    return 0 == report.remaining
