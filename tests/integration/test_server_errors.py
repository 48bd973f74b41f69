"""Whatever a database answers to whichever statement, no good request is refused: it is waited out, and then true.

Errors are said in the server's place by a proxy, so this runs on every engine. The codes are a sample of every class;
`tests/unit/stores/test_error_codes.py` has them all.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest

from ops.errands.reconciling import Report, reconcile
from ops.settings import Settings, load_settings
from schemas.errors import StoreUnavailable
from schemas.topics import ASSIGN, ASSIGNED, DEAD_LETTERS, IMPORT, RELEASE, RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.fakes.mongo_proxy import WRITES, Fault, Manner, Statement, mongo_proxied
from tests.fakes.stocking import put_holds
from tests.integration.conftest import PutCodes
from tests.integration.importing import Files, check_books, counts, ends
from tests.integration.running import Neighbour, Role, running, until

pytestmark = pytest.mark.integration

HURRIED: Final = {"CODES_WORKER__BACKOFF_MAX_MS": "20"}
OF_THE_ISSUE: Final = (6, 7, 89, 9001, 20, 24, 43, 46, 133, 134, 175, 202, 237, 290, 365, 462, 14031)
SAMPLE: Final = (*OF_THE_ISSUE, 112, 251, 11601, 13, 8000, 1, 9, 10107, 11602, 4_567_890)
"""Also conflicts, missing rights, a step-down, and what nobody ever heard of."""
REFUSALS: Final = (121, 10334, 17280)
"""Never said of a write here, for there they are the record's fault; but of reads and commits."""
EACH: Final = 7
"""Codes for a statement in a normal run; the next one goes on where this one ended."""
REPAIRS_MAX: Final = 50

COMMIT: Final = Statement("commitTransaction")
ABORT: Final = Statement("abortTransaction")
OF_A_SALE: Final = (
    Statement("find", "requests"),
    Statement("find", "reservations"),
    Statement("find", "inventory"),
    Statement("find", "codes"),
    Statement("insert", "requests"),
    Statement("update", "codes"),
    Statement("insert", "reservations"),
    Statement("update", "reservations"),
    Statement("insert", "inventory"),
    Statement("update", "inventory"),
    COMMIT,
)
OF_AN_IMPORT: Final = (
    Statement("find", "imports"),
    Statement("insert", "imports"),
    Statement("update", "imports"),
    Statement("find", "codes"),
    Statement("find", "inventory"),
    Statement("find", "cancellations"),
    Statement("insert", "inventory"),
    Statement("update", "inventory"),
    Statement("insert", "rejects"),
    Statement("insert", "codes"),
    COMMIT,
    Statement("find", "rejects"),
    Statement("delete", "rejects"),
)
OF_A_TAKE_OVER: Final = (Statement("find", "owners"), Statement("killSessions"), Statement("update", "owners"))
OF_A_REPAIR: Final = (
    Statement("find", "inventory"),
    Statement("aggregate", "codes"),
    Statement("update", "inventory"),
    COMMIT,
)


def faults(statement: Statement, codes: Iterable[int], manner: Manner = "instead") -> list[Fault]:
    """Every second error of a write is said of the single write; a read and a commit get refusals too."""
    if statement.command in WRITES:
        return [Fault(code, manner, of_write=bool(number % 2)) for number, code in enumerate(codes)]
    return [Fault(code, manner) for code in (*codes, REFUSALS[0])]


def share(number: int) -> list[int]:
    """The codes of the `number`-th statement, so that all are said to some."""
    return [SAMPLE[(number * EACH + step) % len(SAMPLE)] for step in range(EACH)]


async def sell(neighbour: Neighbour, campaign: str, before: int) -> list[dict[str, Any]]:
    """Two holds, one after the other, then one is assigned and one released; the results of all four."""
    fan = {"campaign_id": campaign, "fan_id": "fan"}
    for number, hold in enumerate((f"{campaign}-a", f"{campaign}-b"), start=1):
        await neighbour.send(RESERVE, {"request_id": hold, **fan}, partition=0)
        await neighbour.values(RESULTS, before + number)
    await neighbour.send(ASSIGN, {"request_id": f"{campaign}-c", "reservation_id": f"{campaign}-a", **fan})
    await neighbour.send(RELEASE, {"request_id": f"{campaign}-d", "reservation_id": f"{campaign}-b", **fan})
    return (await neighbour.values(RESULTS, before + 4))[before:]


async def check_sold(neighbour: Neighbour, settings: Settings, sales: int) -> None:
    """Each request has its one right answer, none is a dead letter, no code is given twice, and counts are right."""
    results = await neighbour.values(RESULTS, 4 * sales, settle_s=0.5)
    assert 4 * sales == len({result["request_id"] for result in results}) == len(results)
    assert ["assigned", "released", "reserved", "reserved"] * sales == [
        outcome for outcome, _ in sorted_by_campaign(results)
    ]
    assert {None} == {reason for _, reason in sorted_by_campaign(results)}
    assert [] == await neighbour.records(DEAD_LETTERS, 0)
    report = await look(settings)
    assert (0, sales) == (report.drift, report.campaigns)
    events = await neighbour.values(ASSIGNED, sales)
    assert sales == len(events) == len({event["code_id"] for event in events})


def sorted_by_campaign(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, str | None]]:
    """Outcomes and reasons."""
    found = sorted(results, key=lambda result: (result["campaign_id"], result["outcome"]))
    return [(result["outcome"], result["reason"]) for result in found]


async def look(settings: Settings, *, repair: bool = False) -> Report:
    """All campaigns."""
    return await reconcile(settings, [], repair=repair, retell=False, keep_all=True)


