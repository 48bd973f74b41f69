"""What is left of a campaign in the database.

Out: `left`.
"""

from typing import Final

from stores.mongo.connection import Database

HOLDERS: Final = ("reservations", "codes", "inventory", "imports", "rejects")
"""Collections with documents of a campaign; the ledger names it elsewhere."""


async def left(db: Database, campaign_id: str) -> dict[str, int]:
    """Documents of a campaign, by collection; those without any are left out."""
    counts = {name: await db[name].count_documents({"campaign_id": campaign_id}) for name in HOLDERS}
    counts["requests"] = await db["requests"].count_documents({"outcome.campaign_id": campaign_id})
    return {name: count for name, count in counts.items() if count}
