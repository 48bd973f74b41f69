"""What faults reach: the fleet, the servers, the network; and which of them a fault is meant for.

In:       the world of a history.
Out:      `Reach`; `named`, which makes a table of kinds of faults.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from tests.simulation.faults import Fault
from tests.simulation.fleet import Fleet, Member
from tests.simulation.kernel.network import Loss
from tests.simulation.kernel.world import World
from tests.simulation.parts import Parts

LOSSES_MAX: Final = 0.3
"""How likely a call is lost, at most."""


@dataclass(eq=False, slots=True)
class Reach:
    """Lives as long as its history."""

    world: World
    parts: Parts
    fleet: Fleet
    _lost: dict[str, tuple[float, Loss]] = field(default_factory=dict)
    """By the beginning of a server's name: how likely a call is lost, and which way of it."""

    def disturb(self, server: str, _operation: str) -> Loss | None:
        """See `kernel.network.Disturb`."""
        for begins, (probability, loss) in self._lost.items():
            if server.startswith(begins) and self.world.network.random.random() < probability:
                return loss
        return None

    def member(self, fault: Fault) -> Member:
        """The process that a fault is meant for."""
        return self.fleet.members[fault.target % len(self.fleet.members)]

    def broker(self, fault: Fault) -> int:
        """The broker that a fault is meant for."""
        return sorted(self.parts.kafka.servers)[fault.target % len(self.parts.kafka.servers)]

    def places(self, fault: Fault) -> list[TopicPartition]:
        """A third of all partitions."""
        places = [
            TopicPartition(name, number)
            for name, topic in sorted(self.parts.kafka.topics.items())
            for number in range(len(topic.partitions))
        ]
        return [place for number, place in enumerate(places) if number % 3 == fault.target % 3]

    def lose(self, server: str, loss: Loss, fault: Fault) -> Callable[[], None]:
        """Lose calls for a while."""
        self._lost[server] = (LOSSES_MAX * (fault.number % 100) / 100, loss)
        return lambda: self._lost.pop(server, None) and None


Kinds = dict[str, Callable[[Reach, Fault], Callable[[], None] | None]]
"""Each begins a fault, and may return what ends it."""


def named(*kinds: Callable[[Reach, Fault], Callable[[], None] | None]) -> Kinds:
    """The kinds by name."""
    return {kind.__name__: kind for kind in kinds}
