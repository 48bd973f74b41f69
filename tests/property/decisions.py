"""The decisions of committed plans, in the model's terms.

In:       plans, in the order of their commits.
Out:      the model after them; `Wrong` if no order of the requests explains them.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from handlers.requests.plan import Answer, Plan
from schemas.base import to_milliseconds
from schemas.topics import OPERATIONS
from tests.fakes.builders import TOPICS
from tests.property.model import Ask, Model, Stream, explained

DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "reserve": {"code_type": "tm", "quantity": 1, "ttl_s": 86_400},
    "assign": {"code_type": "tm", "quantity": 1},
    "assign a reservation": {},
    "release": {"fan_id": None, "reason": "unused"},
}
"""The contract's, stated a second time."""


def explain(model: Model, plans: Sequence[Plan]) -> Model:
    """The model after these plans.

    Raises:
        Wrong: the decisions are not those of any order of the requests.
    """
    in_order = [decision(answer, plan) for plan in plans for answer in plan.answers]
    shards = dict.fromkeys(shard_of(plan) for plan in plans)
    return explained(model, in_order, [stream_of(plans, shard) for shard in shards])


def decision(answer: Answer, plan: Plan) -> tuple[Ask, dict[str, Any]]:
    """A request as it was decided, and its result."""
    record = answer.asked.record
    assert record.value is not None
    fields = json.loads(record.value)
    operation = OPERATIONS[TOPICS.bare(record.topic)]
    defaults = DEFAULTS["assign a reservation" if operation == "assign" and "reservation_id" in fields else operation]
    asked_at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=record.timestamp_ms)
    ask = Ask(operation, {**defaults, **fields}, asked_at, to_milliseconds(plan.decided_at))
    return ask, json.loads(answer.result.to_json())


def stream_of(plans: Iterable[Plan], shard: str) -> Stream:
    """What one partition decided, in its order."""
    return [decision(answer, plan) for plan in plans if shard_of(plan) == shard for answer in plan.answers]


def shard_of(plan: Plan) -> str:
    """The input partition of a plan's batch."""
    return plan.batch_id.rpartition("@")[0]
