"""Defects of the inventory's counting. Out: `VIEW_MUTANTS`."""

from contextlib import AbstractContextManager
from typing import Any, Final

from consumers.inventory import counting
from consumers.inventory.faust_tables import OurRecovery
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped

KILLED: Final = Focus(kinds=("kill",), faults=16, setup={"views": 2, "workers": 1, "importers": 1, "expirers": 1})


def table_is_not_rebuilt() -> AbstractContextManager[None]:
    """The next owner of a partition counts on an empty table."""

    async def read_changelog(_self: Any, _partitions: Any) -> None:
        """Nothing."""

    return swapped(OurRecovery, _read_changelog=read_changelog)


def alert_is_not_sent() -> AbstractContextManager[None]:
    """The table has the new standing, and nobody is told."""

    async def alert(_pending: Any, _alerting: Any) -> None:
        """Nothing."""

    return swapped(counting, alert=alert)


VIEW_MUTANTS: Final = (
    Mutant("the table is not rebuilt", table_is_not_rebuilt, focus=KILLED),
    Mutant("an alert is not sent", alert_is_not_sent, focus=Focus(rows=20, setup={"views": 1})),
)
