"""Sends a rehearsal's requests when they are due, and never waits for an answer.

In:       arrivals; what each asks for; a started producer.
Out:      the journal's requests, with the brokers' timestamps; how late each was sent.
Promise:  a request that is due is sent at once. A client that must wait (a broker takes nothing) makes later requests
          late, and that is measured.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from time import time
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from cli.rehearsal.arrivals import Arrival
from cli.rehearsal.asking import Asking
from cli.rehearsal.journal import MS, Journal
from cli.rehearsal.times import Times
from ops.publishing import DESTINATIONS, default_key
from ops.settings.load import Settings
from ops.tokens.sending import token_headers
from schemas.topics import Topics

TURN_S: Final = 0.005
"""So long may requests that are due keep answers from being read: their time would be measured too long."""


class Sender:
    """Lives for one rehearsal."""

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, journal: Journal, asking: Asking) -> None:
        self.lateness = Times()
        self._producer = producer
        self._journal = journal
        self._asking = asking
        self._headers: Callable[[], Any] = partial(token_headers, settings.requests)
        topics = Topics(settings.topics.prefix)
        self._topics = {kind: topics.full(spec) for kind, spec in DESTINATIONS.items()}

    async def send(self, due: Iterable[Arrival]) -> None:
        """Send all of them. Raises KafkaError if the client cannot take a request."""
        clock = asyncio.get_running_loop().time
        began_s = turn_s = clock()
        for arrival in due:
            late_s = clock() - began_s - arrival.at_s
            if late_s < 0 or clock() - turn_s > TURN_S:
                await asyncio.sleep(max(0.0, -late_s))
                turn_s = clock()
            await self._send(arrival)
            self.lateness.add(clock() - began_s - arrival.at_s)

    async def _send(self, arrival: Arrival) -> None:
        asked = self._asking.ask(arrival, time())
        if asked is None:
            return
        request = asked.request
        written = await self._producer.send(
            self._topics[type(request)],
            value=request.to_json(),
            key=default_key(request).encode(),
            headers=self._headers(),
        )
        written.add_done_callback(partial(self._acknowledged, asked.number))

    def _acknowledged(self, number: int, written: "asyncio.Future[Any]") -> None:
        if written.cancelled() or written.exception() is not None:
            self._journal.unacknowledged += 1
        else:
            self._journal.acknowledge(number, written.result().timestamp, int(time() * MS))
