"""What real brokers say of their version: that of the stack, and those that break `exactly_once`."""

import sys
from pathlib import Path

import pytest

from devstack.classpath import KAFKA_VERSION, VERSION
from ops.broker.migrate import migrate
from ops.broker.versions import BrokerVersion, KafkaTooOld, broker_versions, check_guarantee, warnings_of
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable
from schemas.settings import KafkaSettings
from tests.integration.neighbouring import Ran, run
from tests.integration.own_broker import own_broker
from tests.integration.running import running

pytestmark = pytest.mark.integration


async def test_the_stacks_broker_keeps_exactly_once(migrated: Settings) -> None:
    """The broker reports its release, and there is no warning."""
    [broker] = await broker_versions(migrated.kafka)

    assert KAFKA_VERSION.rpartition(".")[0] == broker.release
    assert [] == await migrate(migrated, check=True)


async def test_a_cluster_that_is_not_there_is_said() -> None:
    """The error is that of any other command."""
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:9"):
        await broker_versions(KafkaSettings(bootstrap_servers="127.0.0.1:9"))


@pytest.mark.long
async def test_kafka_4_3_is_warned_of(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check and the migration warn on standard error, a worker in its log; all of them do their work."""
    monkeypatch.setenv(VERSION, "4.3.1")
    async with own_broker(tmp_path / "broker") as broker:
        there = environment | {"CODES_KAFKA__BOOTSTRAP_SERVERS": broker.settings.bootstrap_servers}
        versions = await broker_versions(broker.settings)
        ran = [await codes(there, *words) for words in (["migrate", "--check"], ["migrate"], ["migrate", "--check"])]
        async with running("worker", there, tmp_path / "worker.log") as worker:
            await worker.until_ready()
            [warned] = worker.logged("kafka_version")

    assert [BrokerVersion(1, 30, 30)] == versions
    assert "KAFKA-20734" in warnings_of("exactly_once", versions)[0]
    check_guarantee("exactly_once", versions)
    assert [1, 0, 0] == [ended.code for ended in ran], "the first check finds topics missing"
    warnings = [
        line for ended in ran for line in ended.err.splitlines() if line.startswith("warning: broker kafka: ")
    ]
    assert 3 == sum("KAFKA-20734" in line for line in warnings)
    assert ("warning", True) == (warned["level"], "KAFKA-20734" in warned["reason"])


@pytest.mark.long
async def test_a_broker_before_4_0_is_refused(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that would rely on it refuses, in one line with the remedy; nothing was created there."""
    monkeypatch.setenv(VERSION, "3.9.1")
    async with own_broker(tmp_path / "broker") as broker:
        there = environment | {"CODES_KAFKA__BOOTSTRAP_SERVERS": broker.settings.bootstrap_servers}
        refused = [
            await codes(there, *words) for words in (["migrate", "--check"], ["migrate"], ["worker"], ["importer"])
        ]
        allowed = await codes(there | {"CODES_PROCESSING_GUARANTEE": "at_least_once"}, "migrate")
        with pytest.raises(KafkaTooOld, match=r"3\.9"):
            check_guarantee("exactly_once", await broker_versions(broker.settings))

    assert [1] * 4 == [ran.code for ran in refused]
    assert 4 == sum("CODES_PROCESSING_GUARANTEE=at_least_once" in ran.err.splitlines()[-1] for ran in refused)
    assert 0 == allowed.code


async def codes(environment: dict[str, str], *words: str) -> Ran:
    """The command line, as a person runs it."""
    return await run(environment, sys.executable, "-m", "cli.main", *words)