async def check_well(role: Role) -> None:
    """It lives, refused nothing, and its log and its metrics say what it waited for."""
    assert None is role.process.returncode
    assert [] == role.logged("refused")
    reasons = {event["reason"] for event in role.logged("waits_for")}
    assert any("Code" in reason for reason in reasons), reasons
    _, text = await role.get("/metrics")
    waits = [line for line in text.splitlines() if line.startswith("codes_waits_total") and 'part="mongo"' in line]
    assert any('cause="server_error"' in line and not line.endswith(" 0.0") for line in waits)
    assert not any(line.startswith("codes_store_refusals_total") for line in text.splitlines())


async def hurt_sales(
    environment: dict[str, str],
    neighbour: Neighbour,
    stocked: PutCodes,
    log: Path,
    cases: Sequence[tuple[Statement, Sequence[Fault]]],
) -> None:
    """A sale for each case, whose statements fail so; then all is well."""
    async with (
        mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri),
        running("worker", environment, log, CODES_MONGO__URI=uri, **HURRIED) as worker,
    ):
        await worker.until_ready()
        for number, (statement, wrong) in enumerate(cases):
            await stocked(f"sale-{number:02}", 4)
            proxy.fail(statement, wrong)
            proxy.fail(ABORT, [Fault(code) for code in SAMPLE[:2]])
            await sell(neighbour, f"sale-{number:02}", 4 * number)
            assert {} == {left: count for left, count in proxy.left.items() if left != ABORT}
        await check_well(worker)


async def test_no_error_of_a_worker_s_statement_refuses_a_request(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """Neither of gather's reads, nor of apply's writes, nor of the commit."""
    cases = [(statement, faults(statement, share(number))) for number, statement in enumerate(OF_A_SALE)]

    await hurt_sales(environment, neighbour, stocked, tmp_path / "worker.log", cases)

    await check_sold(neighbour, migrated, len(cases))


@pytest.mark.long
async def test_nor_does_any_code_of_the_sample(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """The same, each code at each statement."""
    cases = [(statement, faults(statement, SAMPLE)) for statement in OF_A_SALE]

    await hurt_sales(environment, neighbour, stocked, tmp_path / "worker.log", cases)

    await check_sold(neighbour, migrated, len(cases))


async def test_a_commit_whose_answer_is_an_error_is_asked_for_in_the_ledger(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """It was done: with a refusal for an answer, with any other, and with none. The codes are the fan's."""
    after = [[Fault(code, "after")] for code in (*REFUSALS, 133, 14031, 50, 64, 251, 112, 8000, 91)]
    cut = [[Fault(0, "cut")], [Fault(0, "cut"), Fault(133)]]
    cases = [(COMMIT, wrong) for wrong in chain(after, cut)]

    await hurt_sales(environment, neighbour, stocked, tmp_path / "worker.log", cases)

    await check_sold(neighbour, migrated, len(cases))


async def test_a_partition_is_taken_over_through_errors(
    environment: dict[str, str], migrated: Settings, neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """By the heir of a worker that was here before."""
    await stocked("sale-00", 4)
    await stocked("sale-01", 4)
    async with running("worker", environment, tmp_path / "first.log") as first:
        await first.until_ready()
        await sell(neighbour, "sale-00", 0)
    async with mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri):
        for number, statement in enumerate(OF_A_TAKE_OVER):
            proxy.fail(statement, [Fault(code) for code in (*share(number), 11000, *REFUSALS)])
        async with running("worker", environment, tmp_path / "heir.log", CODES_MONGO__URI=uri, **HURRIED) as heir:
            await heir.until_ready()
            await sell(neighbour, "sale-01", 4)
            await check_well(heir)
        assert {Statement("killSessions")} >= proxy.left.keys()  # its errors are not asked about again
        assert all(proxy.seen[statement] for statement in OF_A_TAKE_OVER)

    await check_sold(neighbour, migrated, 2)


async def test_no_error_of_an_importer_s_statement_fails_an_import(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """All of them in one import: its counts are those of the file, and its report is there."""
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

    In a loop of its own: a client that is closed says goodbye without `await`, and the proxy is in this one.
    """
    try:
        report = await asyncio.to_thread(lambda: asyncio.run(look(settings, repair=True)))
    except StoreUnavailable:
        return False
    return 0 == report.remaining


async def test_statements_carry_the_promise_whatever_the_address_says(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """As they go over the wire: a write that may be repeated, a majority's journal, reads of what stays."""
    await stocked("sale-00", 4)
    weak = "&w=1&journal=false&readConcernLevel=local&readPreference=secondary&retryWrites=false&wtimeoutMS=1"
    async with (
        mongo_proxied(environment["CODES_MONGO__URI"]) as (proxy, uri),
        running("worker", environment, tmp_path / "worker.log", CODES_MONGO__URI=uri + weak) as worker,
    ):
        await worker.until_ready()
        await sell(neighbour, "sale-00", 0)

    commit, owner = proxy.bodies[COMMIT], proxy.bodies[Statement("update", "owners")]
    assert ("majority", True) == (commit["writeConcern"]["w"], commit["writeConcern"]["j"])
    assert ("majority", True) == (owner["writeConcern"]["w"], owner["writeConcern"]["j"])
    assert "txnNumber" in owner
    assert "majority" == proxy.bodies[Statement("find", "requests")]["readConcern"]["level"]
    assert "majority" == proxy.bodies[Statement("insert", "requests")]["readConcern"]["level"]
