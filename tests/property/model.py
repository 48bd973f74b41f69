"""The contract's rules for every answer, stated a second time and as simply as possible.

In:       requests in the order of their decisions, with their results.
Out:      whether each result is right; the holder of each code.
Promise:  it shares no code with `handlers`: fields are plain JSON, codes are ids, time is an argument.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

Body = Mapping[str, Any]
Kind = tuple[str, str]
"""Campaign and code type."""

ENDS = {"assigned": "reservation_assigned", "released": "reservation_released", "expired": "reservation_expired"}


class Wrong(AssertionError):
    """An answer that the contract does not allow."""


@dataclass(frozen=True)
class Ask:
    """One request as it was decided."""

    operation: str
    fields: Mapping[str, Any]
    """With the contract's defaults."""
    asked_at: datetime
    decided_at: datetime


@dataclass(frozen=True)
class Hold:
    """One reservation."""

    kind: Kind
    fan: str
    codes: tuple[str, ...]
    state: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Remembered:
    """The first answer to a request id."""

    content: tuple[str, str]
    body: Body


@dataclass
class Model:
    """The state after all decisions so far."""

    free: dict[Kind, set[str]] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    ledger: dict[str, Remembered] = field(default_factory=dict)
    refused_reuses: dict[tuple[str, tuple[str, str]], Body] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    """Campaigns."""
    closed_before: frozenset[str] = frozenset()
    """The same before the batch's apply: a refusal may still go by it, a success may not."""

    def copy(self) -> "Model":
        """An independent copy; of its values, only sets are ever changed in place."""
        free = {kind: set(codes) for kind, codes in self.free.items()}
        holds, ledger, reuses = dict(self.holds), dict(self.ledger), dict(self.refused_reuses)
        return Model(free, holds, ledger, reuses, self.closed, self.closed_before)

    def add(self, kind: Kind, codes: Sequence[str]) -> None:
        """An import added codes."""
        self.free.setdefault(kind, set()).update(codes)

    def counts(self) -> Counter[tuple[str, str, str]]:
        """Codes by campaign, type and status."""
        counts = Counter({(*kind, "available"): len(codes) for kind, codes in self.free.items() if codes})
        for hold in self.holds.values():
            if hold.state in ("held", "assigned"):
                status = "reserved" if hold.state == "held" else "assigned"
                counts[*hold.kind, status] += len(hold.codes)
        return counts

    def take(self, ask: Ask, body: Body) -> None:
        """Check the answer of a request, then update the state by it; raises Wrong if it is not allowed."""
        content = (ask.operation, repr(sorted(ask.fields.items())))
        request_id = ask.fields["request_id"]
        first = self.ledger.get(request_id)
        if first is None:
            self._check_first(ask, body)
            self.ledger[request_id] = Remembered(content, body)
        elif first.content == content:
            expect(first.body, body)
        else:
            expect_refusal(ask, "request_id_reused", body)
            expect(self.refused_reuses.setdefault((request_id, content), body), body)

    def _check_first(self, ask: Ask, body: Body) -> None:
        expect(rfc3339(ask.decided_at), body["decided_at"])
        reason = self._why_not(ask, self.closed)
        if body["reason"] is not None and body["reason"] == self._why_not(ask, self.closed_before):
            reason = body["reason"]
        if reason is not None:
            expect_refusal(ask, reason, body)
            return
        if "reservation_id" in ask.fields:
            self._close(ask, body)
        else:
            self._open(ask, body)

    def _why_not(self, ask: Ask, closed: frozenset[str]) -> str | None:
        if ask.fields["campaign_id"] not in {campaign for campaign, _ in self.free}:
            return "unknown_campaign"
        if "reservation_id" in ask.fields:
            return self._why_not_close(ask)
        if ask.fields["request_id"] in self.holds:
            return "request_id_reused"
        if ask.fields["campaign_id"] in closed:
            return "campaign_closed"
        return "out_of_stock" if ask.fields["quantity"] > len(self.free.get(kind_of(ask), ())) else None

    def _why_not_close(self, ask: Ask) -> str | None:
        hold = self.holds.get(ask.fields["reservation_id"])
        if hold is None or hold.kind[0] != ask.fields["campaign_id"]:
            return "reservation_not_found"
        if ask.fields.get("fan_id") not in (None, hold.fan):
            return "not_the_holder"
        if hold.state != "held":
            return ENDS[hold.state]
        assert hold.expires_at is not None
        is_over = hold.expires_at <= ask.asked_at
        if ask.fields["request_id"].startswith("expire:"):
            return None if is_over else "invalid_request"
        says_expired = ask.fields.get("reason") == "expired"
        return "reservation_expired" if is_over and not says_expired else None

    def _open(self, ask: Ask, body: Body) -> None:
        kind, codes = kind_of(ask), tuple(body["code_ids"])
        if len(set(codes)) != ask.fields["quantity"] or not set(codes) <= self.free[kind]:
            raise Wrong(f"{ask.fields}: {codes} are not {ask.fields['quantity']} free codes")
        is_reserve = ask.operation == "reserve"
        expires_at = ask.decided_at + timedelta(seconds=ask.fields["ttl_s"]) if is_reserve else None
        hold = Hold(kind, ask.fields["fan_id"], codes, "held" if is_reserve else "assigned", expires_at)
        self.free[kind] -= set(codes)
        self.holds[ask.fields["request_id"]] = hold
        expect_success(ask, ask.fields["request_id"], hold, "reserved" if is_reserve else "assigned", body)

    def _close(self, ask: Ask, body: Body) -> None:
        reservation_id = ask.fields["reservation_id"]
        hold = self.holds[reservation_id]
        expect_success(ask, reservation_id, hold, "assigned" if ask.operation == "assign" else "released", body)
        if ask.operation == "assign":
            self.holds[reservation_id] = replace(hold, state="assigned")
            return
        self.free[hold.kind] |= set(hold.codes)
        end = "expired" if ask.fields["reason"] == "expired" else "released"
        self.holds[reservation_id] = replace(hold, state=end)


