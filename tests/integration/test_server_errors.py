"""Whatever a database answers to any statement, no good request is refused: the worker retries it to its result.

Errors are said in the server's place by a proxy, so this runs on every engine. The codes are a sample of every class;
`tests/unit/stores/test_error_codes.py` has them all.
"""

from itertools import chain
from pathlib import Path

import pytest

from ops.settings.load import Settings
from tests.fakes.mongo_proxy import Fault, Statement, mongo_proxied
from tests.integration.conftest import PutCodes
from tests.integration.hurting import (
    COMMIT,
    HURRIED,
    OF_A_SALE,
    OF_A_TAKE_OVER,
    REFUSALS,
    SAMPLE,
    check_sold,
    check_well,
    faults,
    hurt_sales,
    sell,
    share,
)
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


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
