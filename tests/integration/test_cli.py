"""Output and exit codes of `codes publish`, `tail`, `show` and `audit`, with running roles on real parts."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.topics import RESULTS
from tests.integration.commanding import COMMAND_LIMIT_S, Codes, Ended
from tests.integration.conftest import PutCodes
from tests.integration.importing import some_files
from tests.integration.running import Neighbour, Role, running

pytestmark = pytest.mark.integration

CAMPAIGN = "spring"


@pytest.fixture
def codes(environment: dict[str, str], neighbour: Neighbour) -> Codes:
    """The command line on this test's topics and database."""
    return Codes(environment)


@pytest.fixture
async def worker(environment: dict[str, str], neighbour: Neighbour, tmp_path: Path) -> AsyncIterator[Role]:
    async with running("worker", environment, tmp_path / "worker.log") as role:
        await role.until_ready()
        yield role


async def reserve(codes: Codes, request_id: str, *more: str) -> Ended:
    """Reserve a code and wait for the answer."""
    ids = ("--campaign", CAMPAIGN, "--fan", "fan-1", "--request-id", request_id)
    return await codes("publish", "reserve", *ids, "--wait", "--json", *more)


async def test_an_assignment_can_be_followed_with_commands(codes: Codes, worker: Role, stocked: PutCodes) -> None:
    """Reserve, assign, and everything that can be looked up about it; a code's value only with `--reveal`."""
    await stocked(CAMPAIGN, 3)

    reserved = await reserve(codes, "r-1")
    assert (0, "reserved") == (reserved.code, reserved.json["outcome"])
    [code_id] = reserved.json["code_ids"]
    held = await codes("show", "reservation", "r-1", "--json")
    assert ("held", [code_id]) == (held.json["state"], held.json["code_ids"])

    assigned = await codes(
        *("publish", "assign", "--campaign", CAMPAIGN, "--fan", "fan-1"),
        *("--reservation", "r-1", "--request-id", "a-1", "--wait"),
    )
    assert 0 == assigned.code, assigned.err
    assert code_id in assigned.out
    tailed = await codes("tail", "assigned.v1", "--no-follow", "--json", "--reveal", "--campaign", CAMPAIGN)
    value = tailed.json["value"]["code"]

    masked = await codes("tail", "assigned.v1", "--no-follow")
    by_id = await codes("show", "code", code_id, "--json")
    by_value = await codes("show", "code", "--campaign", CAMPAIGN, typed=f"{value}\n")
    revealed = await codes("show", "code", code_id, "--reveal", "--json")
    assert ("***", "assigned") == (by_id.json["code"], by_id.json["status"])
    assert "fan-1" == by_id.json["holder"]["fan_id"]
    assert value == revealed.json["code"]
    assert code_id in by_value.out
    assert not any(value in shown.out + shown.err for shown in (assigned, masked, by_id, by_value))

    campaign = await codes("show", "campaign", CAMPAIGN, "--json")
    assert [{"code_type": "tm", "available": 2, "reserved": 0, "assigned": 1, "total": 3}] == campaign.json["counts"]
    request = await codes("show", "request", "a-1", "--json")
    assert ("assigned", True) == (request.json["outcome"], request.json["source"].startswith("assign.requests.v1."))


async def test_a_refusal_is_exit_code_1(codes: Codes, worker: Role, stocked: PutCodes) -> None:
    """A script checks the exit code; a person reads the reason."""
    await stocked(CAMPAIGN, 1)

    refused = await reserve(codes, "r-1", "--quantity", "2")
    again = await codes("publish", "release", "--campaign", CAMPAIGN, "--reservation", "r-none", "--wait")

    assert (1, "out_of_stock") == (refused.code, refused.json["reason"])
    assert 1 == again.code
    assert "reservation_not_found" in again.out


async def test_no_answer_in_time_is_exit_code_4(codes: Codes) -> None:
    """Without a worker the request is sent nevertheless, and the message says how to check it later."""
    waited = await reserve(codes, "r-1", "--timeout-s", "0.5")
    sent = await codes("tail", "reserve.requests.v1", "--no-follow", "--json", "--key", "fan-1")

    assert (4, "") == (waited.code, waited.out)
    assert "codes show request r-1" in waited.err
    assert "r-1" == sent.json["value"]["request_id"]


async def test_an_unknown_id_is_reported_on_one_line(codes: Codes) -> None:
    """Exit code 1, nothing on standard output."""
    absent = {
        ("show", "campaign", "nowhere"): "codes: there is no campaign nowhere\n",
        ("show", "code", "no-such"): "codes: there is no code no-such\n",
        ("show", "reservation", "no-such"): "codes: there is no reservation no-such\n",
        ("show", "request", "no-such"): "codes: there is no request no-such in the ledger\n",
    }

    ended = await asyncio.gather(*(codes(*arguments) for arguments in absent))
    tail = await codes("tail", "nothing.v1")

    assert [Ended(1, "", line) for line in absent.values()] == ended
    assert (1, 1) == (tail.code, len(tail.err.splitlines()))
    assert "no topic nothing.v1" in tail.err


async def test_tail_shows_new_records_until_it_is_interrupted(codes: Codes, neighbour: Neighbour) -> None:
    """Only records that are written after it started; Ctrl-C ends it silently."""
    await neighbour.send(RESULTS, {"request_id": "before"})
    process = await codes.start("tail", "results.v1", "--json")
    assert process.stdout is not None
    line = asyncio.create_task(process.stdout.readline())
    while not line.done():
        await neighbour.send(RESULTS, {"request_id": "after"})
        await asyncio.wait([line], timeout=0.2)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert "after" == json.loads(line.result())["value"]["request_id"]
    assert (130, b"") == (process.returncode, err)


async def test_an_import_is_waited_for_and_the_deployment_audited(
    codes: Codes, environment: dict[str, str], worker: Role, neighbour: Neighbour, tmp_path: Path
) -> None:
    """An audit of a sound deployment has no findings; a result without a request is a finding."""
    with some_files(environment) as files:
        files.put("spring.csv", b"code\r\nCODE-0001\r\nCODE-0002\r\n\r\nCODE-0001\r\nNO GOOD\r\n")
        async with running("importer", environment, tmp_path / "importer.log"):
            source = f"s3://{files.bucket}/spring.csv"
            done = await codes("publish", "import", source, "--campaign", CAMPAIGN, "--wait", "--json")
            missing = await codes("publish", "import", f"{source}.gone", "--campaign", CAMPAIGN, "--wait", "--json")
    assert (0, "completed") == (done.code, done.json["state"])
    assert (4, 2, 1, 1) == tuple(done.json[name] for name in ("rows_read", "inserted", "duplicates", "rejected"))
    assert (1, "no_such_object") == (missing.code, missing.json["reason"])
    shown = await codes("show", "import", done.json["import_id"], "--json")
    assert (0, 2) == (shown.code, shown.json["inserted"])
    await reserve(codes, "r-1")

    sound = await codes("audit", "--json", "--text", str(tmp_path / "worker.log"))
    await neighbour.send(RESULTS, (await codes("show", "request", "r-1", "--json")).json)
    unsound = await codes("audit", "--json")

    assert (0, []) == (sound.code, sound.json["findings"])
    assert 2 == sound.json["tally"]["codes"]
    assert 1 == unsound.code
    assert "doubled" in {finding["kind"] for finding in unsound.json["findings"]}
