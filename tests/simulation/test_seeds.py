"""The short form of `make simulate`: no promise is broken in the histories of these seeds.

They are the same each time, so that a failure is the change's and not the day's.
"""

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.simulation.seeds import ENVIRONMENT

TIMEOUT_S: Final = 300
"""Far more than the few seconds that they take: a machine may have much else to do."""


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize("seeds", ["1-10", "11-20"])
def test_every_promise_is_kept(seeds: str) -> None:
    """The last line counts the histories, and none of them failed."""
    done = subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, "-m", "tests.simulation", "--seeds", seeds],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    assert "simulate: seeds=10 " in done.stdout
