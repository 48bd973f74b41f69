"""Batches decided on a store, as a worker decides them.

Out: `planned`, `decided`; the shards that decide; `reserves`, a batch.
"""

import asyncio

from handlers.requests.facts import StockKey
from handlers.requests.plan import Plan, plan_batch
from schemas.errors import FactsStale
from schemas.records import Asked
from schemas.requests import Request
from schemas.results import Result
from stores.code_port import CodeStore
from tests.fakes.builders import NOW, a_reserve, asked

RESERVES = "reserve.requests.v1.0"
OTHERS = "reserve.requests.v1.1"
ASSIGNS = "assign.requests.v1.0"
RELEASES = "release.requests.v1.0"
WINTER = StockKey("winter", "tm")
ATTEMPTS_MAX = 200


async def planned(store: CodeStore, shard: str, *requests: Asked[Request]) -> Plan:
    """Gather and plan, without a write."""
    return plan_batch(requests, await store.gather(requests), shard=shard, now=NOW)


async def decided(store: CodeStore, shard: str, *requests: Asked[Request]) -> list[Result]:
    """Decide a batch; plan it again while it is stale."""
    for _ in range(ATTEMPTS_MAX):
        plan = await planned(store, shard, *requests)
        try:
            await store.apply(plan)
        except FactsStale:
            await asyncio.sleep(0.001)
            continue
        return [answer.result for answer in plan.answers]
    raise AssertionError(f"stale {ATTEMPTS_MAX} times")


def reserves(count: int, *, quantity: int = 1, name: str = "r") -> list[Asked[Request]]:
    """`count` requests of `quantity` codes each."""
    return [asked(a_reserve(request_id=f"{name}-{n}", quantity=quantity), offset=n) for n in range(count)]
