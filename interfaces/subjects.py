"""The contract as subjects of a schema registry: one per topic with JSON values, under the topic name strategy.

In:       channels, models, the topic prefix.
Out:      `subjects`.
Promise:  the same version and prefix give the same text. A topic with several kinds of records has one schema, which
          accepts each of them.
"""

from typing import Final

from interfaces.channels import CHANNELS, Channel
from interfaces.payloads import DIALECT, IDENTITY, INCOMING, schema_file, schema_of
from interfaces.text import json_text
from ops.registry.subject import Level, Subject
from schemas.base import Model
from schemas.settings import TopicSettings
from schemas.topics import Topics

VALUE: Final = "{topic}-value"
"""The topic name strategy, which serializers use unless they are told otherwise."""


def subjects(settings: TopicSettings) -> list[Subject]:
    """In the order of the contract. Dead letters have none: their values are any bytes."""
    names = Topics(settings.prefix)
    return [
        Subject(VALUE.format(topic=names.full(channel.topic)), schema_text(channel, models), level_of(models))
        for channel in CHANNELS
        if (models := models_of(channel))
    ]


def models_of(channel: Channel) -> list[type[Model]]:
    return [message.model for message in channel.messages if message.model is not None]


def level_of(models: list[type[Model]]) -> Level:
    """Requests: the next version must read what senders send today. Events: today's readers must read the next."""
    return "BACKWARD" if models[0] in INCOMING else "FORWARD"


def schema_text(channel: Channel, models: list[type[Model]]) -> str:
    """The file of the only model, or one schema for all of them. No references: registries treat them differently."""
    if len(models) == 1:
        return schema_file(models[0])
    head = {
        "$schema": DIALECT,
        "$id": IDENTITY.format(name=channel.topic.name),
        "description": channel.description,
        "title": channel.name[0].upper() + channel.name[1:],
    }
    return json_text(head | {"oneOf": [schema_of(model) for model in models]})
