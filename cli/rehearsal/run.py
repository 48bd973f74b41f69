"""A rehearsal from its first request to its last answer.

In:       the settings; a plan whose campaign fits.
Out:      `Rehearsed`; how far it is, meanwhile.
Promise:  nothing is sent before the end of the results is known. Memory: see `Journal`. What was sent is known at
          every moment, also when it is interrupted.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from cli.rehearsal.arrivals import arrivals
from cli.rehearsal.asking import Asking
from cli.rehearsal.holds import HOLD_S
from cli.rehearsal.journal import INTERVAL_S, Journal
from cli.rehearsal.lagging import watch
from cli.rehearsal.plan import Plan
from cli.rehearsal.reading import Results
from cli.rehearsal.report import Rehearsed, clean_up
from cli.rehearsal.sending import Sender
from ops.broker.client import client_options
from ops.broker.patience import Say, kafka_patience
from ops.broker.reading import kafka_errors
from ops.settings.load import Settings
from producers.emitters import idempotent_producer

CLIENT_ID: Final = "codes-rehearsal"


@dataclass(slots=True)
class Rehearsal:
    """One rehearsal."""

    settings: Settings
    plan: Plan
    say: Say
    found: Rehearsed = field(init=False)

    def __post_init__(self) -> None:
        objective = self.settings.objective
        journal = Journal(f"rehearsal-{uuid4().hex}", self.plan.requests, objective.answer_within_s)
        self.found = Rehearsed(self.plan, journal, objective, datetime.now(UTC))

    async def run(self) -> Rehearsed:
        """Send all requests, and wait for their answers.

        Raises:
            BrokerUnavailable, KafkaRefused: Kafka took no request, or showed no result.
            Unanswered: Kafka was unavailable for longer than the wait for answers.
        """
        results = Results(self.settings, self.found.journal)
        servers = self.settings.kafka.bootstrap_servers
        reading = results.read(kafka_patience(servers, self.say, self.plan.wait_s))
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(reading), tasks.create_task(watch(self.settings, self.found.lag))]
                await results.ready.wait()
                beside.append(tasks.create_task(self._report()))
                await self._send(results)
                for task in beside:
                    task.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # the others are consequences of the first
        return self.found

    async def _send(self, results: Results) -> None:
        journal = self.found.journal
        asking = Asking(journal, results.holds, self.plan.campaign_id, self.plan.repeat_percent)
        self.found.left_out = asking.left_out
        options = client_options(self.settings.kafka, client_id=CLIENT_ID)
        with kafka_errors(self.settings.kafka):
            async with idempotent_producer(options) as producer:
                sender = Sender(self.settings, producer, journal, asking)
                self.found.lateness = sender.lateness
                self.found.began_at = datetime.now(UTC)
                await sender.send(arrivals(self.plan.scaled))
                await results.until_all(self.plan.wait_s)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            self.say(self.progress())

    def progress(self) -> str:
        """One line."""
        journal = self.found.journal
        return (
            f"sent {journal.sent:,} of {self.plan.requests:,}, answered {journal.total.answered:,}, "
            f"in time {journal.total.within_percent:.2f} % of those sent"
        )

    def parting_line(self) -> str | None:
        """What an interrupted rehearsal has done."""
        journal, commands = self.found.journal, "; ".join(clean_up(self.plan.campaign_id))
        if not journal.sent:
            return None
        return (
            f"{journal.sent:,} of {self.plan.requests:,} requests were sent, {journal.total.answered:,} are "
            f"answered; holds end within {HOLD_S} s. To remove what is left: {commands}"
        )
