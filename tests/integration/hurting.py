"""What tests of a database's errors share: the codes and the statements, a sale, and what must be true after it.

Out: `faults` and `share`, `sell` and `hurt_sales`, `check_sold` and `check_well`.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from audit.reconcile.reconciling import Report, reconcile
from ops.settings.load import Settings
from schemas.topics import ASSIGN, ASSIGNED, DEAD_LETTERS, RELEASE, RESERVE, RESULTS
from tests.fakes.mongo_proxy import WRITES, Fault, Manner, Statement, mongo_proxied
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, Role, running

HURRIED: Final = {"CODES_WORKER__BACKOFF_MAX_MS": "20"}
OF_NO_RECORD: Final = (6, 7, 89, 9001, 20, 24, 43, 46, 133, 134, 175, 202, 237, 290, 365, 462, 14031)
SAMPLE: Final = (*OF_NO_RECORD, 112, 251, 11601, 13, 8000, 1, 9, 10107, 11602, 4_567_890)
"""Also conflicts, missing rights, a step-down, and codes that nobody knows."""
REFUSALS: Final = (121, 10334, 17280)
"""Not used for writes here, because there they are the record's fault; used for reads and commits."""
EACH: Final = 7
"""Error codes for a statement in a normal run; the next statement continues the list."""
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
    """Every second error of a write names the single write; a read and a commit get refusals too."""
    if statement.command in WRITES:
        return [Fault(code, manner, of_write=bool(number % 2)) for number, code in enumerate(codes)]
    return [Fault(code, manner) for code in (*codes, REFUSALS[0])]


def share(number: int) -> list[int]:
    """The codes of the `number`-th statement, so that each code is used for some statement."""
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
    """Reconcile all campaigns."""
    return await reconcile(settings, [], repair=repair, retell=False, keep_all=True)


async def check_well(role: Role) -> None:
    """The worker runs, refused nothing, and its log and metrics name what it waited for."""
    assert None is role.process.returncode
    assert [] == role.logged("refused")
    reasons = {event["reason"] for event in role.logged("waits_for")}
    assert any("Code" in reason for reason in reasons), reasons
    _, text = await role.get("/metrics")
    waits = [line for line in text.splitlines() if line.startswith("codes_waits_total") and 'part="mongo"' in line]
    assert any('cause="server_error"' in line and not line.endswith(" 0.0") for line in waits)
    refusals = [line for line in text.splitlines() if line.startswith("codes_store_refusals_total")]
    assert [] == [line for line in refusals if not line.endswith(" 0.0")]


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
