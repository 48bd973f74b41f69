"""Campaigns that have codes and no shards: found through an index, not by a look at every code."""

import secrets
from typing import Any, Final

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from ops.settings.load import Settings
from stores.mongo import reconcile as store
from stores.mongo.collections import Collections
from stores.mongo.connection import Client, Database, database
from tests.fakes.stocking import a_code
from tests.integration.conftest import PutCodes
from tests.stacks import SHARDS, is_sharded

pytestmark = pytest.mark.integration

CAMPAIGNS: Final = 30
CODES: Final = 200


class Sent(CommandListener):
    """Remembers what was asked of the collection of codes."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep the command."""
        if event.command.get(event.command_name) == "codes":
            self.commands.append(dict(event.command))

    def succeeded(self, event: Any) -> None:
        """Nothing to keep."""

    def failed(self, event: Any) -> None:
        """Nothing to keep."""


async def test_campaigns_without_shards_cost_a_code_each(
    migrated: Settings, db: Database, stocked: PutCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is found once, over several pages; a server that explains itself, or each shard, reads a code for each."""
    monkeypatch.setattr(store, "CAMPAIGNS_PAGE", 7)
    await stocked("with-shards", 3)
    names = [f"orphan-{number:02d}" for number in range(CAMPAIGNS)]
    for name in names:
        await db["codes"].insert_many([a_code(name, "tm", secrets.token_hex(8)) for _ in range(CODES)])
    sent = Sent()
    client: Client = Client(migrated.mongo.uri.get_secret_value(), event_listeners=[sent])
    try:
        books = store.Reconciliation(Collections(database(client, migrated.mongo)))
        found = [campaign_id async for campaign_id in books.campaigns()]
    finally:
        client.close()

    assert ["with-shards", *names] == [found[0], *sorted(found[1:])]
    questions = [command for command in sent.commands if command.get("projection") == {"campaign_id": 1}]
    assert len(questions) == len(sent.commands)
    if "secantusVersion" not in await db.command("buildInfo"):
        keys, documents = await examined(db, questions)
        assert keys == documents
        assert CAMPAIGNS < keys <= (CAMPAIGNS + 1) * (SHARDS if is_sharded() else 1)


async def examined(db: Database, commands: list[dict[str, Any]]) -> tuple[int, int]:
    """The keys and the documents that the server read for commands that were sent."""
    keys = documents = 0
    for command in commands:
        asked = {name: command[name] for name in ("find", "filter", "projection", "sort", "limit")}
        found = await db.command({"explain": asked, "verbosity": "executionStats"})
        keys += found["executionStats"]["totalKeysExamined"]
        documents += found["executionStats"]["totalDocsExamined"]
    return keys, documents
