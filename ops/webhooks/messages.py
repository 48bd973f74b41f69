"""What a receiver of stock alerts is sent.

In:       an alert, its id, the links of the settings.
Out:      the body of a request, for JSON. Pure.
Promise:  the same alert gives the same body with the same id, so that a receiver can drop a repetition.
"""

from typing import Any, Final
from urllib.parse import quote

from ops.webhooks.targets import Format
from schemas.events import StockAlert
from schemas.webhook_settings import WebhookSettings

SENTENCES: Final = {"low": "is low", "exhausted": "is exhausted", "recovered": "has recovered"}


def body_of(format_: Format, alert: StockAlert, alert_id: str, settings: WebhookSettings) -> dict[str, Any]:
    """By the receiver's format."""
    links = {"page": page_of(alert.campaign_id, settings), "runbook": settings.runbook_url}
    if format_ == "slack":
        return {"text": slack_text(alert, links)}
    return {"id": alert_id, "type": "stock-alert", **alert.model_dump(mode="json"), **links}


def slack_text(alert: StockAlert, links: dict[str, str | None]) -> str:
    """In Slack's markup; ids of campaigns have none of its special characters."""
    left = f"{alert.available:,} of {alert.total:,} left, limit {alert.threshold:,}"
    sentence = f"*{alert.campaign_id}* ({alert.code_type}) {SENTENCES[alert.level]}: {left}."
    return " ".join([sentence, *(f"<{link}|{name}>" for name, link in links.items() if link)])


def page_of(campaign_id: str, settings: WebhookSettings) -> str | None:
    """The campaign's address on the page."""
    if settings.page_url is None:
        return None
    return f"{settings.page_url.rstrip('/')}/campaigns/{quote(campaign_id, safe='')}"
