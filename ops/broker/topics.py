"""The topics brought to what the service needs: created, widened, configured.

In:       the topics of the contract, with partitions and retention from the settings.
Out:      what was changed, and what a person must change.
Promise:  may be run again and again, and by several at once; no topic is removed or made narrower, and what an
          operator has set beside our own configuration stays.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidPartitionsError, KafkaError, TopicAlreadyExistsError, for_code

from consumers.loop import offset_answers
from ops.broker.client import client_options
from ops.broker.errors import of_ours
from ops.settings.load import Settings
from schemas.errors import BrokerUnavailable
from schemas.settings import TopicSettings
from schemas.stock import changelog_topic
from schemas.topics import DEAD_LETTERS, DEAD_LETTERS_REPLAYED, INVENTORY, SERVICE_TOPICS, Topics, TopicSpec
from stores.mongo.migration import Change, Step, Warned

LOOKS_MAX: Final = 100
LOOK_PAUSE_S: Final = 0.1
MS_PER_HOUR: Final = 3_600_000
REPLAYS_OUTLIVE_HOURS: Final = 30 * 24
"""A broker deletes whole segments, so a dead letter may stay for a week beyond its retention (`log.roll.hours`). If
the note about its replay ended first, it could be replayed again."""
SET_ON_TOPIC: Final = 1
"""Kafka's `config_source` of a value that was set on the topic itself, not inherited."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One topic as it should be."""

    name: str
    """Full, with the prefix."""
    partitions: int
    config: dict[str, str]


def wanted_topics(settings: TopicSettings) -> list[Wanted]:
    """All topics under the prefix, with these settings."""
    names = Topics(settings.prefix)
    wanted = []
    for spec in SERVICE_TOPICS:
        kept_ms = retention_hours(spec, settings) * MS_PER_HOUR
        config = {"cleanup.policy": "delete", "retention.ms": str(kept_ms), **spec.config}
        wanted.append(Wanted(names.full(spec), settings.partitions.get(spec.name, spec.partitions), config))
    return wanted


def retention_hours(spec: TopicSpec, settings: TopicSettings) -> int:
    """How long this topic's records are kept."""
    letters = settings.dead_letter_retention_hours
    longer = {DEAD_LETTERS.name: letters, DEAD_LETTERS_REPLAYED.name: letters + REPLAYS_OUTLIVE_HOURS}
    return longer.get(spec.name, settings.retention_hours)


def wanted_changelog(settings: Settings, there: Mapping[str, int]) -> Wanted:
    """The inventory view's table: partitions as `inventory.v1` has, every campaign's last word kept."""
    source = Topics(settings.topics.prefix).full(INVENTORY)
    partitions = settings.topics.partitions.get(INVENTORY.name, INVENTORY.partitions)
    name = changelog_topic(settings.kafka.group_prefix)
    return Wanted(name, max(partitions, there.get(source, 0)), {"cleanup.policy": "compact"})


async def migrate_topics(settings: Settings, *, check: bool) -> list[Step]:
    """Bring every topic to its specification; with `check` only say what would be done.

    Raises:
        BrokerUnavailable: no broker answered. What was done stays; run it again.
        KafkaRefused: a broker will not do a step (rights, a value out of its range).
        SettingsInvalid: a file of certificates or keys cannot be used.
    """
    async with admin_client(settings) as admin:
        there = await partitions_there(admin)
        wanted = [*wanted_topics(settings.topics), wanted_changelog(settings, there)]
        missing = [topic for topic in wanted if topic.name not in there]
        existing = [topic for topic in wanted if topic.name in there]
        steps = await _create(admin, missing, settings.topics.replication_factor, check=check)
        for topic in existing:
            steps += await _widen(admin, topic, there[topic.name], check=check)
            steps += await _configure(admin, topic, check=check)
        if steps and not check:
            await _until(lambda: _all_are_known(admin, wanted))
        return steps


