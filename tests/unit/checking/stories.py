"""Good histories: a small one in which everything happens once, and large random ones.

Out:  `small()`, `random_history()`.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

from tests.checking.history import History, Logged
from tests.unit.checking.service import Service
from tests.unit.checking.uploads import odd_commands, upload

PARTITIONS: Final = 3
TOPICS: Final = {"reserve": "reserve.requests.v1", "assign": "assign.requests.v1", "release": "release.requests.v1"}


def ask(service: Service, operation: str, at_s: float, *, sent: int = 1, **fields: Any) -> dict[str, Any]:
    """A request of campaign c-1, decided after 0.1 s and seen after 0.2 s; `sent` times, each in its own record."""
    value = {"campaign_id": "c-1", **fields}
    for number in range(sent):
        record = service.append(TOPICS[operation], at_s + number, value)
        result = service.serve(record, decided_s=at_s + number + 0.1, seen_s=at_s + number + 0.2)
    return result


def small(guarantee: str = "exactly_once") -> Service:
    """Every outcome and most refusals, one after the other; nothing overlaps."""
    service = Service(guarantee=guarantee)
    upload(service, "i-1", ["A1", "A2", "A3", "A4", "A5", "A6", "A2", "! x", "A7"], at_s=0)
    upload(service, "i-2", ["A1", "B1", "B2", "!! x"], code_type="external", at_s=2)
    ask(service, "reserve", 5, request_id="r-1", fan_id="f-1", quantity=2)
    ask(service, "assign", 6, request_id="a-1", fan_id="f-1", reservation_id="r-1")
    ask(service, "reserve", 7, request_id="r-2", fan_id="f-2")
    ask(service, "release", 8, request_id="x-2", reservation_id="r-2")
    ask(service, "assign", 9, request_id="g-3", fan_id="f-3", quantity=2)
    ask(service, "reserve", 10, request_id="r-4", fan_id="f-4", ttl_s=5)
    ask(service, "assign", 16, request_id="a-4", fan_id="f-4", reservation_id="r-4")
    ask(service, "release", 17, request_id="expire:r-4:1", reservation_id="r-4", reason="expired")
    ask(service, "reserve", 18, request_id="r-5", fan_id="f-5", ttl_s=60)
    refusals(service)
    ask(service, "reserve", 40, sent=2, request_id="r-6", fan_id="f-6")
    ask(service, "assign", 45, sent=2, request_id="a-6", fan_id="f-6", reservation_id="r-6")
    ask(service, "reserve", 48, request_id="r-6", fan_id="f-7")
    ask(service, "reserve", 49, request_id="r-7", fan_id="f-7")
    odd_commands(service, "i-1", at_s=52)
    service.reject(service.append("reserve.requests.v1", 50, b"not json"), seen_s=50.2)
    unreadable = {"request_id": "u-1", "campaign_id": "c-1", "fan_id": "f-8", "quantity": 0}
    service.reject(service.append("reserve.requests.v1", 51, unreadable), seen_s=51.2)
    return service


def refusals(service: Service) -> None:
    """One for each reason that the small history has no other place for."""
    ask(service, "reserve", 20, request_id="n-1", fan_id="f-9", quantity=50)
    ask(service, "assign", 21, request_id="n-2", fan_id="f-9", reservation_id="nothing")
    ask(service, "assign", 21.5, request_id="n-2", fan_id="f-9", reservation_id="r-1")
    ask(service, "assign", 22, request_id="n-3", fan_id="f-9", reservation_id="r-1")
    ask(service, "assign", 23, request_id="n-4", fan_id="f-1", reservation_id="r-1")
    ask(service, "assign", 24, request_id="n-5", fan_id="f-2", reservation_id="r-2")
    ask(service, "assign", 25, request_id="n-6", fan_id="f-4", reservation_id="r-4")
    ask(service, "release", 26, request_id="expire:r-5:1", reservation_id="r-5", reason="expired")
    ask(service, "reserve", 27, request_id="n-7", fan_id="f-9", campaign_id="c-unknown")


@dataclass
class Crowd:
    """Fans who ask at random moments; a request is decided some time after it is appended, and seen later still."""

    service: Service
    random: random.Random
    due: list[tuple[float, int, Callable[[float], None]]] = field(default_factory=list)
    number: int = 0

    def at(self, at_s: float, action: Callable[[float], None]) -> None:
        """Do something at a moment."""
        self.number += 1
        heapq.heappush(self.due, (at_s, self.number, action))

    def send(self, operation: str, at_s: float, fields: Mapping[str, Any]) -> None:
        """Append a request at a moment, and decide it later."""
        topic = TOPICS[operation]
        partition = crc32(str(fields.get("fan_id")).encode()) % PARTITIONS

        def append(now_s: float) -> None:
            record = self.service.append(topic, now_s, fields, partition=partition)
            self.at(now_s + self.random.uniform(0.01, 2), lambda decided_s: self.decide(record, decided_s))

        self.at(at_s, append)

    def decide(self, record: Logged, decided_s: float) -> None:
        """Decide a request; a fan who got a reservation goes on."""
        seen_s = decided_s + self.random.uniform(0.01, 1)
        result = self.service.serve(record, decided_s=decided_s, seen_s=seen_s)
        if result["outcome"] == "reserved":
            self.go_on(result, decided_s, seen_s)

    def go_on(self, result: Mapping[str, Any], decided_s: float, seen_s: float) -> None:
        """Take the codes, give them back, or let them expire."""
        names = ("campaign_id", "fan_id", "reservation_id")
        fields = {"request_id": f"x-{self.number}", **{name: result[name] for name in names}}
        choice = self.random.random()
        if choice < 0.4:
            self.send("assign", seen_s + self.random.uniform(0, 8), fields)
        elif choice < 0.7:
            self.send("release", seen_s + self.random.uniform(0, 8), fields)
        expiry = {**fields, "request_id": f"expire:{result['reservation_id']}:1", "reason": "expired"}
        del expiry["fan_id"]
        self.send("release", decided_s + 13, expiry)

    def run(self) -> None:
        """Until nothing is left to do."""
        while self.due:
            at_s, _, action = heapq.heappop(self.due)
            action(at_s)


def random_service(seed: int, requests: int, guarantee: str = "exactly_once") -> Service:
    """At least so many requests on few codes, so that codes go from hand to hand."""
    service, chance = Service(guarantee=guarantee), random.Random(seed)
    for number in range(3):
        rows = [f"K{number}-{row}" for row in range(max(10, requests // 12))]
        upload(service, f"i-{number}", [*rows, rows[0], "! x"], campaign_id=f"c-{number}", at_s=number)
    crowd = Crowd(service, chance)
    for number in range(requests // 2):
        fields = {
            "request_id": f"r-{number}",
            "campaign_id": f"c-{chance.randrange(3)}",
            "fan_id": f"f-{chance.randrange(requests)}",
            "quantity": chance.choice((1, 1, 2, 3)),
        }
        operation = "assign" if chance.random() < 0.2 else "reserve"
        if operation == "reserve":
            fields["ttl_s"] = 12
        for _ in range(2 if chance.random() < 0.1 else 1):
            crowd.send(operation, 10 + chance.uniform(0, requests / 20), fields)
    crowd.run()
    return service


def random_history(seed: int, requests: int, guarantee: str = "exactly_once") -> History:
    """The history that they leave."""
    return random_service(seed, requests, guarantee).history()
