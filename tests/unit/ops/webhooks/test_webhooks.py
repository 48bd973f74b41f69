"""Receivers of stock alerts: who gets which, what they are sent, and what is never shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from structlog.testing import capture_logs

from ops.settings.load import Settings, load_settings
from ops.webhooks import sending
from ops.webhooks.delivering import Delivery
from ops.webhooks.messages import body_of
from ops.webhooks.posting import answer_of
from ops.webhooks.sending import Sender
from ops.webhooks.targets import Target, targets_of
from schemas.base import DAY_S
from schemas.errors import SettingsInvalid
from schemas.events import StockAlert
from schemas.observation.webhooks import WebhookAnswered
from schemas.webhook_settings import WebhookSettings
from tests.fakes.observer import ObservedFacts

SECRET = "T0-the-secret-part"
NOW = datetime.now(UTC)
ALERT = StockAlert(
    campaign_id="spring", code_type="tm", level="exhausted", available=0, total=4_000, threshold=400, at=NOW
)
LINKS = WebhookSettings(page_url="https://codes.example/", runbook_url="https://wiki.example/short")


def a_target(url: str = f"https://hooks.example/{SECRET}", **more: Any) -> Target:
    return Target.model_validate({"name": "sales", "url": url, **more})


class Receiver:
    """Answers with the given statuses, then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.got: list[tuple[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.got.append((request.headers["Idempotency-Key"], await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers={"Location": "/elsewhere"})


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[str]:
    """The receiver's address."""
    app = web.Application()
    app.router.add_post("/{path}", receiver.answer)
    async with TestServer(app) as server:
        yield str(server.make_url(f"/{SECRET}"))


@asynccontextmanager
async def delivery(receiver: Receiver, observed: ObservedFacts | None = None, **more: Any) -> AsyncIterator[Delivery]:
    async with receiving(receiver) as url, aiohttp.ClientSession() as session:
        facts = ObservedFacts() if observed is None else observed  # an empty one is false
        sender = Sender(a_target(url, **more), "stock-alert", session, DAY_S, facts)
        yield Delivery(Settings(webhooks=LINKS), sender)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"campaigns": ["spr*", "other"]}, True),
        ({"campaigns": ["Spring", "other-*"]}, False),
        ({"levels": ["low"]}, False),
        ({"levels": ["low", "exhausted"]}, True),
    ],
)
def test_a_receiver_gets_its_campaigns_and_levels(more: Any, expected: bool) -> None:
    """Patterns are case-sensitive, as ids are."""
    assert expected == a_target(**more).wants(ALERT)


def test_a_message_has_what_the_alert_has_and_links() -> None:
    """Slack gets a sentence; a program gets the fields, and the id to drop a repetition by."""
    body = body_of("json", ALERT, "ce-1", LINKS)
    slack = body_of("slack", ALERT, "ce-1", LINKS)

    assert ("ce-1", "stock-alert", "exhausted", 0, 4_000, 400) == tuple(
        body[name] for name in ("id", "type", "level", "available", "total", "threshold")
    )
    assert ("https://codes.example/campaigns/spring", "https://wiki.example/short") == (body["page"], body["runbook"])
    assert {
        "text": "*spring* (tm) is exhausted: 0 of 4,000 left, limit 400. "
        "<https://codes.example/campaigns/spring|page> <https://wiki.example/short|runbook>"
    } == slack
    assert (None, None) == tuple(body_of("json", ALERT, "x", WebhookSettings())[name] for name in ("page", "runbook"))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, "taken") for status in (200, 204)),
        *((status, "refused") for status in (302, 400, 404)),
        *((status, "again") for status in (408, 425, 429, 500, 503)),
    ],
)
def test_only_what_may_pass_is_sent_again(status: int, outcome: str) -> None:
    """A redirect too is a refusal."""
    assert outcome == answer_of(status).outcome


async def test_an_alert_is_sent_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under one id; the first failure and the recovery are logged, without the address. Each request is counted."""
    monkeypatch.setattr(sending, "PAUSE_S_MIN", 0.0)
    receiver, observed = Receiver(503, 429), ObservedFacts()
    with capture_logs() as logs:
        async with delivery(receiver, observed) as sales:
            done = [await sales.deliver(ALERT, "ce-1") for _ in range(3)]

    assert [False, False, True] == done
    assert ["ce-1"] * 3 == [alert_id for alert_id, _ in receiver.got]
    assert ["webhook_waits", "webhook_answers"] == [line["event"] for line in logs]
    assert [WebhookAnswered("sales", "stock-alert", outcome) for outcome in ("failed", "failed", "sent")] == observed
    assert SECRET not in str(logs)


async def test_what_is_refused_or_too_old_is_dropped_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alerts behind it are not held up for ever."""
    monkeypatch.setattr(sending, "PAUSE_S_MIN", 0.0)
    old = ALERT.model_copy(update={"at": NOW - timedelta(days=2)})
    with capture_logs() as logs:
        async with delivery(Receiver(302, 503), observed := ObservedFacts()) as sales:
            done = [await sales.deliver(ALERT, "ce-1"), await sales.deliver(old, "ce-2")]

    assert [True, True] == done
    assert ["dropped"] * 2 == observed.each(WebhookAnswered, "outcome")
    assert ["webhook_undelivered"] * 2 == [line["event"] for line in logs]
    assert ["status 302", "status 503"] == [line["reason"] for line in logs]


async def test_a_receiver_that_is_not_there_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's error names the address; the log has its class only."""
    monkeypatch.setattr(sending, "PAUSE_S_MIN", 0.0)
    with capture_logs() as logs:
        async with aiohttp.ClientSession() as session:
            target = a_target(f"http://127.0.0.1:1/{SECRET}")
            absent = Delivery(Settings(), Sender(target, "stock-alert", session, DAY_S, ObservedFacts()))
            assert not await absent.deliver(ALERT, "ce-1")

    assert [("webhook_waits", "ClientConnectorError")] == [(line["event"], line["reason"]) for line in logs]
    assert SECRET not in str(logs)


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"name": "sales", "url": f"http://hooks.example/{SECRET}"}, "https"),
        ({"name": "Sales", "url": f"https://hooks.example/{SECRET}"}, "name"),
        ({"name": "sales", "url": f"https://hooks.example/{SECRET}", "level": []}, "level"),
        ({"name": "twice", "url": f"https://hooks.example/{SECRET}"}, "same name"),
    ],
)
def test_a_wrong_receiver_is_named_without_its_address(entry: dict[str, Any], word: str) -> None:
    """The start fails with the setting and the field."""
    others = {"name": "twice", "url": "https://hooks.example/b"}
    text = orjson.dumps([others, entry]).decode()
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({"CODES_WEBHOOKS__TARGETS": text})

    assert "CODES_WEBHOOKS__TARGETS" in str(raised.value)
    assert word in str(raised.value)
    assert SECRET not in str(raised.value)
    assert SECRET not in repr(targets_of(SecretStr(orjson.dumps([others]).decode())))
