"""The OpenAPI document of the inventory's HTTP API, generated without a running process.

Out: `openapi`, equal to the response of `/api/openapi.json`.
"""

from typing import Any

from consumers.inventory.role import Lags
from consumers.inventory.view import InventoryView
from schemas.settings import InventorySettings, KafkaSettings, TopicSettings
from schemas.stock import changelog_topic
from schemas.topics import Topics
from web.actions.performing import Acting
from web.app import Api
from web.auth import Guard
from web.past import Past
from web.stream import Streams


def openapi() -> dict[str, Any]:
    """The document; it depends only on routes and models."""
    topics = Topics(TopicSettings().prefix)
    view = InventoryView(topics, changelog_topic(KafkaSettings().group_prefix))
    settings = InventorySettings()
    return Api(Guard(settings), Streams(view, Lags(), topics, settings.streams_max), Past(), Acting()).document
