"""What a person sees of `codes tail` and `codes publish --wait` while Kafka does not answer, and what that costs."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from ops.exit_codes import Exit
from schemas.topics import RESULTS
from tests.fakes.proxy import proxied
from tests.integration.commanding import COMMAND_LIMIT_S, CORE_SHARE_MAX, Codes, core_share
from tests.integration.conftest import PutCodes
from tests.integration.freezing import frozen
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration

SAID_WITHIN_S: Final = 20.0
"""Of a person's clock it is two seconds; a loaded machine takes longer to start the process."""
ORDER: Final = ("publish", "reserve", "--campaign", "sale", "--fan", "fan-1", "--request-id", "r-1", "--wait")


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@asynccontextmanager
async def begun(codes: Codes, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that runs inside, and not afterwards."""
    process = await codes.start(*arguments)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def said(process: asyncio.subprocess.Process) -> str:
    """The next line on standard error."""
    assert process.stderr is not None
    return (await asyncio.wait_for(process.stderr.readline(), SAID_WITHIN_S)).decode()


async def next_request_id(process: asyncio.subprocess.Process) -> str:
    """The request of the next record shown."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), COMMAND_LIMIT_S)
    return str(json.loads(line)["value"]["request_id"])


@pytest.mark.parametrize("arguments", [("tail", "results.v1"), (*ORDER, "--timeout-s", "600")], ids=["tail", "wait"])
async def test_nobody_listens(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    """The error appears once, with the address; the wait costs next to nothing; Ctrl-C ends it."""
    address = nobody()
    codes = Codes({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": address})
    async with begun(codes, *arguments) as process:
        line = await said(process)
        share = await core_share(process)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert line.startswith(f"codes: Kafka is unavailable at {address} (")
    assert line.endswith("), waiting; Ctrl-C ends\n")
    assert share < CORE_SHARE_MAX
    assert (b"", b"") == (out, err)


@pytest.mark.parametrize("arguments", [("tail", "results.v1"), ORDER], ids=["tail", "wait"])
async def test_the_wait_ends_in_time(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    """The exit code differs from that of a missing worker's answer."""
    address = nobody()
    codes = Codes({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": address})

    ended = await codes(*arguments, "--timeout-s", "3")

    assert (Exit.UNREACHABLE, "") == (ended.code, ended.out)
    assert f"codes: Kafka is unavailable at {address}, for 3 s: " in ended.err.splitlines()[-1]


async def test_a_frozen_broker_is_named_and_waited_for(environment: dict[str, str], neighbour: Neighbour) -> None:
    """It takes connections and answers nothing. What comes after it thawed is shown."""
    async with begun(Codes(environment), "tail", "results.v1", "--from-beginning", "--json") as process:
        await neighbour.send(RESULTS, {"request_id": "before"})
        assert "before" == await next_request_id(process)
        async with frozen("kafka"):
            line = await said(process)
            share = await core_share(process)
        await neighbour.send(RESULTS, {"request_id": "after"})
        assert "after" == await next_request_id(process)

    assert line.startswith("codes: Kafka is unavailable at ")
    assert share < CORE_SHARE_MAX


async def test_tail_shows_what_came_while_it_was_cut_off(environment: dict[str, str], neighbour: Neighbour) -> None:
    """Behind a network that is gone and comes back, each record is shown once."""
    address = f"kafka://{environment['CODES_KAFKA__BOOTSTRAP_SERVERS']}"
    async with proxied(address) as (proxy, through):
        codes = Codes({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": through.removeprefix("kafka://")})
        async with begun(codes, "tail", "results.v1", "--from-beginning", "--json") as process:
            await neighbour.send(RESULTS, {"request_id": "before"})
            assert "before" == await next_request_id(process)
            async with frozen("kafka"), proxy.unavailable("refused"):
                first = await said(process)
            await neighbour.send(RESULTS, {"request_id": "meanwhile"})
            assert "meanwhile" == await next_request_id(process)
            second = await said(process)

    assert "Kafka is unavailable at" in first
    assert "codes: it answers again\n" == second


async def test_an_answer_arrives_although_the_broker_was_frozen(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """The request is sent when the broker is back, and its answer ends the wait."""
    await stocked("sale", 3)
    async with begun(Codes(environment), *ORDER, "--json", "--timeout-s", "100") as process:
        async with frozen("kafka"):
            line = await said(process)
        async with running("worker", environment, tmp_path / "worker.log"):
            out, _ = await asyncio.wait_for(process.communicate(), COMMAND_LIMIT_S)

    assert "waiting; Ctrl-C ends" in line
    assert ("reserved", Exit.OK) == (json.loads(out)["outcome"], process.returncode)
