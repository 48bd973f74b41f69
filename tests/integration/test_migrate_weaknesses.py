"""`codes migrate --check` names settings that weaken the promise, on a real broker and a real database."""

import json
import time

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ops.broker.migrate import migrate
from ops.settings.load import Settings
from tests.integration.commanding import Codes
from tests.integration.migrating import broker
from tests.integration.timestamps import a_plain_sender, let_senders_write_times

pytestmark = pytest.mark.integration

AHEAD_MS = 600_000


async def findings(environment: dict[str, str]) -> tuple[int, dict[str, list[tuple[str, str]]]]:
    """The exit code, and of each severity the names and settings."""
    ended = await Codes(environment)("migrate", "--check", "--json")
    by_severity: dict[str, list[tuple[str, str]]] = {}
    for found in ended.json["findings"]:
        by_severity.setdefault(found["severity"], []).append((found["name"], found["setting"]))
    return ended.code, by_severity


async def test_a_stack_for_development_has_notes_only(environment: dict[str, str], migrated: Settings) -> None:
    """One broker is one note, however many topics it has; the clocks of one machine agree."""
    code, by_severity = await findings(environment)

    assert 0 == code
    assert {"note"} == by_severity.keys()
    assert ("kafka", "brokers") in by_severity["note"]
    assert "voting nodes" in {setting for _, setting in by_severity["note"]}


async def test_a_topic_that_somebody_changed_is_named(environment: dict[str, str], migrated: Settings) -> None:
    """What `codes migrate` does not set is found too; a setting that breaks the promise fails the check."""
    topic = f"{migrated.topics.prefix}reserve.requests.v1"
    settings = {"retention.bytes": "1000000", "cleanup.policy": "compact", "message.timestamp.type": "CreateTime"}
    async with broker(migrated) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])

    code, by_severity = await findings(environment)
    shown = await Codes(environment)("migrate", "--check")

    assert 1 == code == shown.code
    assert [(topic, "cleanup.policy"), (topic, "message.timestamp.type")] == by_severity["breaks the promise"]
    assert [(topic, "retention.bytes")] == by_severity["weakens it"]
    assert f"breaks the promise: topic {topic}: cleanup.policy is compact\n" in shown.out


async def test_a_broker_whose_clock_is_ahead_is_named(environment: dict[str, str], migrated: Settings) -> None:
    """The clock of a broker of this machine cannot be moved; a sender gives a record the time that it would give."""
    topic = f"{migrated.topics.prefix}assign.requests.v1"
    await let_senders_write_times(migrated, topic)
    async with a_plain_sender(migrated) as sender:
        later_ms = round(time.time() * 1000) + AHEAD_MS
        await sender.send_and_wait(topic, b"{}", partition=1, timestamp_ms=later_ms)
    await migrate(migrated)  # brokers give times again; the record keeps its own

    code, by_severity = await findings(environment)

    assert 0 == code
    assert [("1", "clock ahead of this machine")] == by_severity["weakens it"]


async def test_a_run_reports_changes_only(environment: dict[str, str], migrated: Settings) -> None:
    """Findings belong to the check; scripts that read the JSON of a run see what they saw before."""
    ended = await Codes(environment)("migrate", "--json")

    assert {"changes": [], "refused": [], "warnings": []} == json.loads(ended.out)
