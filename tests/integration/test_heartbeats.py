"""Real processes, real faults: what `/api/health` says, and how soon."""

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.settings.load import Settings
from schemas.base import rfc3339
from schemas.clock import utc_now
from tests.integration.freezing import frozen
from tests.integration.running import running
from tests.integration.watching import Watcher, an_announcer, an_event, watching

pytestmark = pytest.mark.integration

SEEN_S_MAX = 20.0
"""Five seconds are promised, see `tests/unit/handlers/inventory/test_health.py`; the rest is for a busy machine."""


def state(name: str, wanted: str) -> Callable[[Any], bool]:
    """Whether a role or part is in this state."""
    return lambda health: any((item["name"], item["state"]) == (name, wanted) for item in health["items"])


def item_of(health: Any, name: str) -> dict[str, Any]:
    return next(item for item in health["items"] if item["name"] == name)


async def seconds_until(watcher: Watcher, name: str, wanted: str) -> float:
    began = time.monotonic()
    await watcher.until("/api/health", state(name, wanted))
    return time.monotonic() - began


async def test_a_killed_worker_and_a_stopped_one_are_gone(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """Within five seconds, and they differ; another inventory that starts later says the same, with the same time."""
    async with watching(environment, tmp_path / "inventory.log") as watcher:
        # First the one that stops: the records of a killed one wait for its session.
        async with running("worker", environment, tmp_path / "stopped.log") as worker:
            await watcher.until("/api/health", state("worker", "ok"))
            worker.signal(signal.SIGTERM)
            assert 0 == await worker.ended()
            stopped = await watcher.until("/api/health", state("worker", "gone"))
        async with running("worker", environment, tmp_path / "killed.log") as worker:
            await watcher.until("/api/health", state("worker", "ok"))
            worker.signal(signal.SIGKILL)
            took_s = await seconds_until(watcher, "worker", "gone")
        _, killed = await watcher.get("/api/health")
        async with watching(environment, tmp_path / "later.log") as later:
            elsewhere = await later.until("/api/health", state("worker", "gone"))

    assert took_s < SEEN_S_MAX
    assert "no process runs: the last one ended without a stop" == item_of(killed, "worker")["detail"]
    assert item_of(killed, "worker")["since"] == item_of(elsewhere, "worker")["since"]
    assert "no process runs: the last one stopped" == item_of(stopped, "worker")["detail"]


async def test_a_database_and_an_object_store_without_an_answer_are_gone(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """While nobody asks for anything: the roles ask by themselves. Both come back."""
    async with (
        watching(environment, tmp_path / "inventory.log") as watcher,
        running("importer", environment, tmp_path / "importer.log"),
    ):
        took_s = {}
        for part, name in (("database", "mongodb"), ("s3", "s3")):
            await watcher.until("/api/health", state(name, "ok"))
            async with frozen(part):  # type: ignore[arg-type]  # both are names of parts
                took_s[name] = await seconds_until(watcher, name, "gone")
                _, health = await watcher.get("/api/health")
                assert "waiting" == item_of(health, "importer")["state"]
            await watcher.until("/api/health", state(name, "ok"))

    assert max(took_s.values()) < SEEN_S_MAX


async def test_decisions_of_viewers_and_the_history_of_days_survive_the_inventory(
    environment: dict[str, str], migrated: Settings, tmp_path: Path
) -> None:
    """They are read before it answers as loaded. The events of earlier days would not be read again."""
    days = [utc_now() - timedelta(days=days) for days in (6, 4, 2)]
    events = [an_event("tour", number, 100 - number, number, changed_at=at) for number, at in enumerate(days, 1)]
    path = "/api/campaigns/tour/history?resolution=hourly"
    async with watching(environment, tmp_path / "inventory.log") as watcher, an_announcer(migrated) as announcer:
        await announcer.publish(*events)
        history = await watcher.until(path, lambda answer: len(answer.get("points", ())) == len(days) + 1)
        found = await watcher.until("/api/attention", lambda attention: attention["open"] >= 1)
        key = found["items"][0]["key"]
        status, after = await watcher.post("/api/attention/marks", {"key": key, "action": "acknowledge"})
        watcher.role.signal(signal.SIGKILL)
        await watcher.role.ended()
    async with watching(environment, tmp_path / "again.log") as again:
        marked = await again.until(
            "/api/attention", lambda attention: any(item["mark"] for item in attention["items"])
        )
        _, history_again = await again.get(path)

    assert (200, [key]) == (status, [item["key"] for item in after["items"] if item["mark"]])
    assert [key] == [item["key"] for item in marked["items"] if item["mark"]]
    assert [(rfc3339(at)[:19], 100 - number) for number, at in enumerate(days, 1)] == [
        (point["at"][:19], point["available"]) for point in history["points"][:-1]
    ]
    assert history["points"][:-1] == history_again["points"][:-1]
