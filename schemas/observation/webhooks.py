"""Facts of webhooks: what became of each request to a receiver.

Out: `WebhookAnswered`.
"""

from dataclasses import dataclass
from typing import Literal

from schemas.observation.fact import Fact

WebhookKind = Literal["stock-alert", "attention"]
WebhookOutcome = Literal["sent", "failed", "dropped"]
"""`failed`: it is sent again; `dropped`: it was refused for good, or is too old."""


@dataclass(frozen=True, slots=True)
class WebhookAnswered(Fact):
    """A receiver took a message, or did not."""

    webhook: str
    """The receiver's name."""
    kind: WebhookKind
    outcome: WebhookOutcome
