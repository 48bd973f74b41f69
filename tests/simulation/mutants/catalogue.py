"""All mutants. Out: `MUTANTS`."""

from typing import Final

from tests.simulation.mutants.clients import CLIENT_MUTANTS
from tests.simulation.mutants.database import DATABASE_MUTANTS
from tests.simulation.mutants.decisions import DECISION_MUTANTS
from tests.simulation.mutants.servers import SERVER_MUTANTS
from tests.simulation.mutants.streams import STREAM_MUTANTS

MUTANTS: Final = (*DATABASE_MUTANTS, *DECISION_MUTANTS, *STREAM_MUTANTS, *CLIENT_MUTANTS, *SERVER_MUTANTS)
