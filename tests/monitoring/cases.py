"""All cases. Out: `CASES`."""

from typing import Final

from tests.monitoring import (
    cases_absence,
    cases_codes,
    cases_consumers,
    cases_objectives,
    cases_processes,
    cases_webhooks,
)
from tests.monitoring.case import Case

CASES: Final[tuple[Case, ...]] = (
    *cases_objectives.CASES,
    *cases_consumers.CASES,
    *cases_absence.CASES,
    *cases_processes.CASES,
    *cases_codes.CASES,
    *cases_webhooks.CASES,
)
