"""One importer for many imports: a deployment of its own, and what became of each file.

Out: `importing` (role, neighbour, bucket and database together, removed at the end), `Found`, `found_of`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ops.broker.migrate import migrate
from ops.settings.load import load_settings
from schemas.topics import IMPORT
from stores.mongo.connection import Database, connect, database
from tests.conftest import remove
from tests.integration.importing import Files, ends, some_files
from tests.integration.running import Neighbour, Role, a_neighbour, running
from tests.stacks import is_sharded


class Found(NamedTuple):
    """What became of one import."""

    event: Mapping[str, Any]
    codes: Mapping[str, str]
    """Each code of its campaign, with its type."""
    report: str
    """The reject report's text; empty: there is none."""


class ImporterBench(NamedTuple):
    """A running importer with the clients that observe it."""

    role: Role
    neighbour: Neighbour
    files: Files
    db: Database

    async def ask(self, key: str) -> None:
        """Import an object of the bucket into a campaign of its own; both it and the import are named by the key."""
        command = self.files.command(key, key, campaign_id=key)
        await self.neighbour.send(IMPORT, command, key=key.encode())

    async def found(self, count: int, **waiting: float) -> dict[str, Found]:
        """What became of all imports, by their ids, once so many have ended."""
        events = await ends(self.neighbour, count, **waiting)
        return {event["import_id"]: await self._found(event) for event in events}

    async def _found(self, event: Mapping[str, Any]) -> Found:
        codes = self.db["codes"].find({"campaign_id": event["campaign_id"]}, {"code": 1, "code_type": 1})
        report = self.files.text(event["report"]) if event["report"] else ""
        return Found(event, {code["code"]: code["code_type"] async for code in codes}, report)


@asynccontextmanager
async def importing(environment: Mapping[str, str], log: Path, **more: str) -> AsyncIterator[ImporterBench]:
    """Topics, collections, a bucket, a neighbour and an importer that is ready; `more` are settings of it alone."""
    settings = load_settings(environment)
    await migrate(settings, shard=is_sharded())
    client = connect(settings.mongo)
    try:
        with some_files(environment) as files:
            async with a_neighbour(settings) as neighbour, running("importer", environment, log, **more) as role:
                await role.until_ready()
                yield ImporterBench(role, neighbour, files, database(client, settings.mongo))
    finally:
        client.close()
        await remove(settings)
