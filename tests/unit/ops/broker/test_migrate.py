"""What `codes migrate` says of the brokers before it changes anything."""

from typing import Any

import pytest

from ops.broker import migrate as module
from ops.broker.migrate import migrate
from ops.broker.versions import BrokerVersion, KafkaTooOld
from ops.settings.load import load_settings
from schemas.settings import KafkaSettings
from stores.mongo.migration import Change, Step, Warned

A_CHANGE = Change("topic", "codes.results.v1", "created, partitions: 8")
LEVEL_OF_4_3, LEVEL_OF_4_2, LEVEL_OF_3_9 = 30, 29, 21


def on_brokers(monkeypatch: pytest.MonkeyPatch, level: int) -> None:
    """All brokers have this level of `metadata.version`; the topics need one change, the database none."""

    async def versions(_: KafkaSettings) -> list[BrokerVersion]:
        return [BrokerVersion(1, level, level)]

    async def topics(*_: Any, check: bool) -> list[Step]:
        del check
        return [A_CHANGE]

    async def nothing(*_: Any, check: bool, shard: bool) -> list[Step]:
        del check, shard
        return []

    monkeypatch.setattr(module, "broker_versions", versions)
    monkeypatch.setattr(module, "migrate_topics", topics)
    monkeypatch.setattr(module, "_migrate_database", nothing)


@pytest.mark.parametrize("check", [True, False])
async def test_kafka_4_3_is_warned_of(monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    """Before all else, and everything is done all the same."""
    on_brokers(monkeypatch, LEVEL_OF_4_3)
    [warned, *others] = await migrate(load_settings({}), check=check)

    assert isinstance(warned, Warned)
    assert ("broker", "kafka", True) == (warned.kind, warned.name, "KAFKA-20734" in warned.why)
    assert [A_CHANGE] == others


async def test_nobody_is_warned_where_it_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a release that keeps the guarantee, and of any if nobody relies on it."""
    on_brokers(monkeypatch, LEVEL_OF_4_2)
    assert [A_CHANGE] == await migrate(load_settings({}))

    on_brokers(monkeypatch, LEVEL_OF_4_3)
    assert [A_CHANGE] == await migrate(load_settings({"CODES_PROCESSING_GUARANTEE": "at_least_once"}))


async def test_nothing_is_done_on_a_broker_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes before the first topic."""
    on_brokers(monkeypatch, LEVEL_OF_3_9)

    with pytest.raises(KafkaTooOld, match=r"3\.9"):
        await migrate(load_settings({}))
