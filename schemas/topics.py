"""The topics: names, partitions and topic configuration, as in docs/contract.md.

Out: `TopicSpec`, `Topics` (full names under one prefix), and two tuples: `ALL_TOPICS` is the contract with other
     teams, `INTERNAL_TOPICS` only the roles use.
"""

from dataclasses import dataclass, field
from typing import Final

from schemas.base import Operation

RECORD_BYTES_MAX: Final = 1_048_588
"""Kafka's default. Set explicitly: a broker with a larger limit would accept records that no dead letter can hold."""
DEAD_LETTER_BYTES_MAX: Final = 8 * 1024 * 1024
"""A dead letter is the original record with more headers, so its limit must exceed that of every input topic."""


IN_CONFIG: Final = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(RECORD_BYTES_MAX)}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as `codes migrate` creates it."""

    name: str
    """Without the prefix."""
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


RESERVE: Final = TopicSpec("reserve.requests.v1", 8, IN_CONFIG)
ASSIGN: Final = TopicSpec("assign.requests.v1", 8, IN_CONFIG)
RELEASE: Final = TopicSpec("release.requests.v1", 8, IN_CONFIG)
IMPORT: Final = TopicSpec("import.commands.v1", 4, IN_CONFIG)
RESULTS: Final = TopicSpec("results.v1", 8)
ASSIGNED: Final = TopicSpec("assigned.v1", 8)
INVENTORY: Final = TopicSpec("inventory.v1", 8)
IMPORTS: Final = TopicSpec("imports.v1", 4)
STOCK_ALERTS: Final = TopicSpec("stock-alerts.v1", 1)
DEAD_LETTERS: Final = TopicSpec("dead-letters.v1", 8, {"max.message.bytes": str(DEAD_LETTER_BYTES_MAX)})

DEAD_LETTERS_REPLAYED: Final = TopicSpec("dead-letters-replayed.v1", 1)
"""Which dead letters were replayed. Not a topic of the contract: `codes dead-letters` writes it, and the inventory
reads it."""

ALL_TOPICS: Final = (
    RESERVE,
    ASSIGN,
    RELEASE,
    IMPORT,
    RESULTS,
    ASSIGNED,
    INVENTORY,
    IMPORTS,
    STOCK_ALERTS,
    DEAD_LETTERS,
)
"""Of the contract."""
DAY_MS: Final = 86_400_000
HEALTH: Final = TopicSpec(
    "health.v1",
    1,
    {"message.timestamp.type": "LogAppendTime", "retention.ms": str(3_600_000), "segment.ms": str(600_000)},
)
"""Heartbeats of the processes. One partition and the broker's clock: their order and their ages are exact."""
ATTENTION: Final = TopicSpec(
    "attention.v1", 1, {"cleanup.policy": "compact,delete", "retention.ms": str(90 * DAY_MS)}
)
"""What viewers of the live page acknowledged or snoozed."""
INTERNAL_TOPICS: Final = (HEALTH, ATTENTION)
SERVICE_TOPICS: Final = (*ALL_TOPICS, DEAD_LETTERS_REPLAYED, *INTERNAL_TOPICS)
"""All under the topic prefix."""
REQUEST_TOPICS: Final = (RESERVE, ASSIGN, RELEASE)
OPERATIONS: Final[dict[str, Operation]] = {
    RESERVE.name: "reserve",
    ASSIGN.name: "assign",
    RELEASE.name: "release",
}


@dataclass(frozen=True, slots=True)
class Topics:
    """Topic names under one prefix."""

    prefix: str

    def full(self, topic: TopicSpec) -> str:
        return self.prefix + topic.name

    def bare(self, full_name: str) -> str:
        return full_name.removeprefix(self.prefix)
