"""What the storm's clients ask for next.

In:       a seed, what they have learned so far.
Out:      one record after another: new requests, follow-ups, repeats, races, malformed records, imports.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any, Final

from tests.chaos.answers import SHORT, Answers, Fields
from tests.chaos.asked import ASSIGN, IMPORT, RELEASE, RESERVE, Asked, asked, malformed
from tests.chaos.files import CodeFile, code_file

HOT: Final = "hot"
CAMPAIGNS: Final = (HOT, "spring", "summer", "vip")
CAMPAIGN_WEIGHTS: Final = (60, 18, 18, 4)
QUANTITIES: Final = (1, 1, 1, 1, 2, 2, 3, 5, 12)
SENT_MAX: Final = 3_000
"""Requests that are remembered to be sent again."""
FANS: Final = 5_000
SHORT_TTL_S_MAX: Final = 6
NEAR_S: Final = 0.4
"""A client assigns a short reservation so close to its end, before or after."""
ROWS_PER_FILE: Final = 400
REQUESTS_PER_IMPORT: Final = 400
MIX: Final[Mapping[str, int]] = {
    "reserve": 26,
    "short_reserve": 16,
    "from_stock": 9,
    "follow_up": 26,
    "last_moment": 8,
    "pipelined": 3,
    "again": 6,
    "reused": 2,
    "malformed": 2,
    "nowhere": 1,
    "unknown": 1,
}
"""Weights. One that lacks what it needs is a reserve."""


class Load:
    """Lives as long as a storm."""

    def __init__(self, seed: int, answers: Answers, put: Callable[[CodeFile], None], bucket: str) -> None:
        """`put` stores an object in the bucket."""
        self._chance, self._answers, self._put, self._bucket = Random(seed), answers, put, bucket
        self._sent: deque[Asked] = deque(maxlen=SENT_MAX)
        self._next: deque[Asked] = deque()
        self._keys: dict[str, list[str]] = {campaign: [] for campaign in CAMPAIGNS}
        self._commands: list[Asked] = []
        self._number = 0
        self._makers: dict[str, Callable[[], Asked | None]] = {
            "reserve": self._reserve,
            "short_reserve": self._short_reserve,
            "from_stock": self._from_stock,
            "follow_up": self._follow_up,
            "last_moment": self._last_moment,
            "pipelined": self._pipelined,
            "again": self._again,
            "reused": self._reused,
            "malformed": self._malformed,
            "nowhere": lambda: self._reserve(campaign_id="nowhere"),
            "unknown": self._unknown,
        }

    def next(self) -> Asked:
        """The next record."""
        self._number += 1
        if self._number % REQUESTS_PER_IMPORT == 0:
            self._next.append(self._import())
        if self._next:
            record = self._next.popleft()
        else:
            name = self._chance.choices(list(MIX), list(MIX.values()))[0]
            record = self._makers[name]() or self._reserve()
        self._sent.append(record)
        return record

    def first_imports(self) -> list[Asked]:
        """One file for each campaign: without an import a campaign is unknown."""
        return [self._import(campaign) for campaign in CAMPAIGNS]

    def _id(self, prefix: str) -> str:
        return f"{prefix}{self._number}"

    def _reserve(self, **more: Any) -> Asked:
        request = {
            "request_id": self._id("r-"),
            "campaign_id": self._chance.choices(CAMPAIGNS, CAMPAIGN_WEIGHTS)[0],
            "fan_id": f"fan-{self._chance.randrange(FANS)}",
            "quantity": self._chance.choice(QUANTITIES),
            "code_type": self._chance.choice(("tm", "tm", "tm", "external")),
            "ttl_s": self._chance.choice((600, 3_600)),
        }
        return asked(RESERVE, request | more)

    def _short_reserve(self) -> Asked:
        return self._reserve(request_id=self._id(SHORT), ttl_s=self._chance.randint(1, SHORT_TTL_S_MAX))

    def _from_stock(self) -> Asked:
        request = {
            "request_id": self._id("s-"),
            "campaign_id": self._chance.choices(CAMPAIGNS, CAMPAIGN_WEIGHTS)[0],
            "fan_id": f"fan-{self._chance.randrange(FANS)}",
            "quantity": self._chance.choice(QUANTITIES[:6]),
        }
        return asked(ASSIGN, request)

    def _follow_up(self) -> Asked | None:
        """Assign or release a reservation; sometimes both at once, or by another fan."""
        held = self._answers.some_held(self._chance)
        if held is None:
            return None
        kind = self._chance.choices(("assign", "release", "thief", "race"), (55, 20, 8, 17))[0]
        if kind == "release":
            return self._release(held)
        if kind == "thief":
            self._next.append(self._assign(held, suffix="b"))
            return self._assign(held, fan_id="fan-thief")
        if kind == "race":
            self._next.append(self._release(held))
            self._next.append(self._assign(held, suffix="b"))
        return self._assign(held)

    def _last_moment(self) -> Asked | None:
        """Assign a short reservation near its end, before or after."""
        due, now_s = self._answers.due, time.time()
        while due and ends_s(due[0]) < now_s - NEAR_S:
            due.popleft()
        if not due or ends_s(due[0]) > now_s + NEAR_S:
            return None
        return self._assign(due.popleft())

    def _pipelined(self) -> Asked:
        """A reserve, and the assign of its reservation without waiting for the answer."""
        reserve = self._reserve(campaign_id=HOT, fan_id="fan-fast")
        held = {"reservation_id": reserve.request_id, "campaign_id": HOT, "fan_id": "fan-fast"}
        self._next.append(self._assign(held))
        return reserve

    def _assign(self, held: Fields, *, suffix: str = "", **more: Any) -> Asked:
        names = ("campaign_id", "fan_id", "reservation_id")
        return asked(ASSIGN, {"request_id": self._id("a-") + suffix, **{name: held[name] for name in names}, **more})

    def _release(self, held: Fields) -> Asked:
        request = {
            "request_id": self._id("l-"),
            "campaign_id": held["campaign_id"],
            "reservation_id": held["reservation_id"],
            "reason": self._chance.choice(("unused", "cancelled")),
        }
        return asked(RELEASE, request | ({"fan_id": held["fan_id"]} if self._chance.random() < 0.5 else {}))

    def _again(self) -> Asked | None:
        return self._chance.choice(self._sent) if self._sent else None

    def _reused(self) -> Asked | None:
        """Other content under an id that was sent before."""
        before = self._again()
        if before is None or before.request_id is None or before.topic == IMPORT:
            return None
        return self._reserve(request_id=before.request_id, quantity=7)

    def _malformed(self) -> Asked:
        return malformed(self._number)

    def _unknown(self) -> Asked:
        held = {"reservation_id": f"none-{self._number}", "campaign_id": HOT, "fan_id": "fan-1"}
        return self._chance.choice((self._assign, self._release))(held)

    def _import(self, campaign: str | None = None) -> Asked:
        """A new file; sometimes an old command again, an old file under another id, or a missing file."""
        kind = self._chance.choices(("new", "again", "same file", "missing"), (80, 8, 8, 4))[0]
        if campaign is not None or not self._commands:
            kind = "new"
        if kind == "again":
            return self._chance.choice(self._commands)
        campaign = campaign or self._chance.choices(CAMPAIGNS, CAMPAIGN_WEIGHTS)[0]
        request = {
            "request_id": self._id(f"i-{campaign}-"),
            "campaign_id": campaign,
            "bucket": self._bucket,
            "key": self._key(kind, campaign),
        }
        command = asked(IMPORT, request)
        self._commands.append(command)
        return command

    def _key(self, kind: str, campaign: str) -> str:
        """Of an object, which is stored before its command is sent."""
        if kind == "missing":
            return f"{campaign}-no-such.csv"
        keys = self._keys[campaign]
        if kind == "same file":
            return self._chance.choice(keys)
        file = code_file(self._chance, campaign, len(keys), ROWS_PER_FILE)
        self._put(file)
        keys.append(file.key)
        return file.key


def ends_s(reserved: Fields) -> float:
    """The end of a reservation, in Unix time."""
    return datetime.fromisoformat(reserved["expires_at"]).timestamp()