def kind_of(ask: Ask) -> Kind:
    """The campaign and code type of a request."""
    return ask.fields["campaign_id"], ask.fields["code_type"]


def expect(expected: object, actual: object) -> None:
    """Raise Wrong unless they are equal."""
    if expected != actual:
        raise Wrong(f"expected {expected}, not {actual}")


def expect_refusal(ask: Ask, reason: str, body: Body) -> None:
    """Raise Wrong unless the body is this refusal."""
    expected = {
        "request_id": ask.fields["request_id"],
        "operation": ask.operation,
        "outcome": "refused",
        "campaign_id": ask.fields["campaign_id"],
        "fan_id": ask.fields.get("fan_id"),
        "reason": reason,
        "code_ids": [],
        "expires_at": None,
    }
    expect(expected, {name: body[name] for name in expected})


def expect_success(ask: Ask, reservation_id: str, hold: Hold, outcome: str, body: Body) -> None:
    """Raise Wrong unless the body is exactly this result."""
    expected = {
        "request_id": ask.fields["request_id"],
        "operation": ask.operation,
        "outcome": outcome,
        "campaign_id": hold.kind[0],
        "fan_id": hold.fan,
        "code_type": hold.kind[1],
        "quantity": len(hold.codes),
        "code_ids": list(hold.codes),
        "reservation_id": reservation_id,
        "expires_at": rfc3339(hold.expires_at) if outcome == "reserved" else None,
        "reason": None,
        "decided_at": rfc3339(ask.decided_at),
    }
    expect(expected, dict(body))


def rfc3339(instant: datetime | None) -> str:
    """An instant in the contract's format."""
    assert instant is not None
    return instant.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


Stream = Sequence[tuple[Ask, Body]]
"""The decisions of one partition, in order."""


def explained(model: Model, in_order: Stream, streams: Sequence[Stream]) -> Model:
    """The model after all these decisions, some of which were concurrent.

    They must be right in the order of their commits, or in another order that keeps the order of each partition.

    Raises:
        Wrong: no such order exists.
    """
    try:
        return after(model, in_order)
    except Wrong as wrong:
        found = some_order(model, [stream for stream in streams if stream]) if len(streams) > 1 else None
        if found is None:
            raise wrong from None
        return found


def after(model: Model, stream: Stream) -> Model:
    """The model after these decisions; raises Wrong at the first wrong answer."""
    following = model.copy()
    for ask, body in stream:
        following.take(ask, body)
    return following


def some_order(model: Model, streams: Sequence[Stream]) -> Model | None:
    """The model after an order in which all answers are right; None if none exists."""
    if not streams:
        return model
    for number, stream in enumerate(streams):
        try:
            following = after(model, stream[:1])
        except Wrong:
            continue
        rest = [*streams[:number], stream[1:], *streams[number + 1 :]]
        found = some_order(following, [decisions for decisions in rest if decisions])
        if found is not None:
            return found
    return None
