"""Static membership, as the chart's StatefulSets use it: a restart under the same name moves no partition."""

import asyncio
import time
from pathlib import Path

import pytest

from ops.settings.load import Settings
from tests.integration.running import READY_TIMEOUT_S, Role, running

pytestmark = pytest.mark.integration

SESSION_MS = "20000"


def named(name: str) -> dict[str, str]:
    """The settings of a StatefulSet's pod."""
    return {"CODES_KAFKA__GROUP_INSTANCE_ID": name, "CODES_KAFKA__SESSION_TIMEOUT_MS": SESSION_MS}


async def series_of(role: Role, metric: str) -> list[str]:
    """A metric's lines."""
    _, text = await role.get("/metrics")
    return sorted(line for line in text.splitlines() if line.startswith(metric))


async def share(role: Role) -> list[str]:
    """What a role serves, once it serves something."""
    end = time.monotonic() + READY_TIMEOUT_S
    while not (
        found := [line for line in await series_of(role, "codes_partitions_assigned") if not line.endswith(" 0.0")]
    ):
        assert time.monotonic() < end, f"{role.name} was given nothing"
        await asyncio.sleep(0.1)
    return found


async def test_a_restart_under_the_same_name_is_no_rebalance(
    migrated: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    """The worker that stays keeps its partitions; the restarted worker gets its own back."""
    async with running("worker", environment, tmp_path / "stays.log", **named("w-0")) as stays:
        await stays.until_ready()
        async with running("worker", environment, tmp_path / "goes.log", **named("w-1")) as goes:
            await goes.until_ready()
            had = await share(goes)
            before = await series_of(stays, "codes_rebalances_total")
            goes.process.terminate()
            assert 0 == await goes.ended()
        async with running("worker", environment, tmp_path / "back.log", **named("w-1")) as back:
            await back.until_ready()

            assert had == await share(back)
            assert before == await series_of(stays, "codes_rebalances_total")
