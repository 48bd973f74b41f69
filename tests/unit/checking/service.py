"""A tiny model of the service, which leaves good histories for the checker.

In:       what is asked, and when it is appended, decided and seen.
Out:      `History`.
Promise:  it shares no code with the service, nor with the checker.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from tests.checking.history import History, Logged
from tests.unit.checking.deciding import BEGAN_MS, DEFAULTS, RESULT_FIELDS, Deciding, instant, ms

BUCKET: Final = "files"


@dataclass
class Service(Deciding):
    """All roles in one, each asked for one thing at a time."""

    guarantee: str = "exactly_once"
    inputs: list[Logged] = field(default_factory=list)
    outputs: list[Logged] = field(default_factory=list)
    ledger: dict[str, tuple[Mapping[str, Any], dict[str, Any], str]] = field(default_factory=dict)
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    imports: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The end event of each."""
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
            result = self.decide(content, record, decided_s)
            self.ledger[request_id] = (content, result, source)
        first, result, first_source = self.ledger[request_id]
        if first != content:
            reuse = {"reason": "request_id_reused", "decided_at": result["decided_at"]}
            result = self.refused(content, {**reuse, "quantity": None, "reservation_id": None, "code_type": None})
        self.publish("results.v1", "key", result, identity, seen_s=seen_s)
        if source == first_source:
            self._announce(result, f"{record.topic}.{record.partition}", seen_s)
        return result

    def reject(self, record: Logged, *, seen_s: float, is_answered: bool = True) -> None:
        """Answer an unreadable record with a dead letter, and a result if it has a `request_id`."""
        place = {"topic": f"codes.{record.topic}", "partition": record.partition, "offset": record.offset}
        headers = tuple(
            (f"dlq-{name}", str(value).encode()) for name, value in (place | {"reason": "invalid"}).items()
        )
        self.emit("dead-letters.v1", record.key, record.value, headers, seen_s)
        try:
            fields = json.loads(record.value or b"")
        except ValueError:
            return
        if is_answered and isinstance(fields, dict) and isinstance(fields.get("request_id"), str):
            body = {name: fields.get(name) for name in ("request_id", "campaign_id", "fan_id")}
            body |= {"operation": record.topic.partition(".")[0], "reason": "invalid_request"}
            body |= {"outcome": "refused", "decided_at": instant((record.timestamp_ms - BEGAN_MS) / 1000)}
            empty: dict[str, Any] = dict.fromkeys(RESULT_FIELDS)
            self.publish("results.v1", "key", {**empty, "code_ids": [], **body}, f"@{record.offset}", seen_s=seen_s)

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
            "imports": [dict(ended) for ended in self.imports.values()],
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
