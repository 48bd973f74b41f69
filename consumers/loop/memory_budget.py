"""A budget of memory for large batches that are being read: partitions take turns, in the order of their requests.

In:       batches that are about to be parsed, with the memory that their records will need.
Out:      `BUDGET`, shared by all consumers of this process. OverBudget: try again later.
Promise:  what is held at once does not grow with the number of partitions. Each batch gets its turn, because the one
          that was refused first is the next; small batches never wait.

A compressed batch of a mebibyte may need 20 MiB when it is parsed, and 160 at worst. A worker reads all its
partitions at once, and after an outage each of them may begin with such a batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

FREE_BYTES: Final = 1024 * 1024
"""A batch that needs no more never waits, and is not counted."""
HELD_BYTES_MAX: Final = 96 * 1024 * 1024
"""Of all batches together; a single one may need more. A worker's container has 512 MiB."""
RECORD_BYTES: Final = 200
"""What a record costs beside its content."""


class OverBudget(Exception):
    """Other batches hold the memory, or wait for it longer. The batch is remembered; ask again when they are read."""


class MemoryBudget:
    """Lives as long as its process."""

    def __init__(self) -> None:
        self.is_limited = False
        """Only where each partition has a loop that reads it to its end: a half-read batch would block the others."""
        self.held = 0
        self._waiting: WeakKeyDictionary[Any, None] = WeakKeyDictionary()
        """Refused batches, in order. A batch that a rebalance drops disappears from it."""

    def check(self, batch: object, size: int) -> None:
        """Check that a batch that needs `size` bytes may be parsed now.

        Raises:
            OverBudget: see there.
        """
        if not self.is_limited or size <= FREE_BYTES:
            return
        is_next = next(iter(self._waiting), batch) is batch
        if not is_next or (self.held and self.held + size > HELD_BYTES_MAX):
            self._waiting.setdefault(batch)
            raise OverBudget

    def admit(self, batch: object) -> None:
        """The batch no longer waits."""
        self._waiting.pop(batch, None)

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Count these bytes until the block ends."""
        counted = size if size > FREE_BYTES else 0
        self.held += counted
        try:
            yield
        finally:
            self.held -= counted


def held(budget: MemoryBudget, records: Sequence[Any], size: int) -> Iterator[Any]:
    """The records; their memory is returned to the budget after the last one, or when the iterator is closed."""
    with budget.hold(size):
        yield from records


BUDGET: Final = MemoryBudget()
