"""A tiny model of the service, which leaves good histories for the checker.

In:       what is asked, and when it is appended, decided and seen.
Out:      `History`.
Promise:  it shares no code with the service, nor with the checker.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from tests.checking.history import History, Logged

BEGAN: Final = datetime(2026, 6, 1, 12, tzinfo=UTC)
BEGAN_MS: Final = int(BEGAN.timestamp() * 1000)
BUCKET: Final = "files"
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
class Service:
    """All roles in one, each asked for one thing at a time."""

    guarantee: str = "exactly_once"
    inputs: list[Logged] = field(default_factory=list)
    outputs: list[Logged] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    reservations: dict[str, dict[str, Any]] = field(default_factory=dict)
    shards: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledger: dict[str, tuple[Mapping[str, Any], dict[str, Any], str]] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    imports: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The end event of each."""
    campaigns: set[str] = field(default_factory=set)
    free: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """Available codes by campaign and type."""
    last_s: float = 0.0

    def append(
        self, topic: str, at_s: float, value: Mapping[str, Any] | bytes | None, *, partition: int = 0
    ) -> Logged:
        """Append a record to an input topic."""
        body = json.dumps(value).encode() if isinstance(value, Mapping) else value
        offset = self.ends.get((topic, partition), 0)
        self.ends[topic, partition] = offset + 1
        record = Logged(topic, partition, offset, ms(at_s), b"key", body)
        self.inputs.append(record)
        return record

    def publish(self, topic: str, key: str | None, body: Mapping[str, Any], identity: str, *, seen_s: float) -> None:
        """Publish a record with a body."""
        headers = (("ce_id", str(uuid5(NAMESPACE_OID, f"{topic}:{identity}")).encode()),)
        self.emit(topic, None if key is None else key.encode(), json.dumps(body).encode(), headers, seen_s)

    def emit(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: tuple[tuple[str, bytes], ...],
        seen_s: float,
    ) -> None:
        """Publish a record."""
        self.last_s = max(self.last_s, seen_s)
        self.outputs.append(Logged(topic, 0, len(self.outputs), ms(seen_s), key, value, headers, seen_s))

    def serve(self, record: Logged, *, decided_s: float, seen_s: float) -> dict[str, Any]:
        """Decide a readable request; gives its result."""
        operation = record.topic.partition(".")[0]
        content = {**DEFAULTS[operation], "operation": operation, **json.loads(record.value or b"")}
        request_id = content["request_id"]
        source = f"{record.topic}.{record.partition}@{record.offset}"
        identity = json.dumps(content, sort_keys=True)
        if request_id not in self.ledger:
            result = self._decide(content, record, decided_s)
            self.ledger[request_id] = (content, result, source)
        first, result, first_source = self.ledger[request_id]
        if first != content:
            reuse = {"reason": "request_id_reused", "decided_at": result["decided_at"]}
            result = self._refused(content, {**reuse, "quantity": None, "reservation_id": None, "code_type": None})
        self.publish("results.v1", "key", result, identity, seen_s=seen_s)
        if source == first_source:
            self._announce(result, f"{record.topic}.{record.partition}", seen_s)
        return result

    def reject(self, record: Logged, *, seen_s: float, reason: str = "invalid") -> None:
        """Answer an unreadable record with a dead letter, and a result if it has a `request_id`."""
        place = (
            ("dlq-topic", f"codes.{record.topic}"),
            ("dlq-partition", record.partition),
            ("dlq-offset", record.offset),
        )
        headers = tuple((name, str(value).encode()) for name, value in (*place, ("dlq-reason", reason)))
        self.emit("dead-letters.v1", record.key, record.value, headers, seen_s)
        try:
            fields = json.loads(record.value or b"")
        except ValueError:
            return
        if isinstance(fields, dict) and isinstance(fields.get("request_id"), str):
            body = {name: fields.get(name) for name in ("request_id", "campaign_id", "fan_id")}
            body |= {"operation": record.topic.partition(".")[0], "reason": "invalid_request"}
            body |= {"outcome": "refused", "decided_at": instant((record.timestamp_ms - BEGAN_MS) / 1000)}
            empty: dict[str, Any] = dict.fromkeys(RESULT_FIELDS)
            self.publish("results.v1", "key", {**empty, "code_ids": [], **body}, f"@{record.offset}", seen_s=seen_s)

    def _decide(self, content: Mapping[str, Any], record: Logged, decided_s: float) -> dict[str, Any]:
        decided = {"decided_at": instant(decided_s)}
        reason = self._why_not(content, record)
        if reason is not None:
            return self._refused(content, {**decided, "reason": reason})
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

    def _refused(self, content: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
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

    def _announce(self, result: Mapping[str, Any], shard: str, seen_s: float) -> None:
        if result["outcome"] == "assigned":
            for code_id in result["code_ids"]:
                names = ("campaign_id", "fan_id", "code_type", "request_id", "reservation_id")
                body = {name: result[name] for name in names}
                code = {"code_id": code_id, "code": self.codes[code_id]["code"], "assigned_at": result["decided_at"]}
                identity = f"{result['request_id']}:{code_id}"
                self.publish("assigned.v1", result["fan_id"], body | code, identity, seen_s=seen_s)
        self.publish_shards(shard, seen_s)

    def publish_shards(self, shard: str, seen_s: float) -> None:
        """Publish the counts of this writer that have changed."""
        for key, counts in self.shards.items():
            if counts["shard"] == shard and counts["version"] > counts["published"]:
                counts["published"] = counts["version"]
                body = {name: value for name, value in counts.items() if name not in ("_id", "published")}
                body |= {"cause": "reserve", "changed_at": instant(seen_s)}
                self.publish("inventory.v1", counts["campaign_id"], body, f"{key}@{counts['version']}", seen_s=seen_s)

    def history(self, **more: Any) -> History:
        """What it leaves."""
        groups = {topic: "importer" if topic.startswith("import") else "worker" for topic, _ in self.ends}
        committed = {(groups[topic], topic, partition): end for (topic, partition), end in self.ends.items()}
        documents = {
            "codes": [dict(code) for code in self.codes.values()],
            "reservations": [dict(reservation) for reservation in self.reservations.values()],
            "inventory": [dict(shard) for shard in self.shards.values()],
        }
        outputs = sorted(self.outputs, key=lambda record: record.seen_s or 0.0)
        return History(
            guarantee=self.guarantee,
            inputs=list(self.inputs),
            outputs=outputs,
            documents=documents,
            committed=committed,
            objects=dict(self.objects),
            began_ms=BEGAN_MS,
            **{"ended_s": self.last_s + 10.0, **more},
        )
