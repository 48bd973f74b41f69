"""`codes dead-letters` with the rights of `replayer` alone, on a broker with an authorizer."""

import asyncio

import pytest

from ops.broker.topics import migrate_topics
from ops.settings.load import Settings, load_settings
from schemas.topics import RESERVE
from tests.integration.commanding import Codes
from tests.integration.running import a_neighbour
from tests.integration.test_dead_letters import FIX, put_letters, replayed
from tests.secured.broker import Doors
from tests.secured.granting import grant_kafka

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]  # it starts a broker


@pytest.fixture
async def deployed(doors: Doors, environment: dict[str, str]) -> dict[str, str]:
    """Topics made by somebody who may do everything, and the rights as printed."""
    # Topics of its own: the roles of other tests on this broker would answer what it sends again.
    shared = {**environment, "CODES_TOPICS__PREFIX": "replays.", "CODES_KAFKA__GROUP_PREFIX": "codes-"}
    as_admin = {**shared, "CODES_KAFKA__BOOTSTRAP_SERVERS": doors.open}
    await grant_kafka(doors.open, (await Codes(as_admin)("acl", "--format", "kafka")).out)
    await migrate_topics(load_settings(as_admin), check=False)
    return shared


async def test_a_replayer_lists_shows_and_replays(doors: Doors, deployed: dict[str, str]) -> None:
    """And reads neither requests nor results: it has no more than the table says."""
    codes = Codes({**deployed, **doors.with_password(user="codes-replayer")})
    async with a_neighbour(as_admin(doors, deployed)) as neighbour:
        [letter] = await put_letters(neighbour, ["r-1"])
        done = [
            await codes("dead-letters", *words)
            for words in (("list",), ("show", f"{letter.partition}@{letter.offset}"), ("replay", *FIX, "--send"))
        ]
        sent = await replayed(neighbour, 1)
    refused = await asyncio.gather(
        *(codes("tail", topic, "--no-follow") for topic in (RESERVE.name, "results.v1", "assigned.v1"))
    )

    assert ([0, 0, 0], ["r-1"]) == ([ended.code for ended in done], sent), [ended.err for ended in done]
    assert [1, 1, 1] == [ended.code for ended in refused]


def as_admin(doors: Doors, shared: dict[str, str]) -> Settings:
    """For a test's own clients, which may do everything."""
    return load_settings({**shared, "CODES_KAFKA__BOOTSTRAP_SERVERS": doors.open})
