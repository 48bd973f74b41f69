"""The AsyncAPI document: valid, about all topics as they are made, with examples that keep to it."""

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
    """As a tool reads it."""
    found: dict[str, Any] = json.loads(json.dumps(asyncapi()))
    return found


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    """What AsyncAPI itself says of documents."""
    found: dict[str, Any] = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    return found


def refs(value: object) -> Iterator[str]:
    """All references in a document."""
    if isinstance(value, dict):
        yield from [str(value["$ref"])] if "$ref" in value else []
        for one in value.values():
            yield from refs(one)
    if isinstance(value, list):
        for one in value:
            yield from refs(one)


def found(document: dict[str, Any], ref: str) -> object:
    """Where a reference leads."""
    place: Any = document
    for name in ref.removeprefix("#/").split("/"):
        place = place[name]
    return place


def test_it_is_valid(document: dict[str, Any], official: dict[str, Any]) -> None:
    """By AsyncAPI's own schema, with that of the Kafka bindings."""
    assert [] == faults(document, official)


def test_the_judge_looks_at_the_bindings(document: dict[str, Any], official: dict[str, Any]) -> None:
    """A topic without partitions is found."""
    document = json.loads(json.dumps(document))
    document["channels"]["results"]["bindings"]["kafka"]["partitions"] = 0

    assert [] != faults(document, official)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Within the document."""
    assert all(found(document, ref) for ref in refs(document))


def test_every_topic_is_a_channel_as_it_is_made(document: dict[str, Any]) -> None:
    """Name, partitions, configuration: those of `codes migrate`."""
    bound = {one["bindings"]["kafka"]["topic"]: one for one in document["channels"].values() if one["address"]}

    assert [Topics(PREFIX).full(topic) for topic in ALL_TOPICS] == [*bound]
    for wanted in wanted_topics(TopicSettings()):
        channel = bound[wanted.name]
        kafka = channel["bindings"]["kafka"]
        assert wanted.name == channel["address"].replace("{prefix}", PREFIX)
        assert wanted.partitions == kafka["partitions"]
        assert wanted.config == {name: told(value) for name, value in kafka["topicConfiguration"].items()}


def told(value: str | int | list[str]) -> str:
    """A setting as the broker writes it."""
    return ",".join(value) if isinstance(value, list) else str(value)


def test_every_group_is_one_that_reads_there(document: dict[str, Any]) -> None:
    """Those whose lag is measured."""
    reading = groups_of(Topics(PREFIX), "codes-")

    for operation in (one for one in document["operations"].values() if one["action"] == "receive"):
        channel = found(document, operation["channel"]["$ref"])
        assert isinstance(channel, dict)
        assert channel["bindings"]["kafka"]["topic"] in reading[operation["bindings"]["kafka"]["groupId"]["const"]]


def test_whatever_is_asked_has_a_reply(document: dict[str, Any]) -> None:
    """On the results, and where the request says; of an import, on its progress."""
    replies = {
        name: one["reply"]["channel"]["$ref"].rpartition("/")[2]
        for name, one in document["operations"].items()
        if one["action"] == "receive"
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
    where = document["operations"]["reserveToReplyTopic"]["reply"]["address"]["location"]
    assert "$message.header#/reply-topic" == where


def test_every_channel_is_used_and_every_message_has_one() -> None:
    """Nothing is described that does not happen."""
    assert {one.name for one in CHANNELS} == {one.channel.name for one in OPERATIONS}
    named = [one.name for channel in CHANNELS for one in channel.messages]
    assert sorted([*named, "reply"]) == sorted(one.name for one in MESSAGES)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: one.name)
def test_every_message_has_examples_that_keep_to_it(message: Message, document: dict[str, Any]) -> None:
    """Payload and headers."""
    described = document["components"]["messages"][message.name]
    [ref] = [*refs(described["payload"])] or [""]
    schema = found(document, ref) if ref else {}
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
def test_headers_that_we_do_not_send_are_refused(
    name: str, changes: dict[str, str], document: dict[str, Any]
) -> None:
    """A reader's check means something."""
    described = document["components"]["messages"][name]
    headers = described["examples"][0]["headers"]

    assert [] != faults({**headers, **changes}, described["headers"])
    for missing in described["headers"]["required"]:
        assert [] != faults({key: text for key, text in headers.items() if key != missing}, described["headers"])
