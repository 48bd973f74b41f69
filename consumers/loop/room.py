"""Memory for large batches that are being read: one partition after the other has it, as each has waited longest.

In:       batches that are about to be taken apart, with the memory that their records will need.
Out:      `ROOM`, of all consumers of this process. NoRoom: try again later.
Promise:  what is held at once does not grow with the number of partitions. Each batch gets its turn, for the one that
          was refused first is the next; small batches never wait.

A compressed batch of a mebibyte may need 20 MiB when it is in records, and 160 at worst. A worker reads all its
partitions at once, and after an outage each of them may begin with such a batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

FREE_BYTES: Final = 1024 * 1024
"""A batch that needs no more has its room at once, and is not counted."""
HELD_BYTES_MAX: Final = 96 * 1024 * 1024
"""Of all batches together; a single one may need more. A worker's container has 512 MiB."""
RECORD_BYTES: Final = 200
"""What a record costs beside its content."""


class NoRoom(Exception):
    """Other batches have the memory; the one that asked is remembered. Ask again when they are read."""


class Room:
    """Lives as long as its process."""

    def __init__(self) -> None:
        self.is_limited = False
        """Only where each partition is read by a loop of its own: who leaves a batch half read would block others."""
        self.held = 0
        self._waiting: WeakKeyDictionary[Any, None] = WeakKeyDictionary()
        """Those that were refused, in order; a batch that nobody wants any more leaves by itself."""

    def check(self, batch: object, size: int) -> None:
        """Whether a batch that needs so many bytes may be taken apart now.

        Raises:
            NoRoom: see there.
        """
        if not self.is_limited or size <= FREE_BYTES:
            return
        is_next = next(iter(self._waiting), batch) is batch
        if not is_next or (self.held and self.held + size > HELD_BYTES_MAX):
            self._waiting.setdefault(batch)
            raise NoRoom

    def admit(self, batch: object) -> None:
        """It waits no longer."""
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


def held(room: Room, records: Sequence[Any], size: int) -> Iterator[Any]:
    """The records; their room is given back behind the last one, or when nobody wants the rest."""
    with room.hold(size):
        yield from records


ROOM: Final = Room()
