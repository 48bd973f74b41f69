"""What a command says is true, and what it advises works."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ops.exit_codes import Exit
from schemas.topics import RESERVE, RESULTS
from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.running import Neighbour, running
from tests.integration.test_kafka_unavailable import nobody

pytestmark = pytest.mark.integration


@pytest.fixture
def codes(environment: dict[str, str], migrated: Any) -> Codes:
    return Codes(environment)


async def test_an_import_that_timed_out_is_found_waiting(codes: Codes) -> None:
    """The advised command knows that the import was sent, although no importer has started it."""
    ids = ("--campaign", "sale", "--request-id", "nu-1")
    waited = await codes("publish", "import", "s3://none/none.csv", *ids, "--wait", "--timeout-s", "0.5")
    shown = await codes("imports", "show", "nu-1")
    absent = await codes("imports", "show", "nu-2")

    assert Exit.TIMED_OUT == waited.code
    assert waited.err.endswith("nu-1 was sent, and will be processed. Check: codes imports show nu-1\n")
    assert (1, "codes: import nu-1 has not started; its command waits for an importer\n") == (shown.code, shown.err)
    assert (1, "codes: there is no import nu-2\n") == (absent.code, absent.err)


async def test_an_unknown_import_is_cancelled_only_by_force(codes: Codes, db: Database) -> None:
    """A mistyped id is an error; one whose command is waiting is not."""
    refused = await codes("imports", "cancel", "nope")
    recorded = await db["cancellations"].count_documents({})
    await codes("publish", "import", "s3://none/none.csv", "--campaign", "sale", "--request-id", "nu-1")
    waiting = await codes("imports", "cancel", "nu-1")
    forced = await codes("imports", "cancel", "nope", "--force")

    assert (1, "", 0) == (refused.code, refused.out, recorded)
    assert "there is no import nope" in refused.err
    assert "--force" in refused.err
    assert [0, 0] == [waiting.code, forced.code]
    assert {"nope", "nu-1"} == {found["_id"] async for found in db["cancellations"].find()}


async def test_a_refusal_says_how_many_codes_are_left(
    codes: Codes, environment: dict[str, str], stocked: PutCodes, tmp_path: Path
) -> None:
    """And what to do; without the database, only what to do."""
    await stocked("sale", 1)
    order = ("publish", "reserve", "--campaign", "sale", "--fan", "fan-1", "--quantity", "2", "--wait")
    blind = Codes({**environment, "CODES_MONGO__URI": f"mongodb://{nobody()}/?serverSelectionTimeoutMS=100"})
    async with running("worker", environment, tmp_path / "worker.log"):
        refused, without = await codes(*order), await blind(*order)
        unknown = await codes("publish", "reserve", "--campaign", "none", "--fan", "fan-1", "--wait")

    assert [1, 1, 1] == [ended.code for ended in (refused, without, unknown)]
    remedy = "Request fewer codes, or import more, and send a new request."
    assert f"codes: out_of_stock: 1 left, 2 wanted. {remedy}\n" == refused.err
    assert f"codes: out_of_stock: {remedy}\n" == without.err
    assert unknown.err.startswith("codes: unknown_campaign: Check the campaign's id")


async def test_an_unreadable_request_points_to_its_dead_letter(
    codes: Codes, environment: dict[str, str], neighbour: Neighbour, tmp_path: Path
) -> None:
    """The ledger has no entry for it."""
    async with running("worker", environment, tmp_path / "worker.log"):
        await neighbour.send(RESERVE, {"request_id": "bad-1", "campaign_id": "sale"})
        await neighbour.records(RESULTS, 1)
    shown = await codes("show", "request", "bad-1")

    assert 1 == shown.code
    assert "no request bad-1 in the ledger; its record is a dead letter, " in shown.err
    assert "(invalid: fan_id" in shown.err


async def test_without_a_broker_nobody_claims_to_have_waited(codes: Codes) -> None:
    """`codes migrate` fails at once, with the address and the setting to check."""
    address = nobody()
    failed = await Codes({**codes.environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": address})("migrate")

    assert (Exit.UNREACHABLE, "") == (failed.code, failed.out)
    assert address in failed.err
    assert "CODES_KAFKA__BOOTSTRAP_SERVERS" in failed.err
    assert "wait" not in failed.err.lower()


def test_a_role_without_variables_says_so() -> None:
    """Otherwise it would wait for a part on this machine, and only its log would show it."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("CODES_", "AWS_"))}
    command = [sys.executable, "-m", "cli.main", "worker"]
    settings = {**bare, "CODES_OPS__PORT": "0"}
    with subprocess.Popen(command, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as role:  # noqa: S603  # ours
        assert role.stderr is not None
        said = [role.stderr.readline() for _ in range(2)]
        role.send_signal(signal.SIGKILL)

    hint = "is set; for the local stack: export $(codes dev env)\n"
    assert [f"codes: no variable CODES_{part}__… {hint}" for part in ("KAFKA", "MONGO")] == [
        line.decode() for line in said
    ]
