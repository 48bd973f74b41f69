"""Very many reservations that end in the same second: `python -m benchmarks.expiry` in short.

That each was released once, and that the inventory is true, is checked by the measurement itself.
"""

from pathlib import Path

import pytest

import devstack
from benchmarks.expiry import measure

HOLDS = 500
FRESH = 2_500
"""More than are reserved in the time that the slowest engine of the stack needs."""

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


@pytest.mark.thorough
async def test_two_expirers_share_the_work_and_fans_go_on_reserving(stack: devstack.Stack, tmp_path: Path) -> None:
    """Each hold is asked for by one of them, but for a few; a reserve waits for one batch of releases at most.

    What is bounded is work, or a time measured in the same run: a loaded machine makes all of them slow together.
    """
    figures = await measure(stack.environment(), HOLDS, tmp_path, quiet_s=3, fresh=FRESH)

    assert HOLDS == figures.holds
    assert figures.asked_per_hold < 1.5
    assert figures.release_batches < HOLDS / 5
    assert figures.reserve_storm_ms <= figures.reserve_quiet_ms + figures.storm_batch_ms
