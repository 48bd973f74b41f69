"""All receivers of webhooks together: their deliveries run while the role does.

In:       the settings, what the inventory knows.
Out:      `delivering`; `WebhookCollector`, which reads at each scrape how much waits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import aiohttp
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ops.settings.load import Settings
from ops.telemetry.metric_spec import family
from ops.telemetry.metrics.webhooks import WEBHOOK_WAITING
from ops.webhooks.attending import Attending, Attention
from ops.webhooks.delivering import Delivery
from ops.webhooks.sending import Sender
from ops.webhooks.targets import Target, targets_of
from schemas.observation.fact import Observer
from schemas.observation.webhooks import WebhookKind

Waiting = Callable[[], int]


class WebhookCollector(Collector):
    """How many messages wait, by receiver and kind."""

    def __init__(self) -> None:
        self.waiting: dict[tuple[str, WebhookKind], Waiting] = {}

    def collect(self) -> Iterable[Metric]:
        """One family."""
        found = family(WEBHOOK_WAITING)
        for (name, kind), waiting in self.waiting.items():
            found.add_metric([name, kind], waiting())
        yield found


@asynccontextmanager
async def delivering(
    settings: Settings, attention: Attention, observer: Observer, collector: WebhookCollector
) -> AsyncIterator[None]:
    """Deliver to all receivers inside this context."""
    limit = aiohttp.ClientTimeout(total=settings.webhooks.timeout_s)
    async with aiohttp.ClientSession(timeout=limit) as session, asyncio.TaskGroup() as tasks:

        def sender(target: Target, kind: WebhookKind) -> Sender:
            return Sender(target, kind, session, settings.webhooks.give_up_after_s, observer)

        running = []
        for target in targets_of(settings.webhooks.targets):
            delivery = Delivery(settings, sender(target, "stock-alert"))
            collector.waiting[target.name, "stock-alert"] = delivery.waiting
            running.append(tasks.create_task(delivery.run()))
            if target.attention:
                attending = Attending(
                    settings.webhooks,
                    sender(target, "attention"),
                    attention,
                    lambda delivery=delivery: delivery.is_owner,  # type: ignore[misc]
                )
                collector.waiting[target.name, "attention"] = attending.waiting
                running.append(tasks.create_task(attending.run()))
        try:
            yield
        finally:
            for task in running:
                task.cancel()
