"""Sends the load at a steady rate while the faults go on, and no faster than it is answered.

In:       a load, the clients, what is answered.
Out:      records sent.
"""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from tests.chaos.answers import Answers
from tests.chaos.journal import Journal
from tests.chaos.load import Load
from tests.chaos.options import Options
from tests.chaos.schedule import GAP_S_MAX, GAP_S_MIN
from tests.chaos.senders import Sender

UNANSWERED_MAX: Final = 400
"""The clients send no more until there are fewer: a loaded machine gets fewer requests, not a longer queue."""
TURN_S: Final = 0.05


class Pace:
    """Lives as long as a storm."""

    def __init__(self, options: Options, answers: Answers, journal: Journal) -> None:
        self._answers, self._journal, self._requests = answers, journal, options.requests
        self._chance = Random(options.seed)
        self._per_s = options.requests / (options.faults * (GAP_S_MIN + GAP_S_MAX) / 2)
        """So that requests and faults end at about the same time."""
        self.sent = 0

    async def send(self, load: Load, senders: Sequence[Sender], goes_on: Callable[[], bool]) -> None:
        """Send until the storm ends."""
        for record in load.first_imports():
            await self._chance.choice(senders).put(record)
        began_s = self._journal.seconds
        while goes_on():
            due = min(self._requests, int((self._journal.seconds - began_s) * self._per_s))
            while self.sent < due and self._answers.unanswered < UNANSWERED_MAX:
                await self._chance.choice(senders).put(load.next())
                self.sent += 1
            await asyncio.sleep(TURN_S)
