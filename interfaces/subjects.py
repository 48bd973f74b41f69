"""The contract as subjects of a schema registry: one per topic with JSON values, under the topic name strategy.

In:       channels, models, the topic prefix.
Out:      `subjects`.
Promise:  the same version and prefix give the same text. A topic with several kinds of records has one schema, which
          accepts each of them.
"""

from typing import Final

from interfaces.channels import CHANNELS, Channel
from interfaces.payloads import IDENTITY, INCOMING, schema_of
from interfaces.text import json_text
from ops.registry.subject import Level, Subject
from schemas.base import Model
from schemas.settings import TopicSettings
from schemas.topics import Topics

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""Some registries compare no schemas of a later draft. The keywords of ours mean the same in it."""
VALUE: Final = "{topic}-value"
"""The topic name strategy, the default of serializers."""


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
    """The schema of the only model, or one for all of them. No references: registries treat them differently."""
    if len(models) == 1:
        head = {"$schema": DIALECT, "$id": IDENTITY.format(name=models[0].__name__)}
        return json_text(head | schema_of(models[0]))
    head = {
        "$schema": DIALECT,
        "$id": IDENTITY.format(name=channel.topic.name),
        "description": channel.description,
        "title": channel.name[0].upper() + channel.name[1:],
    }
    return json_text(head | {"oneOf": [schema_of(model) for model in models]})
