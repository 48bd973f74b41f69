"""The tries of one write: counted, reported, and spaced.

In:       why a try failed: a conflict, or a refusal of the database.
Out:      facts for metrics and log; whether the refusal is permanent.
Promise:  a refusal is permanent after `worker.attempts_max` repetitions; conflicts in between do not count. A write
          that is retried without end reports that again after each `worker.attempts_max` refusals.
"""

from dataclasses import dataclass

from consumers.importer.waits import UNTIL_STOP, Limits, Waits
from consumers.loop.retry import step_aside
from schemas.errors import FactsStale, StoreRefused
from schemas.observation.requests import PlanConflicted, RequestUnwritable, Subject, WriteRefused
from schemas.records import IncomingRecord


@dataclass(slots=True)
class Attempts:
    """Lives for one write."""

    waits: Waits
    cause: IncomingRecord
    import_id: str
    campaign_id: str
    count: int = 0
    """Tries that failed."""
    refusals: int = 0
    """Those of them that the database refused."""

    def failed(self, why: FactsStale | StoreRefused) -> bool:
        """Count and report a failed try; whether the database refuses the write permanently."""
        self.count += 1
        observer, cause = self.waits.context.observer, self.cause
        if isinstance(why, FactsStale):
            observer.observe(PlanConflicted(cause.topic, cause.partition, why.cause))
            return False
        observer.observe(WriteRefused(cause.topic, why.cause))
        repetitions, self.refusals = self.refusals, self.refusals + 1
        is_permanent = repetitions > 0 and repetitions % self.waits.context.limits.attempts_max == 0
        if is_permanent:
            subject = Subject(cause.topic, cause.partition, cause.offset, self.import_id, self.campaign_id)
            observer.observe(RequestUnwritable(subject, why))
        return is_permanent

    async def pause(self, limits: Limits = UNTIL_STOP) -> None:
        """A random pause before the next try. Raises Stopped, ImportFailed: see `Waits.bounded`."""
        await self.waits.bounded(limits, step_aside, max(0, self.count - 1))
