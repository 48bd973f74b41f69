"""Static membership, as the chart's StatefulSets use it: a restart under the same name moves no partition."""

import re
from pathlib import Path

import pytest

from tests.integration.running import Role, running

pytestmark = pytest.mark.integration

SESSION_MS = "20000"


def named(name: str) -> dict[str, str]:
    """What a pod of a StatefulSet is given."""
    return {"CODES_KAFKA__GROUP_INSTANCE_ID": name, "CODES_KAFKA__SESSION_TIMEOUT_MS": SESSION_MS}


async def rebalances(role: Role) -> list[str]:
    """How often the group was shared out anew, as the role counts it."""
    _, text = await role.get("/metrics")
    return re.findall(r"^codes_rebalances_total.*$", text, re.MULTILINE)


async def test_a_restart_under_the_same_name_is_no_rebalance(environment: dict[str, str], tmp_path: Path) -> None:
    """The one that stays keeps its partitions untouched; the one that comes back is given its own again."""
    async with running("worker", environment, tmp_path / "stays.log", **named("w-0")) as stays:
        await stays.until_ready()
        async with running("worker", environment, tmp_path / "goes.log", **named("w-1")) as goes:
            await goes.until_ready()
            before = await rebalances(stays)
            goes.process.terminate()
            assert 0 == await goes.ended()
        async with running("worker", environment, tmp_path / "back.log", **named("w-1")) as back:
            await back.until_ready()
            _, metrics = await back.get("/metrics")

        assert before == await rebalances(stays)
        assert "codes_consumer_position_offset{" in metrics
