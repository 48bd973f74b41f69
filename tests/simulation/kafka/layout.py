"""What a broker answers about topics, brokers and itself.

In:       requests of clients and admin clients.
Out:      the layout of the cluster; topics made and changed.
Promise:  a topic that is missing is not made by looking at it.
"""

from collections.abc import Callable
from types import SimpleNamespace as Answer
from typing import Any, Final

from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError
from aiokafka.protocol.admin import (
    AlterConfigsRequest,
    CreatePartitionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    DescribeConfigsRequest,
)
from aiokafka.protocol.metadata import MetadataRequest, MetadataResponse_v5

from ops.broker.features import FEATURES, SUPPORTED_TAG, ApiVersionsRequest
from ops.broker.versions import METADATA_VERSION
from tests.simulation.kafka.cluster import DEFAULTS, NO_LEADER, Cluster
from tests.simulation.kafka.log import check

LEADER_NOT_AVAILABLE: Final = 5
PORT: Final = 9092
SOFTWARE_LEVEL: Final = 29
"""Kafka 4.2."""
SET_ON_TOPIC: Final = 1
BY_DEFAULT: Final = 5


class NotSimulated(NotImplementedError):
    """The service asks Kafka for something that is not modelled here."""


def metadata(cluster: Cluster, request: MetadataRequest) -> Any:
    """Brokers, topics and leaders; all topics without names."""
    names = cluster.topics if request._topics is None else request._topics
    return MetadataResponse_v5(
        0,
        [(number, server.name, PORT, None) for number, server in cluster.servers.items() if server.is_up],
        "simulated",
        cluster.controller,
        [topic_metadata(cluster, name) for name in sorted(names)],
    )


def topic_metadata(cluster: Cluster, name: str) -> tuple[Any, ...]:
    """One topic, or that it is not there."""
    topic = cluster.topics.get(name)
    if topic is None:
        return UnknownTopicOrPartitionError.errno, name, False, []
    brokers = sorted(cluster.servers)
    return (
        0,
        name,
        False,
        [
            (LEADER_NOT_AVAILABLE if part.leader == NO_LEADER else 0, number, part.leader, brokers, brokers, [])
            for number, part in enumerate(topic.partitions)
        ],
    )


def api_versions(_cluster: Cluster, _request: ApiVersionsRequest) -> Any:
    """What software the broker is."""
    supported = FEATURES.encode([(METADATA_VERSION, 1, SOFTWARE_LEVEL, {})])
    return Answer(error_code=0, api_versions=(), tags={SUPPORTED_TAG: supported})


def create_topics(cluster: Cluster, request: CreateTopicsRequest) -> Any:
    """Create topics, each for itself."""

    def created(name: str, partitions: int, config: list[tuple[str, str]]) -> tuple[str, int, str | None]:
        try:
            cluster.create_topic(name, partitions, dict(config))
        except TopicAlreadyExistsError as why:
            return name, int(why.errno), f"{name} exists"
        return name, 0, None

    check_not(request.validate_only, "validate_only")
    return Answer(topic_errors=[created(new[0], new[1], new[4]) for new in request.create_topic_requests])


def create_partitions(cluster: Cluster, request: CreatePartitionsRequest) -> Any:
    """Add partitions, topic by topic."""

    def added(name: str, count: int) -> tuple[str, int, str | None]:
        try:
            cluster.add_partitions(name, count)
        except KafkaError as why:
            return name, int(why.errno), type(why).__name__
        return name, 0, None

    check_not(request._validate_only, "validate_only")
    return Answer(topic_errors=[added(name, count) for name, (count, _) in request._topic_partitions])


def describe_configs(cluster: Cluster, request: DescribeConfigsRequest) -> Any:
    """The configuration of topics."""

    def described(kind: int, name: str) -> tuple[Any, ...]:
        try:
            check(name in cluster.topics, UnknownTopicOrPartitionError)
        except KafkaError as why:
            return int(why.errno), type(why).__name__, kind, name, []
        own = cluster.topics[name].config
        entries: list[tuple[Any, ...]] = [
            (key, value, False, SET_ON_TOPIC if key in own else BY_DEFAULT, False, [])
            for key, value in sorted({**DEFAULTS, **own}.items())
        ]
        return 0, None, kind, name, entries

    return Answer(resources=[described(kind, name) for kind, name, _keys in request._resources])


def alter_configs(cluster: Cluster, request: AlterConfigsRequest) -> Any:
    """Replace the configuration of topics."""

    def altered(kind: int, name: str, config: list[tuple[str, str]]) -> tuple[Any, ...]:
        if name not in cluster.topics:
            return int(UnknownTopicOrPartitionError.errno), None, kind, name
        cluster.topics[name].config = dict(config)
        return 0, None, kind, name

    return Answer(resources=[altered(*resource) for resource in request._resources])


def delete_topics(_cluster: Cluster, _request: DeleteTopicsRequest) -> Any:
    """Not modelled: see the package."""
    raise NotSimulated("a topic is never deleted here")


def check_not(option: object, name: str) -> None:
    """Raises NotSimulated if the option is set."""
    if option:
        raise NotSimulated(name)


ANSWERS: Final[dict[type[Any], Callable[..., Any]]] = {
    AlterConfigsRequest: alter_configs,
    ApiVersionsRequest: api_versions,
    CreatePartitionsRequest: create_partitions,
    CreateTopicsRequest: create_topics,
    DeleteTopicsRequest: delete_topics,
    DescribeConfigsRequest: describe_configs,
    MetadataRequest: metadata,
}
