"""What a receiver of webhooks is sent.

In:       a stock alert with its id, or a notice about an item that needs attention; the links of the settings.
Out:      the body of a request, for JSON. Pure.
Promise:  the same message gives the same body with the same id, so that a receiver can drop a repetition.
"""

from typing import Any, Final
from urllib.parse import quote

from ops.webhooks.targets import Format
from schemas.attention import Notice
from schemas.base import rfc3339
from schemas.events import StockAlert
from schemas.webhook_settings import WebhookSettings

NOTICE_FIELDS: Final = ("event", "kind", "level", "subject", "title", "detail", "campaign_id")
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


def notice_body(format_: Format, notice: Notice, settings: WebhookSettings) -> dict[str, Any]:
    """By the receiver's format. Only a stock has instructions of its own."""
    runbook = settings.runbook_url if notice.kind == "stock" else None
    links = {"page": page_of(notice.campaign_id, settings), "runbook": runbook}
    if format_ == "slack":
        return {"text": notice_text(notice, links)}
    shown = {name: getattr(notice, name) for name in NOTICE_FIELDS}
    return {"id": notice.id, "type": "attention", **shown, "at": rfc3339(notice.at), **links}


def notice_text(notice: Notice, links: dict[str, str | None]) -> str:
    """In Slack's markup; titles and details may have its special characters."""
    title, detail = escaped(notice.title), escaped(notice.detail)
    sentence = f"*{title}* ({notice.level}): {detail}." if notice.event == "begins" else f"Resolved: *{title}*."
    return " ".join([sentence, *(f"<{link}|{name}>" for name, link in links.items() if link)])


def escaped(text: str) -> str:
    """As Slack wants it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def page_of(campaign_id: str | None, settings: WebhookSettings) -> str | None:
    """The campaign's address on the page; without a campaign, that of the page."""
    if settings.page_url is None:
        return None
    page = settings.page_url.rstrip("/")
    return f"{page}/" if campaign_id is None else f"{page}/campaigns/{quote(campaign_id, safe='')}"
