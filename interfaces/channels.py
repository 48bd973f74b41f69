"""The topics as AsyncAPI channels, and what is done on them, from the service's point of view.

Out:      `CHANNELS`, `channels`, `operations`.
Promise:  partitions and configuration are those that `codes migrate` makes under default settings.
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
    """One topic."""

    name: str
    topic: TopicSpec
    messages: Sequence[Message]
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What the service does on a topic."""

    name: str
    action: Literal["send", "receive"]
    channel: Channel
    summary: str
    group: str | None = None
    """Who reads, without the prefix of groups."""
    reply: Channel | None = None
    """Where the answer goes."""
    own_topic: bool = False
    """The answer goes to a topic that the request names as well."""


RESERVES: Final = Channel("reserveRequests", topics.RESERVE, (messages.RESERVE,), "Codes are to be held for a fan.")
ASSIGNS: Final = Channel(
    "assignRequests",
    topics.ASSIGN,
    (messages.ASSIGN_RESERVATION, messages.ASSIGN_FROM_STOCK),
    "Codes are to be a fan's, for good. A value with the field `reservation_id` means a reservation.",
)
RELEASES: Final = Channel(
    "releaseRequests", topics.RELEASE, (messages.RELEASE,), "Held codes are to go back; the expirer asks here too."
)
COMMANDS: Final = Channel("importCommands", topics.IMPORT, (messages.IMPORT,), "Codes are to be loaded from S3.")
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
IMPORTS: Final = Channel("imports", topics.IMPORTS, (messages.PROGRESS,), "How far imports are, and how they ended.")
ALERTS: Final = Channel(
    "stockAlerts", topics.STOCK_ALERTS, (messages.STOCK_ALERT,), "A campaign's stock is low, exhausted or recovered."
)
DEAD: Final = Channel(
    "deadLetters", topics.DEAD_LETTERS, (messages.DEAD_LETTER,), "Records that could not be read, byte for byte."
)
CHANNELS: Final = (RESERVES, ASSIGNS, RELEASES, COMMANDS, RESULTS, ASSIGNED, INVENTORY, IMPORTS, ALERTS, DEAD)
ASKED: Final = (
    ("reserve", RESERVES, "Hold codes for a fan."),
    ("assign", ASSIGNS, "Give a fan codes, for good."),
    ("release", RELEASES, "Put held codes back."),
)
OPERATIONS: Final = (
    *(Operation(name, "receive", on, what, WORKER_GROUP, RESULTS) for name, on, what in ASKED),
    *(
        Operation(
            f"{name}ToReplyTopic",
            "receive",
            on,
            f"{what} The result also goes to a topic of the sender's.",
            WORKER_GROUP,
            own_topic=True,
        )
        for name, on, what in ASKED
    ),
    Operation("import", "receive", COMMANDS, "Load codes from an S3 object.", IMPORTER_GROUP, IMPORTS),
    Operation("expire", "send", RELEASES, "Ask for the release of a reservation whose time is over."),
    Operation("answer", "send", RESULTS, "Say what became of a request, each time it is asked."),
    Operation("tellAssigned", "send", ASSIGNED, "Say which code is a fan's."),
    Operation("tellInventory", "send", INVENTORY, "Say what a shard counts after a change."),
    Operation("tellImport", "send", IMPORTS, "Say how far an import is, and how it ended."),
    Operation("alert", "send", ALERTS, "Say that a stock crossed a line."),
    Operation("putAside", "send", DEAD, "Keep what could not be read."),
)


def channels(settings: TopicSettings) -> Json:
    """All topics, and the replies' of the senders' own."""
    wanted = {topic.name: topic for topic in wanted_topics(settings)}
    names = Topics(settings.prefix)
    found = {one.name: channel(one, wanted[names.full(one.topic)], settings.prefix) for one in CHANNELS}
    return {**found, REPLIES: reply_channel()}


def channel(one: Channel, wanted: Wanted, prefix: str) -> Json:
    """A topic. Its full name is known once the prefix is."""
    return {
        "address": "{prefix}" + one.topic.name,
        "description": one.description,
        "parameters": {"prefix": {"$ref": "#/components/parameters/prefix"}},
        "messages": refs(one.messages),
        "bindings": {
            "kafka": {
                "topic": prefix + one.topic.name,
                "partitions": wanted.partitions,
                "topicConfiguration": {key: setting(key, value) for key, value in wanted.config.items()},
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def reply_channel() -> Json:
    """A topic whose name only the request tells."""
    return {
        "address": None,
        "description": "A topic of the sender's own that `CODES_TOPICS__REPLY_ALLOWED` lists.",
        "messages": refs([messages.REPLY]),
    }


def refs(these: Sequence[Message]) -> Json:
    """Messages of a channel."""
    return {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in these}


def setting(key: str, value: str) -> str | int | list[str]:
    """A topic's configuration as the binding wants it."""
    if key in LISTS:
        return value.split(",")
    return int(value) if key.endswith(NUMBERS) else value


def operations(settings: KafkaSettings) -> Json:
    """All that is done."""
    return {one.name: operation(one, settings) for one in OPERATIONS}


def operation(one: Operation, settings: KafkaSettings) -> Json:
    """What is done on one topic."""
    told: Json = {"action": one.action, "channel": channel_ref(one.channel.name), "summary": one.summary}
    if one.group is not None:
        group = {"type": "string", "const": settings.group_prefix + one.group}
        told["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING_VERSION}}
    if one.reply is not None:
        told["reply"] = {"channel": channel_ref(one.reply.name)}
    if one.own_topic:
        told["reply"] = own_reply()
    return told


def own_reply() -> Mapping[str, Any]:
    """Where the request says."""
    own, springs = REPLY_TOPIC_HEADERS
    said = f"Or `{springs}`, from Spring, where there is no `{own}`."
    return {
        "address": {"location": f"$message.header#/{own}", "description": said},
        "channel": channel_ref(REPLIES),
    }


def channel_ref(name: str) -> Json:
    """To a channel of this document."""
    return {"$ref": f"#/channels/{name}"}
