"""How a group's partitions are shared out: evenly, and a partition stays where it was if it can.

Out: `sticky_assignor`, for one consumer.
"""

from typing import Final

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

PROTOCOL: Final = "roundrobin"
"""What the group calls it. Members of versions that shared out by round robin are in the same group under this name,
and shares are made by whoever leads it. To offer two protocols is no way: aiokafka (0.14) then joins once for each
of them, every join starts the rebalance anew, and it never ends."""


def sticky_assignor() -> type[AbstractPartitionAssignor]:
    """A class of its own for each consumer: aiokafka keeps what a member was given in the class."""
    return type("OwnStickyAssignor", (StickyPartitionAssignor,), {"name": PROTOCOL})
