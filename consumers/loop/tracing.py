"""What the loops report of a batch while it is processed, for traces. `ops.telemetry.otel` implements it.

Out:      the port `Tracer`; `UNTRACED`, which is used without tracing, and does nothing.
Promise:  reported are records as they were read, names of steps and counts. A tracer records no key, value
          or header of a record but the ids of its `traceparent`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol

from schemas.observation.requests import Step
from schemas.records import IncomingRecord

NOTHING: Final = nullcontext()
"""One for all: it has no state."""


class Tracer(Protocol):
    """Each block is one span. A block inside another, in the same task, is its child."""

    def processing(self, group: str, records: Sequence[IncomingRecord]) -> AbstractContextManager[None]:
        """The way of records of one partition, at least one, from the first step to the last."""

    def step(self, name: Step) -> AbstractContextManager[None]:
        """One step of that way, once; what is tried again is another block."""

    def chunk(self, rows: int) -> AbstractContextManager[None]:
        """The writing of a number of rows of an import."""

    def sending(self, count: int) -> AbstractContextManager[None]:
        """The sending of a number of records, and of the offset if one is committed with them."""

    def trace_id(self) -> str | None:
        """The trace of the block that is being executed, if it is exported."""


class Untraced:
    """Implements `Tracer`."""

    def processing(self, group: str, records: Sequence[IncomingRecord]) -> AbstractContextManager[None]:  # noqa: ARG002  # a tracer's form
        """Nothing."""
        return NOTHING

    def step(self, name: Step) -> AbstractContextManager[None]:  # noqa: ARG002  # as above
        """Nothing."""
        return NOTHING

    def chunk(self, rows: int) -> AbstractContextManager[None]:  # noqa: ARG002  # as above
        """Nothing."""
        return NOTHING

    def sending(self, count: int) -> AbstractContextManager[None]:  # noqa: ARG002  # as above
        """Nothing."""
        return NOTHING

    def trace_id(self) -> str | None:
        """None."""
        return None


UNTRACED: Final = Untraced()
