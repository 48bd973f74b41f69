"""Cases of the alerts on webhooks. Out: `CASES`."""

from typing import Final

from tests.monitoring.case import Case, Fires

SALES: Final = {"namespace": "prod", "webhook": "sales"}


def at(replica: str, name: str, **more: str) -> str:
    """A series of one replica of the inventory."""
    labels = {"namespace": "prod", "release": "codes", "job": "j", "instance": replica, "webhook": "sales", **more}
    matchers = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{matchers}}}"


def waiting(values: str, kind: str = "stock-alert") -> dict[str, str]:
    """Of two replicas, one sends."""
    name = "codes_webhook_waiting_messages"
    return {at("a", name, kind=kind): values, at("b", name, kind=kind): "0x100"}


def answered(outcome: str, values: str) -> dict[str, str]:
    return {at("a", "codes_webhook_messages_total", kind="attention", outcome=outcome): values}


CASES: Final = (
    Case(
        "CodesWebhookBehind",
        "a ticket when a receiver takes nothing for a quarter of an hour",
        waiting("0x5 2x60"),
        "22m",
        (Fires("ticket", SALES, "sales has had messages waiting for 15m: 2 now."),),
    ),
    Case("CodesWebhookBehind", "none for a receiver's restart", waiting("0x5 2x10 0x60"), "22m"),
    Case(
        "CodesWebhookDropped",
        "a ticket when a message was refused for good",
        answered("dropped", "0x5 1x90"),
        "10m",
        (Fires("ticket", SALES, "sales: messages dropped in 1h: 1."),),
    ),
    Case("CodesWebhookDropped", "none for one that is repeated", answered("failed", "0x5 9x90"), "10m"),
    Case("CodesWebhookDropped", "none an hour after", answered("dropped", "0x5 1x90"), "80m"),
)
