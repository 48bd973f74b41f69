"""The health check's program: well, not well, nobody there, wrongly asked."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from ops.probe import NOT_WELL, WELL, WRONG_USAGE, main
from ops.telemetry.health import Health
from ops.telemetry.ops_port import ops_server
from ops.telemetry.registry import Metrics
from schemas.settings import OpsSettings


async def asked(health: Health, *arguments: str) -> int:
    """The exit code about a role that serves."""
    async with ops_server(OpsSettings(), Metrics(), health) as port:
        return await asyncio.to_thread(main, arguments, {"CODES_OPS__PORT": str(port)})


async def test_a_role_that_is_well_has_exit_code_0() -> None:
    """Whatever is asked: whether it lives, which is the default, or whether it is ready."""
    health = Health(consumes=False)
    health.started()

    assert [WELL, WELL, WELL] == [await asked(health), await asked(health, "live"), await asked(health, "ready")]


async def test_what_is_missing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """`docker inspect` shows it."""
    assert NOT_WELL == await asked(Health(consumes=True), "ready")
    assert "not ready: start, partitions\n" == capsys.readouterr().err


def test_nobody_there_is_not_well(capsys: pytest.CaptureFixture[str]) -> None:
    """A role that has not begun, or has ended."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert NOT_WELL == main((), {"CODES_OPS__PORT": str(port)})
    assert f"no answer on port {port}: ConnectionRefusedError\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "port"), [(("alive",), "8080"), ((), ""), ((), "0"), ((), "any")], ids=["question", "-", "0", "any"]
)
def test_wrong_usage_prints_the_usage(
    arguments: Sequence[str], port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another exit code than that of a role which is not well."""
    assert WRONG_USAGE == main(arguments, {"CODES_OPS__PORT": port})
    assert capsys.readouterr().err.startswith("usage: python -m ops.probe")
