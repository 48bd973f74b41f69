"""Which bodies are an answer to which request.

In:   a request; a result's body.
Out:  the names of fields that no answer to it could have; whether it is a refusal that the operation knows.
"""

from typing import Any, Final

from tests.checking.instants import instant_of
from tests.checking.requests import Content, Fields

DRAW_REASONS: Final = frozenset({"out_of_stock", "unknown_campaign", "request_id_reused", "campaign_closed"})
CLOSE_REASONS: Final = frozenset(
    {
        "unknown_campaign",
        "reservation_not_found",
        "reservation_expired",
        "reservation_released",
        "reservation_assigned",
        "not_the_holder",
        "request_id_reused",
    }
)
OUTCOMES: Final = {"reserve": "reserved", "assign": "assigned", "release": "released"}


def misfits(content: Content, body: Fields) -> list[str]:
    """Names of the fields that this request's answer cannot have as they are; empty: it may be its answer."""
    expected = expected_refusal(content) if body.get("outcome") == "refused" else expected_success(content)
    wrong = [name for name, value in expected if body.get(name) != value]
    if body.get("outcome") != "refused":
        return wrong + wrong_codes(content, body) + wrong_end(content, body)
    if body.get("reason") not in reasons_of(content):
        wrong.append("reason")
    if instant_of(body.get("decided_at")) is None:
        wrong.append("decided_at")
    if body.get("reason") != "request_id_reused":
        repeated = ("quantity", "reservation_id", *(("code_type",) if content.code_type else ()))
        wrong += [name for name in repeated if body.get(name) != getattr(content, name)]
    return wrong


def expected_success(content: Content) -> list[tuple[str, Any]]:
    """Fields that are certain if the request is granted."""
    expected: list[tuple[str, Any]] = [
        ("operation", content.operation),
        ("outcome", OUTCOMES[content.operation]),
        ("campaign_id", content.campaign_id),
        ("reservation_id", content.reservation_id or content.request_id),
        ("reason", None),
    ]
    if content.fan_id is not None:
        expected.append(("fan_id", content.fan_id))
    if content.reservation_id is None:
        expected += [("code_type", content.code_type), ("quantity", content.quantity)]
    return expected


def expected_refusal(content: Content) -> list[tuple[str, Any]]:
    """Fields that are certain if the request is refused."""
    return [
        ("operation", content.operation),
        ("campaign_id", content.campaign_id),
        ("fan_id", content.fan_id),
        ("code_ids", []),
        ("expires_at", None),
    ]


def reasons_of(content: Content) -> frozenset[str]:
    """Reasons by which this kind of request may be refused."""
    if content.reservation_id is None:
        return DRAW_REASONS
    if content.operation == "release" and content.request_id.startswith("expire:"):
        return CLOSE_REASONS | {"invalid_request"}
    return CLOSE_REASONS


def wrong_codes(content: Content, body: Fields) -> list[str]:
    """`code_ids` must be as many different ones as `quantity` says."""
    code_ids, quantity = body.get("code_ids"), body.get("quantity")
    if not isinstance(code_ids, list) or not code_ids:
        return ["code_ids"]
    is_right = len(code_ids) == quantity == len(set(code_ids))
    return [] if is_right else ["code_ids"]


def wrong_end(content: Content, body: Fields) -> list[str]:
    """A hold ends `ttl_s` after its decision; nothing else has an end."""
    decided = instant_of(body.get("decided_at"))
    if decided is None:
        return ["decided_at"]
    if content.ttl_s is None:
        return [] if body.get("expires_at") is None else ["expires_at"]
    return [] if instant_of(body.get("expires_at")) == decided + 1000 * content.ttl_s else ["expires_at"]