@asynccontextmanager
async def admin_client(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client, closed at the end. Raises BrokerUnavailable or KafkaRefused for what goes wrong."""
    offset_answers.install()
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        raise of_ours(error, f"Kafka at {settings.kafka.bootstrap_servers}: {error}") from None
    except TimeoutError:
        said = f"Kafka at {settings.kafka.bootstrap_servers} gave no answer in time"
        raise BrokerUnavailable(said) from None
    finally:
        await admin.close()


async def partitions_there(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """All topics: to ask for one that is missing would create it, where brokers do that by themselves."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def _create(admin: AIOKafkaAdminClient, topics: list[Wanted], replication: int, *, check: bool) -> list[Step]:
    created = [topic.name for topic in topics]
    if topics and not check:
        answer = await admin.create_topics([_new(topic, replication) for topic in topics])
        created = [name for name, code, message in answer.topic_errors if _is_done(code, message)]
    return [
        Change("topic", topic.name, f"created, partitions: {topic.partitions}")
        for topic in topics
        if topic.name in created
    ]


def _new(topic: Wanted, replication: int) -> NewTopic:
    # aiokafka takes -1, the broker's own choice, only beside an (empty) list of replicas
    replicas: Mapping[int, list[int]] | None = {} if replication == -1 else None
    return NewTopic(topic.name, topic.partitions, replication, replicas, topic.config)


def _is_done(code: int, message: str | None) -> bool:
    """False if another process was faster, or raises Kafka's error."""
    if code == TopicAlreadyExistsError.errno:
        return False
    _check(code, message)
    return True


def _check(code: int, message: str | None) -> None:
    if code:
        raise for_code(code)(message)


async def _widen(admin: AIOKafkaAdminClient, topic: Wanted, there: int, *, check: bool) -> list[Step]:
    if there > topic.partitions:
        why = f"has {there} partitions, {topic.partitions} are wanted; Kafka cannot remove any"
        return [Warned("topic", topic.name, why)]
    if there == topic.partitions:
        return []
    if not check:
        await _add_partitions(admin, topic)
    return [Change("topic", topic.name, f"partitions {there} to {topic.partitions}")]


async def _add_partitions(admin: AIOKafkaAdminClient, topic: Wanted) -> None:
    try:
        await admin.create_partitions({topic.name: NewPartitions(topic.partitions)})
    except InvalidPartitionsError:
        if not await _until(lambda: _all_are_known(admin, [topic])):
            raise  # another process was not faster: something else is wrong


async def _configure(admin: AIOKafkaAdminClient, topic: Wanted, *, check: bool) -> list[Step]:
    entries = await _config(admin, topic.name)
    differing = {key: value for key, value in topic.config.items() if entries[key][0] != value}
    if not differing:
        return []
    if not check:
        set_before = {key: value for key, (value, source) in entries.items() if source == SET_ON_TOPIC}
        await _set_config(admin, topic.name, {**set_before, **topic.config})
        await _until(lambda: _is_configured(admin, topic))
    what = ", ".join(f"{key} {entries[key][0]} to {value}" for key, value in differing.items())
    return [Change("topic", topic.name, what)]


async def _config(admin: AIOKafkaAdminClient, name: str) -> dict[str, tuple[str, int]]:
    """Each key's value and source."""
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    code, message, _, _, entries = answers[0].resources[0]
    _check(code, message)
    return {key: (value, source) for key, value, _read_only, source, *_ in entries}


async def retention_ms(admin: AIOKafkaAdminClient, name: str) -> int:
    """How long a topic's records surely stay; 0 if their number or size may end them sooner."""
    entries = await _config(admin, name)
    kept_ms, kept_bytes = (int(entries[key][0]) for key in ("retention.ms", "retention.bytes"))
    return kept_ms if kept_bytes == -1 and kept_ms > 0 else 0


async def _set_config(admin: AIOKafkaAdminClient, name: str, config: dict[str, Any]) -> None:
    """Replaces all that was set on the topic: the request that aiokafka knows cannot add to it.

    So what an operator sets in the very moment between our look and this may be lost.
    """
    answers = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])
    for code, message, *_ in answers[0].resources:
        _check(code, message)


async def _is_configured(admin: AIOKafkaAdminClient, topic: Wanted) -> bool:
    entries = await _config(admin, topic.name)
    return all(entries[key][0] == value for key, value in topic.config.items())


async def _all_are_known(admin: AIOKafkaAdminClient, topics: list[Wanted]) -> bool:
    there = await partitions_there(admin)
    return all(there.get(topic.name, 0) >= topic.partitions for topic in topics)


async def _until(look: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it shows before long: brokers learn of a change a moment after the controller made it."""
    for _ in range(LOOKS_MAX):
        if await look():
            return True
        await asyncio.sleep(LOOK_PAUSE_S)
    return False
