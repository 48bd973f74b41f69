"""Reads the results of a rehearsal as they become visible.

In:       the results topic, from its end at the start.
Out:      answers in the journal; reservations that are held.
Promise:  `ready` is set only when no result of a later request can be missed. A lost connection continues where it
          was.
"""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from time import time

from cli.jobs.tailing import Selection, read_with_retries
from cli.rehearsal.holds import Holds
from cli.rehearsal.journal import MS, Answer, Journal
from ops.broker.patience import Patience
from ops.broker.records import fields_of
from ops.settings.load import Settings
from schemas.records import IncomingRecord
from schemas.topics import RESULTS, Topics


@dataclass(slots=True)
class Results:
    """Lives for one rehearsal."""

    settings: Settings
    journal: Journal
    holds: Holds = field(default_factory=Holds)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _drained: asyncio.Event = field(default_factory=asyncio.Event)
    """No request is without an answer."""

    async def read(self, patience: Patience) -> None:
        """Read for ever. Raises as `read_with_retries` does."""
        selection = Selection(Topics(self.settings.topics.prefix).full(RESULTS))
        async with aclosing(read_with_retries(self.settings, selection, patience)) as found:
            async for records in found:
                self.ready.set()
                self._take(records)

    async def until_all(self, limit_s: float) -> None:
        """Wait until all requests that were sent are answered, or for so long."""
        if not self.journal.unanswered:
            return
        self._drained.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._drained.wait()

    def _take(self, records: Iterable[IncomingRecord]) -> None:
        now_s = time()
        for record in records:
            answer = answer_of(record)
            number = self.journal.answer(answer, int(now_s * MS))
            if number is not None and answer.outcome == "reserved":
                self.holds.add(number, now_s)
        if not self.journal.unanswered:
            self._drained.set()


def answer_of(record: IncomingRecord) -> Answer:
    """What counts of a result; of one that is none, nothing."""
    fields = fields_of(record.value)
    reason = fields.get("reason")
    return Answer(str(fields.get("request_id")), str(fields.get("outcome")), None if reason is None else str(reason))
