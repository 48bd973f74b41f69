"""An inventory view that a test fills, for tests of the answers made from it.

Out: `FilledView`, which hands records to an `InventoryView` under a clock that the test sets.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from consumers.inventory.view import InventoryView
from schemas.records import Headers, IncomingRecord
from schemas.topics import (
    DEAD_LETTERS,
    DEAD_LETTERS_REPLAYED,
    HEALTH,
    IMPORTS,
    INVENTORY,
    RESERVE,
    STOCK_ALERTS,
    Topics,
)

CHANGELOG = "codes-inventory-campaigns-changelog"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class FilledView:
    """The view, and the records it gets."""

    def __init__(self) -> None:
        self.now = NOW
        self.topics = Topics("codes.")
        self.view = InventoryView(self.topics, CHANGELOG, clock=lambda: self.now)
        self.view.is_loaded = True
        self._offsets = count()

    def record(
        self,
        topic: str,
        value: bytes | None,
        headers: Headers = (),
        *,
        offset: int | None = None,
        key: bytes | None = None,
    ) -> None:
        """Hand any record to the view."""
        at = next(self._offsets) if offset is None else offset
        stamp = int(self.now.timestamp() * 1000)
        self.view.take(IncomingRecord(topic, 0, at, stamp, key, value, headers))

    def change(self, campaign_id: str, version: int, available: int, reserved: int = 0, **more: Any) -> None:
        """Hand an inventory event to the view."""
        event = {
            "campaign_id": campaign_id,
            "code_type": "tm",
            "shard": "s",
            "version": version,
            "available": available,
            "reserved": reserved,
            "assigned": 0,
            "cause": "reserve",
            "changed_at": (self.now - timedelta(seconds=1)).isoformat(),
            **more,
        }
        self.record(self.topics.full(INVENTORY), orjson.dumps(event))

    def imported(self, import_id: str, state: str, **more: Any) -> None:
        """Hand an import's event to the view."""
        event = {"import_id": import_id, "campaign_id": "sale", "code_type": "tm", "state": state, **more}
        self.record(self.topics.full(IMPORTS), orjson.dumps({**event, "at": self.now.isoformat()}))

    def alerted(self, ce_id: str, level: str = "low", campaign_id: str = "sale") -> None:
        """Hand a stock alert to the view."""
        alert = {
            "campaign_id": campaign_id,
            "code_type": "tm",
            "level": level,
            "available": 1,
            "total": 9,
            "threshold": 1,
        }
        content: Mapping[str, Any] = {**alert, "at": self.now.isoformat()}
        self.record(self.topics.full(STOCK_ALERTS), orjson.dumps(content), (("ce_id", ce_id.encode()),))

    def beat(self, role: str, instance: str = "1", state: str = "running", **waits: datetime) -> None:
        """Hand a heartbeat to the view; `waits`: the parts that the process waits for, and since when."""
        found = [{"part": part, "since": since.isoformat()} for part, since in waits.items()]
        beat = {"role": role, "instance": instance, "state": state, "started_at": NOW.isoformat(), "waits": found}
        asks = {"worker": ["mongo"], "expirer": ["mongo"], "importer": ["mongo", "s3"]}.get(role, [])
        content = orjson.dumps({**beat, "asks": asks, "at": self.now.isoformat()})
        self.record(self.topics.full(HEALTH), content, key=f"{role}:{instance}".encode())

    def beats(self, *others: str, seconds: int = 1, **waits: datetime) -> None:
        """Let time pass while the inventory and these roles send heartbeats every second."""
        for _ in range(seconds):
            self.now += timedelta(seconds=1)
            for role in ("inventory", *others):
                self.beat(role, "1", "running", **(waits if role != "inventory" else {}))

    def later(self, seconds: float) -> None:
        """Let time pass; Kafka answers meanwhile."""
        self.now += timedelta(seconds=seconds)
        self.view.heard_at = self.now
        self.view.age()

    def dead_letter(
        self, reason: str, value: bytes = b"SECRET-1", headers: Headers = (), *, offset: int | None = None
    ) -> None:
        """Hand a dead letter to the view."""
        own = (("dlq-reason", reason.encode()), *headers)
        self.record(self.topics.full(DEAD_LETTERS), value, own, offset=offset)

    def rejected(self, campaign_id: str, reason: str = "invalid", *, offset: int | None = None) -> None:
        """Hand the dead letter of a request of this campaign to the view, as a worker writes it."""
        value = orjson.dumps({"campaign_id": campaign_id, "quantity": "SECRET-1"})
        headers = {
            "dlq-topic": self.topics.full(RESERVE),
            "dlq-partition": "3",
            "dlq-offset": "17",
            "dlq-timestamp": "2026-11-24T12:00:00.000Z",
            "dlq-detail": "quantity: Input should be a valid integer",
            "note": "SECRET-1",
        }
        own = tuple((name, text.encode()) for name, text in headers.items())
        self.dead_letter(reason, value, own, offset=offset)

    def replayed(self, identity: str) -> None:
        """Hand the note about a replay to the view."""
        self.record(self.topics.full(DEAD_LETTERS_REPLAYED), b"{}", key=identity.encode())
