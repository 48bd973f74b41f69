"""The rights in Kafka of each role and neighbour.

In:       the settings: prefixes, reply topics.
Out:      `KafkaGrant`s by name.
Promise:  only the reader of codes, and who checks everything, may read `assigned.v1`.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from ops.access.grants import KafkaGrant, Operation
from ops.settings.load import Settings
from ops.webhooks.targets import targets_of
from schemas.groups import EXPIRER_GROUP, IMPORTER_GROUP, INVENTORY_GROUP, REPLAYS, WEBHOOKS, WORKER_GROUP
from schemas.stock import changelog_topic
from schemas.topics import (
    ASSIGN,
    ASSIGNED,
    ATTENTION,
    DEAD_LETTERS,
    DEAD_LETTERS_REPLAYED,
    HEALTH,
    IMPORT,
    IMPORTS,
    INVENTORY,
    RELEASE,
    REQUEST_TOPICS,
    RESULTS,
    SERVICE_TOPICS,
    STOCK_ALERTS,
    Topics,
    TopicSpec,
)

CLUSTER: Final = "kafka-cluster"
"""Kafka's name of the only resource of its kind."""
MIGRATES: Final[tuple[Operation, ...]] = ("Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs")


class Names:
    """Full names of topics, groups and transactional ids under these settings."""

    def __init__(self, settings: Settings) -> None:
        self._topics = Topics(settings.topics.prefix)
        self._prefix = settings.kafka.group_prefix

    def topics(self, specs: Iterable[TopicSpec], *operations: Operation) -> list[KafkaGrant]:
        return [KafkaGrant("topic", self._topics.full(spec), operations) for spec in specs]

    def group(self, name: str, operation: Operation = "Read") -> KafkaGrant:
        return KafkaGrant("group", self._prefix + name, (operation,))

    def transactions(self, group: str) -> KafkaGrant:
        return KafkaGrant("transactional-id", f"{self._prefix}{group}.", ("Write", "Describe"), "prefixed")

    def changelog(self, *operations: Operation) -> KafkaGrant:
        return KafkaGrant("topic", changelog_topic(self._prefix), operations)

    def below_prefix(self, *operations: Operation) -> list[KafkaGrant]:
        """All topics of the service; without a prefix, each by its name."""
        prefix = self._topics.prefix
        if not prefix:
            return self.topics(SERVICE_TOPICS, *operations)
        return [KafkaGrant("topic", prefix, operations, "prefixed")]


def kafka_grants(settings: Settings) -> Mapping[str, list[KafkaGrant]]:
    """Of every user that Kafka must know."""
    names = Names(settings)
    return {**_of_roles(names, settings), **_of_neighbours(names), **_of_operators(names)}


def _of_roles(names: Names, settings: Settings) -> dict[str, list[KafkaGrant]]:
    replies = [KafkaGrant("topic", name, ("Write", "Describe")) for name in settings.topics.reply_allowed]
    return {
        "worker": [
            *names.topics(REQUEST_TOPICS, "Read"),
            *names.topics((RESULTS, ASSIGNED, INVENTORY, DEAD_LETTERS, HEALTH), "Write"),
            *replies,
            names.group(WORKER_GROUP),
            names.transactions(WORKER_GROUP),
        ],
        "importer": [
            *names.topics((IMPORT,), "Read"),
            *names.topics((IMPORTS, INVENTORY, DEAD_LETTERS, HEALTH), "Write"),
            names.group(IMPORTER_GROUP),
            names.transactions(IMPORTER_GROUP),
        ],
        "expirer": [
            *names.topics((RELEASE,), "Read", "Write"),
            *names.topics((ASSIGN,), "Read"),
            *names.topics((HEALTH,), "Write"),
            names.group(EXPIRER_GROUP),
            names.group(WORKER_GROUP, "Describe"),
        ],
        "inventory": [
            *names.topics((INVENTORY, IMPORTS, DEAD_LETTERS, DEAD_LETTERS_REPLAYED), "Read"),
            *names.topics((*REQUEST_TOPICS, IMPORT), "Read"),
            *names.topics((STOCK_ALERTS, HEALTH, ATTENTION), "Read", "Write"),
            *_of_actions(names, settings),
            names.changelog("Read", "Write"),
            names.group(INVENTORY_GROUP),
            *_of_webhooks(names, settings),
            names.group(WORKER_GROUP, "Describe"),
            names.group(IMPORTER_GROUP, "Describe"),
        ],
        "migrate": [
            *names.below_prefix(*MIGRATES),
            names.changelog(*MIGRATES),
            KafkaGrant("cluster", CLUSTER, ("DescribeConfigs",)),
        ],
    }


def _of_webhooks(names: Names, settings: Settings) -> list[KafkaGrant]:
    """A group for each receiver."""
    targets = targets_of(settings.webhooks.targets)
    return [names.group(f"{WEBHOOKS}.{target.name}") for target in targets]


def _of_actions(names: Names, settings: Settings) -> list[KafkaGrant]:
    """What the inventory may besides, if people act on its page."""
    actions = settings.actions
    if actions.uri is None:
        return []
    replays = [
        *names.topics((DEAD_LETTERS_REPLAYED, *REQUEST_TOPICS), "Write"),
        names.transactions(REPLAYS),
    ]
    return [*names.topics((IMPORT,), "Write"), *(replays if actions.replay else ())]


def _of_neighbours(names: Names) -> dict[str, list[KafkaGrant]]:
    return {
        "sender": [
            *names.topics(REQUEST_TOPICS, "Write"),
            *names.topics((RESULTS,), "Read"),
            names.group("sender"),
        ],
        "uploader": [
            *names.topics((IMPORT,), "Write"),
            *names.topics((IMPORTS,), "Read"),
            names.group("uploader"),
        ],
        "canary": [*names.topics(REQUEST_TOPICS, "Write"), *names.topics((RESULTS,), "Read")],
        "rehearser": [
            *names.topics(REQUEST_TOPICS, "Read", "Write"),
            *names.topics((RESULTS,), "Read"),
            names.group(WORKER_GROUP, "Describe"),
        ],
        "reader": [*names.topics((ASSIGNED,), "Read"), names.group("reader")],
    }


def _of_operators(names: Names) -> dict[str, list[KafkaGrant]]:
    return {
        "audit": [
            *names.topics(SERVICE_TOPICS, "Read", "DescribeConfigs"),
            names.group(WORKER_GROUP, "Describe"),
            names.group(IMPORTER_GROUP, "Describe"),
        ],
        "replayer": [
            *names.topics((DEAD_LETTERS,), "Read"),
            *names.topics((DEAD_LETTERS_REPLAYED,), "Read", "Write"),
            *names.topics((*REQUEST_TOPICS, IMPORT), "Write"),
            names.transactions(REPLAYS),
        ],
        "reconcile": [*names.topics((INVENTORY,), "Read", "Write"), names.changelog("Read")],
        "archivist": [
            *names.topics(REQUEST_TOPICS, "Read"),
            *names.topics((INVENTORY,), "Read", "DescribeConfigs"),
            names.changelog("Write", "DescribeConfigs"),
            names.group(WORKER_GROUP, "Describe"),
            names.group(INVENTORY_GROUP, "Describe"),
        ],
    }
