"""Heartbeats: what they say, and that no probe and no broker can stop them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from ops.telemetry import heartbeat
from ops.telemetry.health import Health
from ops.telemetry.heartbeat import Heart, Probe, Probes, beating
from schemas.errors import StoreUnavailable

CONNECTION = {"bootstrap_servers": "127.0.0.1:9"}
"""Nobody listens there."""


def a_heart(*, mongo: Probe | None = None) -> Heart:
    probes: Probes = {} if mongo is None else {"mongo": mongo}
    return Heart("worker", "codes.health.v1", Health(consumes=True), probes)


async def probed(heart: Heart) -> None:
    """One round of probes."""
    with suppress(TimeoutError):
        await asyncio.wait_for(heart.probe(), heartbeat.PROBE_S_MAX + 0.5)


def test_a_heartbeat_says_what_the_process_waits_for() -> None:
    """Known by its loops, with the instant at which that began; until the part answers again."""
    heart = a_heart()
    before = datetime.now(UTC).replace(microsecond=0)
    heart.health.waits_for("kafka")
    heart.health.waits_for("kafka")
    [wait] = heart.beat().waits
    heart.health.answered("kafka")

    assert "kafka" == wait.part
    assert before <= wait.since <= datetime.now(UTC)
    assert () == heart.beat().waits


async def test_a_part_that_does_not_answer_the_probe_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle process says so too; its readiness does not depend on it."""
    monkeypatch.setattr(heartbeat, "PROBE_S_MAX", 0.05)
    answers = asyncio.Event()

    async def ask() -> None:
        await answers.wait()

    heart = a_heart(mongo=ask)
    await probed(heart)
    lost, was_told = heart.beat(), heart.changed.is_set()
    answers.set()
    await probed(heart)

    assert (("mongo",), ["mongo"], True) == (lost.asks, [wait.part for wait in lost.waits], was_told)
    assert () == heart.beat().waits
    assert "mongo" not in heart.health.ready().missing


async def test_since_is_when_the_first_probe_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """And stays so, however often the part is asked."""
    monkeypatch.setattr(heartbeat, "BEAT_EVERY_S", 0.01)

    async def refuse() -> None:
        raise StoreUnavailable("no primary")

    heart = a_heart(mongo=refuse)
    tasks = asyncio.create_task(heart.probe())
    await heart.changed.wait()
    first = heart.beat().waits
    await asyncio.sleep(0.1)
    tasks.cancel()

    assert first == heart.beat().waits
    assert 1 == len(first)


async def test_without_a_broker_the_work_goes_on() -> None:
    """The log says once that heartbeats are not taken; the end takes no longer than its limits."""
    heart = a_heart()
    async with asyncio.timeout(10), beating(heart, CONNECTION):
        while not heart.is_refused:  # noqa: ASYNC110  # it is a plain flag
            await asyncio.sleep(0.01)


async def test_an_error_of_the_work_is_passed_on() -> None:
    """And the process does not say that it was stopped."""
    heart = a_heart()
    with pytest.raises(ZeroDivisionError):
        async with beating(heart, CONNECTION):
            raise ZeroDivisionError

    assert heart.has_failed
