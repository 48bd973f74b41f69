"""What the loops need of the database: the port, implemented by `stores.mongo` and, in tests, in memory.

One `CodeStore` serves one input partition: it knows the partition's shard and keeps its stock of candidates.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from handlers.requests.facts import Facts
from handlers.requests.plan import Plan
from schemas.records import Asked
from schemas.requests import Request


@dataclass(slots=True)
class StockFigures:
    """How the stocks of one process go, since its start; metrics read it."""

    draws: int = 0
    """Times that a stock was filled from the database."""
    drawn: int = 0
    """Candidates that were found so."""
    misses: int = 0
    """Draws that read the whole range and found less than was wanted."""


class CodeStore(Protocol):
    """Where codes, reservations, the ledger and the inventory are."""

    async def take_over(self) -> None:
        """Become the one who serves the shard: end what a former owner left open.

        Raises:
            StoreUnavailable: no answer in time; safe to repeat.
        """

    async def gather(self, requests: Sequence[Asked[Request]]) -> Facts:
        """Read what a batch's decisions need, in at most one read per collection while the stock lasts.

        Raises:
            FactsStale: codes are imported faster than they are found; may be tried again.
            StoreUnavailable: no answer in time; safe to repeat.
        """

    async def apply(self, plan: Plan) -> None:
        """Write a whole plan, or nothing of it.

        Raises:
            FactsStale: a code, reservation or shard is no longer what the plan was made from, or another worker
                decided one of the requests. Nothing was written. Gather again and plan anew.
            BatchTooSlow: this many requests are too many for the database at the moment. They may be written or not.
            StoreUnavailable: no answer, or an error that is not the plan's fault; a commit that reports any error.
                Safe to repeat: the ledger shows what happened.
            StoreRefused: the database will not take this plan, however often it is tried. No commit was attempted.
        """

    async def inconsistent(self, reservation_ids: Collection[str]) -> Mapping[str, str]:
        """Those of the reservations that disagree with their codes, and how: see `handlers/requests/consistency.py`.

        Reservations and codes are read at one time, so that what is being moved is not taken for a disagreement.

        Raises:
            FactsStale: the server ended the snapshot; may be tried again.
            StoreUnavailable: no answer in time; safe to repeat.
        """
