"""The AsyncAPI document is valid, describes all topics as they are created, and has examples that conform to it."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from consumers.inventory.lag import groups_of
from interfaces.asyncapi import asyncapi
from interfaces.channels import CHANNELS, OPERATIONS
from interfaces.messages import MESSAGES, Message
from ops.broker.topics import wanted_topics
from schemas.settings import TopicSettings
from schemas.topics import ALL_TOPICS, Topics
from tests.places import DATA
from tests.unit.interfaces.judging import faults

OFFICIAL: Final = DATA / "asyncapi" / "3.0.0.json"
PREFIX: Final = "codes."


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asyncapi()))
    return found


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    """AsyncAPI's own schema."""
    found: dict[str, Any] = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    return found


def refs(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [str(value["$ref"])] if "$ref" in value else []
        for member in value.values():
            yield from refs(member)
    if isinstance(value, list):
        for item in value:
            yield from refs(item)


def resolved(document: dict[str, Any], ref: str) -> object:
    target: Any = document
    for name in ref.removeprefix("#/").split("/"):
        target = target[name]
    return target


def test_it_is_valid(document: dict[str, Any], official: dict[str, Any]) -> None:
    """It conforms to AsyncAPI's own schema, which includes the Kafka bindings."""
    assert [] == faults(document, official)


def test_the_check_includes_the_bindings(document: dict[str, Any], official: dict[str, Any]) -> None:
    """A topic without partitions is invalid."""
    document = json.loads(json.dumps(document))
    document["channels"]["results"]["bindings"]["kafka"]["partitions"] = 0

    assert [] != faults(document, official)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Every target is in the document."""
    assert all(resolved(document, ref) for ref in refs(document))


def test_every_topic_is_a_channel_as_it_is_made(document: dict[str, Any]) -> None:
    """Name, partitions and configuration are those that `codes migrate` creates."""
    bound = {
        channel["bindings"]["kafka"]["topic"]: channel
        for channel in document["channels"].values()
        if channel["address"]
    }

    assert [Topics(PREFIX).full(topic) for topic in ALL_TOPICS] == [*bound]
    for wanted in (topic for topic in wanted_topics(TopicSettings()) if topic.name in bound):
        channel = bound[wanted.name]
        kafka = channel["bindings"]["kafka"]
        assert wanted.name == channel["address"].replace("{prefix}", PREFIX)
        assert wanted.partitions == kafka["partitions"]
        assert wanted.config == {name: as_text(value) for name, value in kafka["topicConfiguration"].items()}


def as_text(value: str | int | list[str]) -> str:
    """A value of the topic configuration, in Kafka's format."""
    return ",".join(value) if isinstance(value, list) else str(value)


def test_every_group_is_one_that_reads_there(document: dict[str, Any]) -> None:
    """Each group reads the topic of its operation, as measured by the lag."""
    reading = groups_of(Topics(PREFIX), "codes-")
    operations = document["operations"].values()

    for operation in (operation for operation in operations if operation["action"] == "receive"):
        channel = resolved(document, operation["channel"]["$ref"])
        assert isinstance(channel, dict)
        assert channel["bindings"]["kafka"]["topic"] in reading[operation["bindings"]["kafka"]["groupId"]["const"]]


def test_every_request_has_a_reply(document: dict[str, Any]) -> None:
    """A request is answered on the results and on its reply topic, an import on its progress."""
    replies = {
        name: operation["reply"]["channel"]["$ref"].rpartition("/")[2]
        for name, operation in document["operations"].items()
        if operation["action"] == "receive"
    }

    assert {
        "reserve": "results",
        "assign": "results",
        "release": "results",
        "reserveToReplyTopic": "replies",
        "assignToReplyTopic": "replies",
        "releaseToReplyTopic": "replies",
        "import": "imports",
    } == replies
    assert document["channels"]["replies"]["address"] is None
    location = document["operations"]["reserveToReplyTopic"]["reply"]["address"]["location"]
    assert "$message.header#/reply-topic" == location


def test_every_channel_is_used_and_every_message_has_one() -> None:
    """The document describes nothing that the service does not do."""
    assert {channel.name for channel in CHANNELS} == {operation.channel.name for operation in OPERATIONS}
    named = [message.name for channel in CHANNELS for message in channel.messages]
    assert sorted([*named, "reply"]) == sorted(message.name for message in MESSAGES)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
def test_every_message_has_examples_that_conform_to_it(message: Message, document: dict[str, Any]) -> None:
    """Payload and headers conform to their schemas."""
    described = document["components"]["messages"][message.name]
    [ref] = [*refs(described["payload"])] or [""]
    schema = resolved(document, ref) if ref else {}
    assert isinstance(schema, dict)

    assert [] != described["examples"]
    for example in described["examples"]:
        assert [] == faults(example["payload"], schema)
        assert [] == faults(example["headers"], described["headers"])


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("result", {"ce_id": "1"}),
        ("result", {"ce_type": "codes.assigned.v1"}),
        ("codeAssigned", {"ce_correlationid": ""}),
        ("deadLetter", {"dlq-reason": "tired"}),
    ],
)
def test_headers_that_the_service_never_sends_are_invalid(
    name: str, changes: dict[str, str], document: dict[str, Any]
) -> None:
    """The schemas are strict enough for a reader to check against."""
    described = document["components"]["messages"][name]
    headers = described["examples"][0]["headers"]

    assert [] != faults({**headers, **changes}, described["headers"])
    for missing in described["headers"]["required"]:
        assert [] != faults({key: text for key, text in headers.items() if key != missing}, described["headers"])
