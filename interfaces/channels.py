"""The topics as AsyncAPI channels, and the service's operations on them.

Out:      `CHANNELS`, `channels`, `operations`.
Promise:  partitions and configuration are those that `codes migrate` creates with default settings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from interfaces import messages
from interfaces.messages import BINDING_VERSION, Message
from ops.broker.topics import Wanted, wanted_topics
from producers.replies import REPLY_TOPIC_HEADERS
from schemas import topics
from schemas.groups import IMPORTER_GROUP, WORKER_GROUP
from schemas.settings import KafkaSettings, TopicSettings
from schemas.topics import Topics, TopicSpec

Json = dict[str, Any]
LISTS: Final = frozenset({"cleanup.policy"})
NUMBERS: Final = (".ms", ".bytes")
REPLIES: Final = "replies"


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    topic: TopicSpec
    messages: Sequence[Message]
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A receive or send operation of the service."""

    name: str
    action: Literal["send", "receive"]
    channel: Channel
    summary: str
    group: str | None = None
    """The consumer group, without the prefix."""
    reply: Channel | None = None
    """The channel of the answer."""
    own_topic: bool = False
    """The answer also goes to a topic that the request names."""


RESERVES: Final = Channel("reserveRequests", topics.RESERVE, (messages.RESERVE,), "Requests to hold codes for a fan.")
ASSIGNS: Final = Channel(
    "assignRequests",
    topics.ASSIGN,
    (messages.ASSIGN_RESERVATION, messages.ASSIGN_FROM_STOCK),
    "Requests to assign codes to a fan permanently. A value with the field `reservation_id` refers to a reservation.",
)
RELEASES: Final = Channel(
    "releaseRequests",
    topics.RELEASE,
    (messages.RELEASE,),
    "Requests to return held codes to stock, from senders and from the expirer.",
)
COMMANDS: Final = Channel("importCommands", topics.IMPORT, (messages.IMPORT,), "Commands to import codes from S3.")
RESULTS: Final = Channel(
    "results", topics.RESULTS, (messages.RESULT,), "One result per request. It never holds a code's value."
)
ASSIGNED: Final = Channel(
    "assigned",
    topics.ASSIGNED,
    (messages.ASSIGNED,),
    "One event per assigned code. The only topic with code values: restrict who may read it.",
)
INVENTORY: Final = Channel(
    "inventory",
    topics.INVENTORY,
    (messages.INVENTORY,),
    "Running totals of one shard. A campaign's count is the sum over its shards, each at its highest version.",
)
IMPORTS: Final = Channel("imports", topics.IMPORTS, (messages.PROGRESS,), "Progress and end of imports.")
ALERTS: Final = Channel(
    "stockAlerts", topics.STOCK_ALERTS, (messages.STOCK_ALERT,), "A campaign's stock is low, exhausted or recovered."
)
DEAD: Final = Channel(
    "deadLetters", topics.DEAD_LETTERS, (messages.DEAD_LETTER,), "Unreadable records, unchanged, with the reason."
)
CHANNELS: Final = (RESERVES, ASSIGNS, RELEASES, COMMANDS, RESULTS, ASSIGNED, INVENTORY, IMPORTS, ALERTS, DEAD)
REQUESTS: Final = (
    ("reserve", RESERVES, "Hold codes for a fan."),
    ("assign", ASSIGNS, "Assign codes to a fan permanently."),
    ("release", RELEASES, "Return held codes to stock."),
)
OPERATIONS: Final = (
    *(Operation(name, "receive", channel, summary, WORKER_GROUP, RESULTS) for name, channel, summary in REQUESTS),
    *(
        Operation(
            f"{name}ToReplyTopic",
            "receive",
            channel,
            f"{summary} The result is also sent to the sender's reply topic.",
            WORKER_GROUP,
            own_topic=True,
        )
        for name, channel, summary in REQUESTS
    ),
    Operation("import", "receive", COMMANDS, "Import codes from an S3 object.", IMPORTER_GROUP, IMPORTS),
    Operation("expire", "send", RELEASES, "Request the release of an expired reservation."),
    Operation("answer", "send", RESULTS, "Publish the result of a request, again for each repeat."),
    Operation("publishAssigned", "send", ASSIGNED, "Publish which code was assigned to which fan."),
    Operation("publishInventory", "send", INVENTORY, "Publish a shard's totals after a change."),
    Operation("publishImport", "send", IMPORTS, "Publish the progress and the end of an import."),
    Operation("alert", "send", ALERTS, "Publish that a stock crossed a threshold."),
    Operation("publishDeadLetter", "send", DEAD, "Publish a record that could not be read."),
)


def channels(settings: TopicSettings) -> Json:
    """All topics, and the senders' reply topics."""
    wanted = {topic.name: topic for topic in wanted_topics(settings)}
    names = Topics(settings.prefix)
    documents = {
        channel.name: channel_document(channel, wanted[names.full(channel.topic)], settings.prefix)
        for channel in CHANNELS
    }
    return {**documents, REPLIES: reply_channel()}


def channel_document(channel: Channel, wanted: Wanted, prefix: str) -> Json:
    return {
        "address": "{prefix}" + channel.topic.name,
        "description": channel.description,
        "parameters": {"prefix": {"$ref": "#/components/parameters/prefix"}},
        "messages": refs(channel.messages),
        "bindings": {
            "kafka": {
                "topic": prefix + channel.topic.name,
                "partitions": wanted.partitions,
                "topicConfiguration": {key: setting(key, value) for key, value in wanted.config.items()},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def reply_channel() -> Json:
    """A topic whose name is given in the request."""
    return {
        "address": None,
        "description": "The sender's reply topic, which `CODES_TOPICS__REPLY_ALLOWED` must list.",
        "messages": refs([messages.REPLY]),
    }


def refs(kinds: Sequence[Message]) -> Json:
    return {kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in kinds}


def setting(key: str, value: str) -> str | int | list[str]:
    """Convert a value of the topic configuration to the type in the binding's schema."""
    if key in LISTS:
        return value.split(",")
    return int(value) if key.endswith(NUMBERS) else value


def operations(settings: KafkaSettings) -> Json:
    return {operation.name: operation_document(operation, settings) for operation in OPERATIONS}


def operation_document(operation: Operation, settings: KafkaSettings) -> Json:
    document: Json = {
        "action": operation.action,
        "channel": channel_ref(operation.channel.name),
        "summary": operation.summary,
    }
    if operation.group is not None:
        group = {"type": "string", "const": settings.group_prefix + operation.group}
        document["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING_VERSION}}
    if operation.reply is not None:
        document["reply"] = {"channel": channel_ref(operation.reply.name)}
    if operation.own_topic:
        document["reply"] = own_reply()
    return document


def own_reply() -> Mapping[str, Any]:
    """Reply to the topic that a request header names."""
    own, springs = REPLY_TOPIC_HEADERS
    description = f"Spring's `{springs}` is read if there is no `{own}`."
    return {
        "address": {"location": f"$message.header#/{own}", "description": description},
        "channel": channel_ref(REPLIES),
    }


def channel_ref(name: str) -> Json:
    return {"$ref": f"#/channels/{name}"}
