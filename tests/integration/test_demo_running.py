"""`codes demo --stack running`: the demo with roles that it did not start."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ops.settings.load import Settings
from tests.integration.running import Role, running

pytestmark = pytest.mark.integration

DEMO = (sys.executable, "-m", "cli.main", "demo", "--stack", "running", "--requests", "300", "--codes", "400")


@pytest.fixture
async def roles(environment: Mapping[str, str], migrated: Settings, tmp_path: Path) -> AsyncIterator[list[Role]]:
    """One ready role of each kind that the demo needs."""
    async with AsyncExitStack() as entered:
        found = [
            await entered.enter_async_context(running(name, environment, tmp_path / name))
            for name in ("worker", "importer", "expirer")
        ]
        for role in found:
            await role.until_ready()
        yield found


async def demo(environment: Mapping[str, str]) -> tuple[int | None, str, str]:
    """Run the demo. Returns its exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(
        *DEMO,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_it_plays_once_and_leaves_the_roles_running(environment: Mapping[str, str], roles: list[Role]) -> None:
    """Nothing is lost, doubled or drifting; a second demo is refused, since its ids would repeat."""
    code, out, err = await demo(environment)

    assert 0 == code, err
    assert "lost=0 doubled=0 drift=0" in out.splitlines()[-1]
    assert not [line for line in out.splitlines() if line.startswith("not audited")]
    assert [None] * 3 == [role.process.returncode for role in roles]

    again, _, why = await demo(environment)

    assert 1 == again
    assert "has the campaign demo-spring or demo-vip" in why
