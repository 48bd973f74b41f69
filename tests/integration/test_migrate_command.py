"""`codes migrate` as a command: its exit codes, its JSON, and the error for a part that is unavailable."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from ops.broker.migrate import migrate
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable, StoreUnavailable
from stores.mongo.connection import Database
from tests.integration.migrating import changed, parts, unmigrated

pytestmark = pytest.mark.integration


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """The service's database, not migrated yet."""
    async with unmigrated(settings) as db:
        yield db


class TestUnavailable:
    async def test_an_unavailable_broker_is_reported(self, environment: dict[str, str]) -> None:
        """The error contains its address; nothing hangs."""
        unreachable = changed(environment, KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1")

        with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:1"):
            await migrate(unreachable)

    async def test_an_unavailable_database_is_reported(self, environment: dict[str, str]) -> None:
        """The error comes within the time-out of the settings."""
        unreachable = changed(environment, MONGO__URI="mongodb://127.0.0.1:1/", MONGO__TIMEOUT_MS="300")

        async with asyncio.timeout(10):
            with pytest.raises(StoreUnavailable):
                await migrate(unreachable)


class TestCommand:
    def run(self, environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `codes migrate` as a process."""
        command = [sys.executable, "-m", "cli.main", "migrate", *arguments]
        return subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=60)  # noqa: S603  # our own program

    def test_check_fails_until_it_is_done(
        self, environment: dict[str, str], settings: Settings, db: Database
    ) -> None:
        """A pipeline can ask; the JSON says what is missing."""
        before = self.run(environment, "--check", "--json")
        done = self.run(environment)
        after = self.run(environment, "--check")

        assert (1, 0, 0) == (before.returncode, done.returncode, after.returncode)
        assert parts(settings) == len(json.loads(before.stdout)["changes"])
        assert f"{settings.topics.prefix}reserve.requests.v1" in done.stdout
        assert after.stdout.startswith("nothing to change\n")

    def test_an_unavailable_part_is_one_line_and_exit_code_3(self, environment: dict[str, str]) -> None:
        """No traceback, nothing of libraries."""
        answer = self.run(environment | {"CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"})

        assert (3, "", 1) == (answer.returncode, answer.stdout, answer.stderr.count("\n"))
        assert answer.stderr.startswith("codes: Kafka at 127.0.0.1:1: ")
