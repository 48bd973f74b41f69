"""Explains an outcome that a user did not expect: a refusal, and a request or import that cannot be found.

In:       a refused result; the id of a request or import.
Out:      one sentence, or None if nothing more is known.
Promise:  an explanation is worth a few seconds; a part that does not answer by then is left out of it.
"""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

from cli.jobs.tailing import Selection, follow, reason_headers
from ops.broker.records import fields_behind_prefix
from ops.settings.load import Settings
from schemas.errors import CodeServiceError
from schemas.refusal_remedies import REFUSAL_REMEDIES
from schemas.topics import DEAD_LETTERS, Topics
from stores.mongo.collections import open_collections
from stores.mongo.lookups import Lookups

LOOK_S: Final = 5.0


async def refusal_remedy(settings: Settings, result: Mapping[str, Any]) -> str | None:
    """What to do about a refusal; how many codes are left, if there were too few."""
    remedy = REFUSAL_REMEDIES.get(str(result.get("reason")))
    if remedy is None or result.get("reason") != "out_of_stock":
        return remedy
    left = await codes_left(settings, str(result.get("campaign_id")), str(result.get("code_type")))
    return remedy if left is None else f"{left:,} left, {result.get('quantity'):,} wanted. {remedy}"


async def codes_left(settings: Settings, campaign_id: str, code_type: str) -> int | None:
    """Available codes of a type; None if the database does not say in time."""
    try:
        async with asyncio.timeout(LOOK_S), open_collections(settings.mongo) as collections:
            shards = await Lookups(collections).shards(campaign_id)
    except (CodeServiceError, TimeoutError):
        return None
    return sum(shard.available for shard in shards if shard.code_type == code_type)


async def dead_letter_of(settings: Settings, request_id: str) -> str | None:
    """Where the dead letter of a request is, and why it is one."""
    topic = Topics(settings.topics.prefix).full(DEAD_LETTERS)
    selection = Selection(topic, from_beginning=True, follow=False)
    try:
        async with asyncio.timeout(LOOK_S), aclosing(follow(settings, selection)) as records:
            async for record in records:
                if fields_behind_prefix(record.value).get("request_id") == request_id:
                    headers = reason_headers(record)
                    reason = f"{headers.get('dlq-reason')}: {headers.get('dlq-detail')}"
                    return f"its record is a dead letter, {topic}.{record.partition}@{record.offset} ({reason})"
    except (CodeServiceError, TimeoutError):
        return None
    return None
