"""Whatever is asked, in whatever order, and whatever fails meanwhile: no code is lost, none is given twice."""

import os
from typing import Final

from hypothesis import HealthCheck, settings

from tests.property.machine import Histories

COMMON: Final = settings(
    deadline=None,  # the machine may be shared; the time limit of a test watches the whole
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
PROFILES: Final = {
    "ci": settings(COMMON, max_examples=300, stateful_step_count=50, derandomize=True),
    "long": settings(COMMON, max_examples=5_000, stateful_step_count=100),
}
"""`HYPOTHESIS_PROFILE=long` for a night and a `--timeout=0`; always the same histories otherwise."""

TestHistories = Histories.TestCase
TestHistories.settings = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "ci")]
