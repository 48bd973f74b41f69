"""Reads what the brokers say about the service's topics and about themselves.

In:       settings.
Out:      `KafkaState`: each topic that exists, the brokers, records from the future.
Promise:  nothing is changed. Broker settings that the user may not read are None, and no error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import ClusterAuthorizationFailedError, for_code

from ops.broker.topics import admin_client, wanted_topics
from ops.settings.load import Settings
from ops.weaknesses.brokers import MADE_WITH, REPORTED, BrokersState
from ops.weaknesses.clock_reading import future_records
from ops.weaknesses.clocks import FutureRecord
from ops.weaknesses.topics import BY_BROKER, TIMESTAMPS, TopicState, Use
from schemas.stock import changelog_topic
from schemas.topics import IMPORT, INTERNAL_TOPICS, OPERATIONS, Topics

INPUTS: Final = frozenset({*OPERATIONS, IMPORT.name})
INTERNAL: Final = frozenset(topic.name for topic in INTERNAL_TOPICS)
"""What they hold is not worth a warning: it is lost for minutes or asked for again."""


@dataclass(frozen=True, slots=True)
class KafkaState:
    """The cluster and our topics on it."""

    topics: Sequence[TopicState]
    brokers: BrokersState
    future: Sequence[FutureRecord]


async def kafka_state(settings: Settings) -> KafkaState:
    """The topics of the contract that exist, and the brokers.

    Raises:
        BrokerUnavailable: no broker answered.
        KafkaRefused: the user may not read the topics' configuration.
    """
    async with admin_client(settings) as admin:
        described = {topic["topic"]: topic for topic in await admin.describe_topics()}
        replicas = {name: _fewest(topic) for name, topic in described.items()}
        uses = {name: use for name, use in uses_of(settings).items() if name in replicas}
        configs = await _topic_configs(admin, uses)
        topics = [TopicState(name, use, replicas[name], configs[name]) for name, use in uses.items()]
        stamped = [described[topic.name] for topic in topics if topic.config[TIMESTAMPS] == BY_BROKER]
        future = await future_records(settings.kafka, _leaders(stamped))
        return KafkaState(topics, await _brokers(admin, replicas), future)


def uses_of(settings: Settings) -> dict[str, Use]:
    """Our topics by full name."""
    names = Topics(settings.topics.prefix)
    uses: dict[str, Use] = {
        topic.name: "input" if names.bare(topic.name) in INPUTS else "output"
        for topic in wanted_topics(settings.topics)
        if names.bare(topic.name) not in INTERNAL
    }
    return {**uses, changelog_topic(settings.kafka.group_prefix): "table"}


def _fewest(topic: Mapping[str, Any]) -> int:
    return min((len(partition["replicas"]) for partition in topic["partitions"]), default=0)


def _leaders(described: Iterable[Mapping[str, Any]]) -> dict[TopicPartition, int]:
    """A partition without a leader could not be asked."""
    return {
        TopicPartition(topic["topic"], partition["partition"]): partition["leader"]
        for topic in described
        for partition in topic["partitions"]
        if partition["leader"] >= 0
    }


async def _topic_configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    answers = await admin.describe_configs(resources)
    return {resource[3]: config_in(resource) for answer in answers for resource in answer.resources}


async def _brokers(admin: AIOKafkaAdminClient, replicas: Mapping[str, int]) -> BrokersState:
    """Settings that matter are the same on all brokers of a cluster; the first one is asked."""
    brokers = sorted(broker["node_id"] for broker in (await admin.describe_cluster())["brokers"])
    resource = ConfigResource(ConfigResourceType.BROKER, str(brokers[0]), dict.fromkeys(REPORTED))
    [answer] = await admin.describe_configs([resource])
    config: dict[str, str] | None
    try:
        config = config_in(answer.resources[0])
    except ClusterAuthorizationFailedError:
        config = None
    internal = {name: replicas[name] for name in MADE_WITH.values() if name in replicas}
    return BrokersState(len(brokers), config, internal)


def config_in(resource: tuple[Any, ...]) -> dict[str, str]:
    """Each setting's value. Raises Kafka's error if the broker refused the question."""
    code, message, _, _, entries = resource
    if code:
        raise for_code(code)(message)
    return {entry[0]: entry[1] for entry in entries if entry[1] is not None}
