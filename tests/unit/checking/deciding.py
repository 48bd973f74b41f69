"""The model's state, and what becomes of each request.

In:   a request's content with its defaults, its record, the time of its decision.
Out:  the body of its result; codes, reservations and shards have moved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

from tests.checking.history import Logged

BEGAN: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
BEGAN_MS: Final = int(BEGAN.timestamp() * 1000)
RESULT_FIELDS: Final = (
    "request_id", "operation", "outcome", "campaign_id", "fan_id", "code_type", "quantity", "code_ids",
    "reservation_id", "expires_at", "reason", "decided_at",
)  # fmt: skip
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "reserve": {"code_type": "tm", "quantity": 1, "ttl_s": 86_400},
    "assign": {"code_type": "tm", "quantity": 1},
    "release": {"fan_id": None, "reason": "unused"},
}
ENDS: Final = {"assign": "assigned", "release": "released"}
REASONS: Final = {
    "assigned": "reservation_assigned",
    "released": "reservation_released",
    "expired": "reservation_expired",
}


def instant(at_s: float) -> str:
    """An instant as results have it."""
    return (BEGAN + timedelta(seconds=at_s)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def ms(at_s: float) -> int:
    """A record's timestamp."""
    return BEGAN_MS + round(at_s * 1000)


def kind_of(fields: Mapping[str, Any]) -> tuple[str, str]:
    """The campaign and the code type of a request or a code."""
    return fields["campaign_id"], fields["code_type"]


@dataclass
class Deciding:
    """Codes and reservations, as the database has them."""

    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reservations: dict[str, dict[str, Any]] = field(default_factory=dict)
    shards: dict[str, dict[str, Any]] = field(default_factory=dict)
    campaigns: set[str] = field(default_factory=set)
    free: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """Available codes by campaign and type."""

    def decide(self, content: Mapping[str, Any], record: Logged, decided_s: float) -> dict[str, Any]:
        decided = {"decided_at": instant(decided_s)}
        reason = self._why_not(content, record)
        if reason is not None:
            return self.refused(content, {**decided, "reason": reason})
        if "reservation_id" in content:
            return self._close(content, record, decided)
        return self._open(content, record, decided_s, decided)

    def _why_not(self, content: Mapping[str, Any], record: Logged) -> str | None:
        if content["campaign_id"] not in self.campaigns:
            return "unknown_campaign"
        if "reservation_id" not in content:
            return None if len(self.free.get(kind_of(content), ())) >= content["quantity"] else "out_of_stock"
        held = self.reservations.get(content["reservation_id"])
        if held is None or held["campaign_id"] != content["campaign_id"]:
            return "reservation_not_found"
        if content["fan_id"] not in (None, held["fan_id"]):
            return "not_the_holder"
        return REASONS.get(held["state"]) or self._why_not_now(content, held["expires_at"], record)

    def _why_not_now(self, content: Mapping[str, Any], ends: datetime, record: Logged) -> str | None:
        is_over = ends.timestamp() * 1000 <= record.timestamp_ms
        if content["request_id"].startswith("expire:"):
            return None if is_over else "invalid_request"
        return "reservation_expired" if is_over and content.get("reason") != "expired" else None

    def _open(
        self, content: Mapping[str, Any], record: Logged, decided_s: float, decided: Mapping[str, Any]
    ) -> dict[str, Any]:
        code_ids = list(islice(self.free[kind_of(content)], content["quantity"]))
        is_reserve = content["operation"] == "reserve"
        ends_s = decided_s + content["ttl_s"] if is_reserve else None
        self.reservations[content["request_id"]] = {
            "_id": content["request_id"],
            **{name: content[name] for name in ("campaign_id", "fan_id", "code_type")},
            "code_ids": code_ids,
            "state": "held" if is_reserve else "assigned",
            "expires_at": None if ends_s is None else datetime.fromisoformat(instant(ends_s)),
        }
        self._move(code_ids, "reserved" if is_reserve else "assigned", record)
        ends = {"expires_at": None if ends_s is None else instant(ends_s)}
        return self._granted(content, content["request_id"], {**decided, **ends})

    def _close(self, content: Mapping[str, Any], record: Logged, decided: Mapping[str, Any]) -> dict[str, Any]:
        held = self.reservations[content["reservation_id"]]
        end = ENDS[content["operation"]]
        held["state"] = "expired" if content.get("reason") == "expired" else end
        self._move(held["code_ids"], "assigned" if end == "assigned" else "available", record)
        return self._granted(content, content["reservation_id"], {**decided, "expires_at": None})

    def _granted(self, content: Mapping[str, Any], reservation_id: str, more: Mapping[str, Any]) -> dict[str, Any]:
        held = self.reservations[reservation_id]
        is_reserve = content["operation"] == "reserve"
        return {
            **dict.fromkeys(RESULT_FIELDS),
            "request_id": content["request_id"],
            "operation": content["operation"],
            "outcome": "reserved" if is_reserve else ENDS[content["operation"]],
            **{name: held[name] for name in ("campaign_id", "fan_id", "code_type")},
            "quantity": len(held["code_ids"]),
            "code_ids": list(held["code_ids"]),
            "reservation_id": reservation_id,
            **more,
        }

    def refused(self, content: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
        names = ("request_id", "operation", "campaign_id", "fan_id", "reservation_id", "quantity", "code_type")
        said = {name: content.get(name) for name in names}
        if said["reservation_id"] is not None:
            said |= {"quantity": None, "code_type": None}
        return {**dict.fromkeys(RESULT_FIELDS), **said, "outcome": "refused", "code_ids": [], **more}

    def _move(self, code_ids: Sequence[str], status: str, record: Logged) -> None:
        for code_id in code_ids:
            code = self.codes[code_id]
            self.count(code, f"{record.topic}.{record.partition}", {code["status"]: -1, status: 1})
            code["status"] = status
            free = self.free[kind_of(code)]
            if status == "available":
                free[code_id] = None
            else:
                free.pop(code_id, None)

    def count(self, kind: Mapping[str, Any], shard: str, added: Mapping[str, int]) -> None:
        """Change the counts of a shard; `kind` names the campaign and the type."""
        key = f"{kind['campaign_id']}:{kind['code_type']}:{shard}"
        empty = {"version": 0, "available": 0, "reserved": 0, "assigned": 0, "published": 0}
        names = {"_id": key, "campaign_id": kind["campaign_id"], "code_type": kind["code_type"], "shard": shard}
        counts = self.shards.setdefault(key, {**names, **empty})
        counts["version"] = counts["published"] + 1
        for status, count in added.items():
            counts[status] += count
