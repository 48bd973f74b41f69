"""Inventory views in histories that other tests reach only by chance."""

import os
import subprocess
import sys
from typing import Final

import pytest

from tests.simulation.seeds import ENVIRONMENT

TIMEOUT_S: Final = 300
"""Far more than the seconds that it takes: a machine may have much else to do."""
PROGRAM: Final = """
from dataclasses import replace
from tests.simulation.faults import Fault
from tests.simulation.plan import plan_of
from tests.simulation.run import enter_simulation, simulate

plan = plan_of(2)
setup = replace(plan.setup, brokers=1, workers=1, importers=1, expirers=1, views=2)
first_view = setup.workers + setup.importers + setup.expirers
stops = [Fault(10.0 + view / 5, "terminate", first_view + view, 0.1, 0) for view in range(setup.views)]
faults = [Fault(9.5, "broker_down", 0, 16.0, 0), *stops]
enter_simulation()
print(*simulate(replace(plan, setup=setup, faults=faults)).violations, sep="\\n")
"""


@pytest.mark.timeout(TIMEOUT_S)
def test_a_view_that_is_stopped_without_a_broker_leaves_nothing_behind() -> None:
    """Its stop is cut short: a task of its group's membership would keep its partitions from the next process."""
    done = subprocess.run(  # noqa: S603  # this very Python
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "\n", "") == (done.returncode, done.stdout, done.stderr)
