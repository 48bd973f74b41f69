"""Metrics of webhooks; a receiver is named as in the settings, never by its address."""

from typing import get_args

from ops.telemetry.metric_spec import computed, counter, on
from schemas.observation.webhooks import WebhookAnswered, WebhookKind, WebhookOutcome

WEBHOOK_MESSAGES = counter(
    "codes_webhook_messages",
    "Requests to receivers of webhooks. `sent`: the receiver has taken the message; `failed`: it is sent again; "
    "`dropped`: the receiver refused it for good, or it is too old.",
    on(
        WebhookAnswered,
        lambda fact: fact.webhook,
        lambda fact: fact.kind,
        lambda fact: fact.outcome,
    ),
    remedy="When `failed` rises: the log's `webhook_waits` has the reason. When `dropped` rises: the receiver does "
    "not accept what it is sent, see its status in `webhook_undelivered`.",
    webhook="webhooks",
    kind=get_args(WebhookKind),
    outcome=get_args(WebhookOutcome),
)
WEBHOOK_WAITING = computed(
    "codes_webhook_waiting_messages",
    "Messages that a receiver has not taken yet, in the process that sends to it; of stock alerts, records of their "
    "topic, also those that the receiver does not want.",
    "webhook",
    "kind",
    remedy="When it stays above 0: the receiver does not answer, or refuses for now. `CodesWebhookBehind` says what "
    "to do.",
)
