"""One round of the canary: three requests, each sent and answered, with the time that each took.

In:       the settings; the canary's campaign; how long to wait for an answer.
Out:      `Round`: its outcome, and what each step got.
Promise:  never raises for a service or a broker that fails. A held code is released also after a wrong answer to the
          assign. The end of the results is looked up before anything is sent, so no answer is missed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from cli.canary.steps import Step, steps_of
from cli.jobs.publishing import answer_ids, first_answer
from cli.jobs.tailing import ReadPosition, Selection, open_reader
from ops.broker.client import client_options
from ops.broker.patience import Patience, kafka_patience
from ops.broker.reading import TopicReader, kafka_errors
from ops.publishing import DESTINATIONS, Sending, default_key, written
from ops.settings.load import Settings
from producers.emitters import idempotent_producer
from schemas.base import Operation
from schemas.errors import CodeServiceError
from schemas.observation.canary import CanaryStepAnswered, RoundOutcome
from schemas.observation.fact import Observer
from schemas.topics import RESULTS, Topics

CONNECT_S_MAX: Final = 20.0
"""To look up the end of the results, and to start a producer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a step got; without an outcome, none in time."""

    step: Operation
    seconds: float
    outcome: str | None = None
    reason: str | None = None
    is_right: bool = False


@dataclass(slots=True)
class Round:
    """A round, as far as it is."""

    outcome: RoundOutcome = "unavailable"
    steps: list[Answered] = field(default_factory=list)
    error: CodeServiceError | None = None
    """Why Kafka was unavailable."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connection to Kafka, for one round."""

    settings: Settings
    producer: AIOKafkaProducer
    reader: TopicReader
    patience: Patience


async def run_round(settings: Settings, campaign_id: str, timeout_s: float, observer: Observer) -> Round:
    """Run one round."""
    found = Round()
    try:
        with kafka_errors(settings.kafka):
            async with asyncio.timeout(CONNECT_S_MAX) as connecting, open_line(settings, timeout_s) as line:
                connecting.reschedule(None)
                await _steps(line, campaign_id, timeout_s, found, observer)
    except CodeServiceError as why:
        found.error = why
    except TimeoutError:  # of a connection or a send, not of an answer
        found.outcome = "unavailable"
    return found


async def _steps(line: Line, campaign_id: str, timeout_s: float, found: Round, observer: Observer) -> None:
    """A step without an answer ends the round; so does a reserve without a hold, because nothing can be released."""
    for step in steps_of(campaign_id, f"canary-{uuid4().hex}"):
        answered = await _answer(line, step, timeout_s)
        found.steps.append(answered)
        if answered.outcome is None:
            found.outcome = "no_answer"
            return
        observer.observe(CanaryStepAnswered(step.request.operation, answered.seconds))
        if step.request.operation == "reserve" and not answered.is_right:
            break
    found.outcome = "ok" if all(answered.is_right for answered in found.steps) else "wrong_answer"


async def _answer(line: Line, step: Step, timeout_s: float) -> Answered:
    """Send a request, and wait for its answer. The time begins when the brokers have the request."""
    topics, request = Topics(line.settings.topics.prefix), step.request
    topic = topics.full(DESTINATIONS[type(request)])
    writing = written(line.producer, line.settings, Sending(request), topic, default_key(request))
    sent = await asyncio.wait_for(writing, timeout_s)  # a client without a broker would try for ever
    began = monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            ids = answer_ids(request, sent, topics)
            answer = await first_answer(
                line.reader, request.request_id, ids, lambda _: None, ReadPosition(), line.patience
            )
    except TimeoutError:
        return Answered(request.operation, monotonic() - began)
    outcome: dict[str, Any] = {"outcome": answer.get("outcome"), "reason": answer.get("reason")}
    return Answered(request.operation, monotonic() - began, **outcome, is_right=step.is_right(answer))


@asynccontextmanager
async def open_line(settings: Settings, timeout_s: float) -> AsyncIterator[Line]:
    """A reader at the end of the results, and a producer; a round is rare, so they are opened for each."""
    patience = kafka_patience(settings.kafka.bootstrap_servers, lambda _: None, timeout_s)
    results = Selection(Topics(settings.topics.prefix).full(RESULTS))
    async with AsyncExitStack() as open_:
        reader, _ = await open_.enter_async_context(open_reader(settings, results, ReadPosition(), None))
        producer = await open_.enter_async_context(idempotent_producer(client_options(settings.kafka)))
        yield Line(settings, producer, reader, patience)
