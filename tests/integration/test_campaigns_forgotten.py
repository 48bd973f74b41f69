"""The inventory forgets a campaign that is removed: at once, and after a restart that reads everything again."""

import signal
from pathlib import Path
from typing import Any

import pytest

from stores.mongo.connection import Database
from tests.integration.commanding import Codes
from tests.integration.importing import Files
from tests.integration.running import Neighbour
from tests.integration.test_inventory import traffic
from tests.integration.watching import Watcher, counts_in, until_true, watching

pytestmark = pytest.mark.integration


async def shown(watcher: Watcher, names: set[str]) -> None:
    """Wait until the API has these campaigns, and no others."""

    def has_them(answer: Any) -> bool:
        return names == {item["campaign_id"] for item in answer["items"]}

    await watcher.until("/api/campaigns", has_them)


async def test_the_inventory_forgets_a_purged_campaign(
    environment: dict[str, str], neighbour: Neighbour, files: Files, db: Database, tmp_path: Path
) -> None:
    """Its events are still on `inventory.v1`: they are older than the tombstone. The other campaign stays."""
    codes = Codes(environment)
    await traffic(environment, neighbour, files, tmp_path)
    wanted = await counts_in(db)
    async with watching(environment, tmp_path / "inventory.log") as watcher:
        await until_true(watcher, wanted)
        await codes("campaigns", "close", "sale")
        purged = await codes("campaigns", "purge", "sale", "--confirm", "sale", "--json")
        await shown(watcher, {"tour"})
        watcher.role.signal(signal.SIGKILL)
        await watcher.role.ended()
    async with watching(environment, tmp_path / "again.log") as again:
        await until_true(again, {"tour": wanted["tour"]})
        await shown(again, {"tour"})

    assert {"sale", "tour"} == set(wanted)
    assert (0, "removed", False) == (purged.code, purged.json["state"], "run the same command again" in purged.err)
