"""`codes dev up` with three brokers and three database nodes, from start to end in one run."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import devstack
from devstack.folder import Layout
from schemas.topics import ALL_TOPICS
from tests.integration.clusters import described, killed, nodes_by_name
from tests.integration.own_broker import take_known_jars
from tests.integration.stack_folder import running_below
from tests.places import ROOT

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(600)]

SIZES: Final = ("--brokers", "3", "--database-nodes", "3")
LIMIT_S: Final = 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stack's folder; nothing of it is left."""
    monkeypatch.delenv("CODES_DEV_DATABASE", raising=False)
    monkeypatch.setenv("CODES_DEV_DIR", str(tmp_path / "stack"))
    take_known_jars(tmp_path / "stack")
    yield tmp_path / "stack"
    devstack.down(tmp_path / "stack", wipe=True)


async def test_a_cluster_from_the_command_line(folder: Path) -> None:
    """Topics have three replicas. A second `up` joins, a third restarts a dead node, and data outlives `down`."""
    first = printed("dev", "up", "--json", *SIZES)
    migrated = codes("migrate", **first["environment"])
    servers = first["environment"]["CODES_KAFKA__BOOTSTRAP_SERVERS"]
    topics = [await described(servers, f"codes.{topic.name}") for topic in ALL_TOPICS]
    joined = printed("dev", "up", "--json", *SIZES)
    refused = codes("dev", "up", "--brokers", "1")
    killed(folder, nodes_by_name(folder)["kafka-2"])
    healed = printed("dev", "up", "--json")
    killed(folder, nodes_by_name(folder)["kafka-3"])
    restarted = await asyncio.to_thread(devstack.start_node, "kafka-3")
    codes("dev", "down")
    again = printed("dev", "up", "--json", *SIZES)

    assert 0 == migrated.returncode
    assert [[1, 2, 3]] * len(topics) == [sorted(topic["replicas"]) for topic in topics]
    assert [True, False, True, True] == [run["started_by_this_call"] for run in (first, joined, healed, again)]
    assert (1, True) == (refused.returncode, "stop it first: codes dev down" in refused.stderr)
    assert servers.endswith(f":{restarted.port}")
    assert first["environment"] == again["environment"]
    assert "nothing to change" in codes("migrate", "--check", **again["environment"]).stdout
    assert [*nodes_by_name(folder)] == [part["name"] for part in printed("dev", "status", "--json")]
    assert 0 == codes("dev", "down", "--wipe").returncode
    assert [] == running_below(folder)
    assert not Layout(folder).state.exists()


def codes(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `codes`; it has ended."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *arguments],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def printed(*arguments: str) -> Any:
    """What a successful command prints as JSON."""
    ended = codes(*arguments)
    assert 0 == ended.returncode, ended.stderr
    return json.loads(ended.stdout)
