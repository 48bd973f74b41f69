"""One scenario's campaign: what was asked for it, what was answered, and how many codes are where.

Out: `Campaign`.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from schemas.topics import ASSIGNED, IMPORT, IMPORTS, INVENTORY, RESULTS, TopicSpec
from tests.features.service import Service

STATUSES: Final = ("available", "reserved", "assigned")
ANSWER_LIMIT_S: Final = 15.0
TURN_S: Final = 0.05
Values = list[dict[str, Any]]
Wanted = Callable[[Mapping[str, Any]], bool]


@dataclass
class Campaign:
    """A scenario's own campaign; the roles are shared."""

    service: Service
    id: str = field(default_factory=lambda: f"campaign-{uuid4().hex[:8]}")
    reservations: dict[str, str] = field(default_factory=dict)
    """The last of each fan."""
    sent: dict[str, tuple[TopicSpec, dict[str, Any]]] = field(default_factory=dict)
    """The last request of each fan."""
    answers: Values = field(default_factory=list)
    """To the last request, in order."""
    imported: dict[str, Any] = field(default_factory=dict)
    """How the last import ended."""

    def name(self, what: str) -> str:
        """A new id."""
        return f"{self.id}-{what}-{uuid4().hex[:6]}"

    def ask(self, fan: str, topic: TopicSpec, **request: Any) -> None:
        """Send a fan's request and wait for its answer."""
        self._send(fan, topic, {"request_id": self.name("request"), "campaign_id": self.id, **request})

    def ask_again(self, fan: str, **changed: Any) -> None:
        """Send a fan's last request once more, and wait for one more answer."""
        topic, request = self.sent[fan]
        self._send(fan, topic, {**request, **changed})

    def last_fan(self) -> str:
        """The fan of the last request."""
        return next(reversed(self.sent))

    def load(self, key: str) -> None:
        """Import an object of the bucket, and wait for the end."""
        command = self.service.files.command(key, self.name("import"), campaign_id=self.id)
        self.service.wait(self.service.neighbour.send(IMPORT, command))
        ends = self._until(
            IMPORTS, lambda event: event["import_id"] == command["request_id"] and "running" != event["state"]
        )
        [self.imported] = ends

    def received(self, fan: str, count: int) -> list[str]:
        """The codes that downstream readers received for a fan, once there are `count`; more would be seen too."""
        self._until(ASSIGNED, lambda event: (self.id, fan) == (event["campaign_id"], event["fan_id"]), count)
        return [event["code"] for event in self.handed_out() if event["fan_id"] == fan]

    def handed_out(self) -> Values:
        """All that downstream readers received."""
        return self._of(ASSIGNED, lambda event: event["campaign_id"] == self.id)

    def counts(self) -> tuple[int, ...]:
        """The published counts by status."""
        latest: dict[str, Mapping[str, Any]] = {}
        for event in self._of(INVENTORY, lambda event: event["campaign_id"] == self.id):
            if event["version"] >= latest.get(event["shard"], event)["version"]:
                latest[event["shard"]] = event
        return tuple(sum(event[status] for event in latest.values()) for status in STATUSES)

    async def codes(self) -> tuple[int, ...]:
        """The codes in the database by status."""
        found = await self.service.db["codes"].find({"campaign_id": self.id}).to_list(None)
        by_status = Counter(code["status"] for code in found)
        return tuple(by_status[status] for status in STATUSES)

    def _send(self, fan: str, topic: TopicSpec, request: dict[str, Any]) -> None:
        def is_answer(result: Mapping[str, Any]) -> bool:
            return bool(result["request_id"] == request["request_id"])

        before = len(self._of(RESULTS, is_answer, settle_s=0))
        self.sent.pop(fan, None)
        self.sent[fan] = (topic, request)
        self.service.wait(self.service.neighbour.send(topic, request, key=fan.encode()))
        self.answers = self._until(RESULTS, is_answer, before + 1)

    def _until(self, topic: TopicSpec, is_wanted: Wanted, count: int = 1) -> Values:
        end = time.monotonic() + ANSWER_LIMIT_S
        while len(found := self._of(topic, is_wanted)) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} on {topic.name}"
        return found

    def _of(self, topic: TopicSpec, is_wanted: Wanted, settle_s: float = TURN_S) -> Values:
        values = self.service.wait(self.service.neighbour.values(topic, 0, settle_s=settle_s))
        return [value for value in values if is_wanted(value)]
