"""All mutants. Out: `MUTANTS`.

Defects that no history can show, because something else prevents the harm:
- a shard or a chunk that is written whatever its version: the ledger's ids, the codes' unique index and their status
  refuse the same transaction;
- a batch that does not see its own requests: the ledger's ids refuse it, and its halves are decided one by one;
- an open transaction that the next owner does not end: the server ends it within a minute;
- a session used again after its transaction was given up: only a partition that is let go gives one up, and the next
  owner has a session of its own;
- an expiry that is requested only once: it is refused only if clocks differ by more than the expirer's margin, which
  no fault here makes them do.

What seed 141 showed before histories were made shorter, and no longer: a stock that still has what the same batch
moves. tests/unit/handlers/requests/test_plan.py and tests/contract/test_stale_plans.py hold it.

What only a real client or broker can show: a cluster that names no broker, a membership whose task has ended, a fetch
that is cancelled by a stop.
"""

from typing import Final

from tests.simulation.mutants.clients import CLIENT_MUTANTS
from tests.simulation.mutants.database import DATABASE_MUTANTS
from tests.simulation.mutants.decisions import DECISION_MUTANTS
from tests.simulation.mutants.servers import SERVER_MUTANTS
from tests.simulation.mutants.streams import STREAM_MUTANTS
from tests.simulation.mutants.views import VIEW_MUTANTS

MUTANTS: Final = (
    *DATABASE_MUTANTS,
    *DECISION_MUTANTS,
    *STREAM_MUTANTS,
    *CLIENT_MUTANTS,
    *SERVER_MUTANTS,
    *VIEW_MUTANTS,
)
