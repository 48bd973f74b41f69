"""What migration, health checks and look-ups rely on: topics, partitions, configuration."""

import pytest
from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidPartitionsError, TopicAlreadyExistsError, UnknownTopicOrPartitionError

from tests.contract.clients.kafka_bench import Bench, on_both, until

SET_ON_TOPIC = 1


async def entries(kafka: Bench, topic: str) -> dict[str, tuple[str, int]]:
    """Value and source of each key."""
    answers = await (await kafka.admin()).describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    code, _, _, _, found = answers[0].resources[0]
    assert 0 == code
    return {key: (value, source) for key, value, _, source, *_ in found}


@on_both
async def test_a_topic_that_is_missing_is_not_made_by_looking_at_it(kafka: Bench) -> None:
    """It is described with an error, and not listed."""
    admin, name = await kafka.admin(), kafka.name("missing")
    [described] = await admin.describe_topics([name])

    assert (UnknownTopicOrPartitionError.errno, []) == (described["error_code"], described["partitions"])
    assert name not in {topic["topic"] for topic in await admin.describe_topics()}


@on_both
async def test_a_topic_is_described_with_its_partitions(kafka: Bench) -> None:
    """Each with its number and a leader."""
    topic = await kafka.topic(3)
    [described] = await (await kafka.admin()).describe_topics([topic])

    assert (0, [0, 1, 2]) == (
        described["error_code"],
        sorted(partition["partition"] for partition in described["partitions"]),
    )
    assert all(partition["leader"] >= 0 for partition in described["partitions"])


@on_both
async def test_a_topic_is_created_once(kafka: Bench) -> None:
    """The second attempt is answered with an error of its own."""
    topic = await kafka.topic()
    answer = await (await kafka.admin()).create_topics([NewTopic(topic, 1, 1)])

    assert [TopicAlreadyExistsError.errno] == [code for _, code, _ in answer.topic_errors]


@on_both
async def test_partitions_are_added_and_never_removed(kafka: Bench) -> None:
    """As many as there are, or fewer, is an error."""
    topic, admin = await kafka.topic(2), await kafka.admin()
    await admin.create_partitions({topic: NewPartitions(4)})

    async def are_there() -> bool:
        [described] = await admin.describe_topics([topic])
        return len(described["partitions"]) == 4

    await until(are_there)
    for count in (4, 3):
        with pytest.raises(InvalidPartitionsError):
            await admin.create_partitions({topic: NewPartitions(count)})


@on_both
async def test_a_topics_own_configuration_is_known_from_defaults(kafka: Bench) -> None:
    """By its source."""
    found = await entries(kafka, await kafka.topic(retention_ms="3600000"))

    assert ("3600000", SET_ON_TOPIC) == found["retention.ms"]
    assert found["cleanup.policy"][0] == "delete"
    assert found["cleanup.policy"][1] != SET_ON_TOPIC


@on_both
async def test_a_new_configuration_replaces_the_former_one(kafka: Bench) -> None:
    """What is not named goes back to its default."""
    topic, admin = await kafka.topic(retention_ms="3600000"), await kafka.admin()
    answers = await admin.alter_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": "2000000"})]
    )
    assert [0] == [code for code, *_ in answers[0].resources]

    async def is_replaced() -> bool:
        found = await entries(kafka, topic)
        return ("2000000", SET_ON_TOPIC) == found["max.message.bytes"] and found["retention.ms"][1] != SET_ON_TOPIC

    await until(is_replaced)


@on_both
async def test_a_group_that_nobody_knows_has_no_offsets(kafka: Bench) -> None:
    """And to ask for them is no error."""
    admin = await kafka.admin()

    assert {} == await admin.list_consumer_group_offsets(kafka.name("nobody"))
