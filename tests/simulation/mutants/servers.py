"""Servers that keep less than the service needs. Out: `SERVER_MUTANTS`."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from tests.simulation.kafka.faults import SimulatedKafka
from tests.simulation.mongo import client, collection
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped


def markers_are_lost() -> AbstractContextManager[None]:
    """A broker that loses the markers of partitions without a leader: no reader gets past them."""
    real = SimulatedKafka.__init__

    def begin(self: Any, *args: Any) -> None:
        real(self, *args)
        self.lose_markers(on=True)

    return swapped(SimulatedKafka, __init__=begin)


@contextmanager
def writes_are_confirmed_by_one_node() -> Iterator[None]:
    """Neither a commit nor a write waits for a majority: an election may take it back."""
    with swapped(client, MAJORITY={}), swapped(collection, MAJORITY={}):
        yield


SERVER_MUTANTS: Final = (
    Mutant(
        "markers are lost",
        markers_are_lost,
        focus=Focus(faults=14, kinds=("leaders_moved",), setup={"brokers": 1, "guarantee": "exactly_once"}),
    ),
    Mutant(
        "writes are confirmed by one node",
        writes_are_confirmed_by_one_node,
        focus=Focus(faults=10, kinds=("majority_lost", "primary_down", "election")),
    ),
)
