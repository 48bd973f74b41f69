"""What tests of actions share: an actor of the inventory's API, and the settings that let everybody act.

Out: `Actor`, `acting_with`.
"""

from collections.abc import Mapping
from typing import Any

import aiohttp

from schemas.topics import IMPORTS
from tests.integration.importing import Files, ends
from tests.integration.neighbouring import Sale
from tests.integration.watching import Watcher


def acting_with(environment: Mapping[str, str], files: Files) -> dict[str, str]:
    """All actions are on."""
    return {
        "CODES_ACTIONS__URI": environment["CODES_MONGO__URI"],
        "CODES_ACTIONS__WITHOUT_TOKEN": "true",
        "CODES_ACTIONS__S3": "true",
        "CODES_ACTIONS__REPLAY": "true",
        "CODES_S3__ALLOWED_BUCKETS": f'["{files.bucket}"]',
    }


class Actor:
    """Acts by HTTP, as the page does."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher

    async def does(self, path: str, subject: str, **more: Any) -> Any:
        """An action that is performed."""
        status, done = await self.watcher.post(f"/api/v1/{path}", {"confirm": subject, **more})
        assert 200 == status, done
        return done

    async def text(self, path: str, subject: str) -> str:
        """An action that answers a file."""
        async with aiohttp.ClientSession(self.watcher.url) as session:
            answer = await session.post(f"/api/v1/{path}", json={"confirm": subject})
            assert (200, "text/csv") == (answer.status, answer.content_type)
            return await answer.text()

    async def upload(self, campaign_id: str, content: bytes) -> str:
        """A preview, then the import of the same file; gives the import's id."""
        query = f"campaign_id={campaign_id}&name=codes.csv"
        headers = {"Content-Type": "text/csv"}
        async with aiohttp.ClientSession(self.watcher.url, headers=headers) as session:
            seen = await (await session.post(f"/api/v1/uploads/preview?{query}", data=content)).json()
            more = f"&confirm={campaign_id}&sha256={seen['sha256']}"
            answer = await session.post(f"/api/v1/uploads?{query}{more}", data=content)
            assert 200 == answer.status, await answer.text()
            return str((await answer.json())["import_id"])


async def end_of(sale: Sale, import_id: str) -> dict[str, Any]:
    """The end of an import."""
    count = 1
    while True:
        for event in (found := await ends(sale.neighbour, count)):
            if event["import_id"] == import_id:
                return event
        count = len(found) + 1


async def until_rows(sale: Sale, import_id: str) -> None:
    """Wait until an import has written rows."""
    seen = 0
    while True:
        events = await sale.neighbour.values(IMPORTS, seen + 1)
        if any(event["import_id"] == import_id and event["rows_read"] for event in events):
            return
        seen = len(events)
