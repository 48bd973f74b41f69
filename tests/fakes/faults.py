"""Faults of a store at exact moments, as a test arranges them.

Out: `Faults`, `Crashed`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from schemas.errors import CodeServiceError, StoreUnavailable

Moment = Literal["before_apply", "after_apply"]


class Crashed(Exception):
    """The process died here; no code of the service may catch it."""


@dataclass(slots=True)
class Faults:
    """The next faults; each happens once, unless it is counted."""

    crash: Moment | None = None
    answers_lost: int = 0
    """Commits that are applied but answered with StoreUnavailable."""
    refusals: list[CodeServiceError] = field(default_factory=list)
    """Raised by `apply` before anything is written, one per attempt."""
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """Runs between this store's gather and its apply, as a faster process would."""

    async def before_apply(self) -> None:
        """Run `meanwhile`, refuse, or die, with nothing written."""
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        if self.refusals:
            raise self.refusals.pop(0)
        self._die_if_arranged("before_apply")

    def after_apply(self) -> None:
        """Die, or lose the answer, with everything written."""
        self._die_if_arranged("after_apply")
        if self.answers_lost:
            self.answers_lost -= 1
            raise StoreUnavailable("the answer to a commit was lost")

    def _die_if_arranged(self, moment: Moment) -> None:
        if self.crash == moment:
            self.crash = None
            raise Crashed(moment)
