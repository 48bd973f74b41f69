"""What a role says of the brokers before it reads its first record."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from consumers.loop.serving import KafkaSide
from ops.broker.versions import BrokerVersion, KafkaTooOld
from ops.settings.load import load_settings
from roles import guarantee
from roles.guarantee import check_brokers
from roles.process import RoleContext
from schemas.settings import KafkaSettings
from tests.fakes.observer import ObservedFacts

LEVEL_OF_4_3, LEVEL_OF_4_2, LEVEL_OF_3_9 = 30, 29, 21


async def logged(monkeypatch: pytest.MonkeyPatch, level: int, **variables: str) -> list[Any]:
    """What the check writes to the log, on brokers of this level of `metadata.version`."""

    async def versions(_: KafkaSettings) -> list[BrokerVersion]:
        return [BrokerVersion(1, level, level)]

    monkeypatch.setattr(guarantee, "broker_versions", versions)
    settings = load_settings(variables)
    side = KafkaSide({}, settings.kafka, settings.processing_guarantee, settings.worker, ObservedFacts())
    context = SimpleNamespace(settings=settings, kafka=side, stopping=asyncio.Event())
    with capture_logs() as lines:
        await check_brokers(cast("RoleContext", context))
    return lines


async def test_kafka_4_3_is_warned_of_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, with the reason; the role serves."""
    [line] = await logged(monkeypatch, LEVEL_OF_4_3)

    assert ("kafka_version", "warning", "kafka") == (line["event"], line["log_level"], line["part"])
    assert line["reason"].startswith("Kafka is 4.3 ")
    assert "KAFKA-20734" in line["reason"]


async def test_nothing_is_said_where_it_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a release that keeps the guarantee, and of any if nobody relies on it."""
    assert [] == await logged(monkeypatch, LEVEL_OF_4_2)
    assert [] == await logged(monkeypatch, LEVEL_OF_4_3, CODES_PROCESSING_GUARANTEE="at_least_once")


async def test_a_broker_that_is_too_old_ends_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first record."""
    with pytest.raises(KafkaTooOld, match=r"3\.9"):
        await logged(monkeypatch, LEVEL_OF_3_9)
