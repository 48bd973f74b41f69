"""Cases of the alerts on dead letters, holds, stock and imports. Out: `CASES`."""

from typing import Final

from tests.monitoring.case import Case, Fires

NAMESPACE: Final = {"namespace": "prod"}
SALE: Final = {"namespace": "prod", "campaign": "sale"}
AT = 'namespace="prod", release="codes", job="j", instance="a"'


def stock(campaign: str, available: str, reserved: str = "0x2000") -> dict[str, str]:
    """A campaign's codes, as each of two replicas of the inventory reports them."""
    by_status = {"available": available, "reserved": reserved, "assigned": "0x2000"}
    of_campaign = f'codes_inventory_codes{{namespace="prod", release="codes", campaign="{campaign}"'
    return {
        f'{of_campaign}, instance="{replica}", status="{status}"}}': values
        for status, values in by_status.items()
        for replica in "ab"
    }


def dead(reason: str, values: str) -> dict[str, str]:
    """Dead letters."""
    return {f'codes_dead_letters_total{{{AT}, reason="{reason}"}}': values}


def refused(values: str) -> dict[str, str]:
    """Writes that the database refuses."""
    return {f'codes_store_refusals_total{{{AT}, topic="codes.import.commands.v1", cause="validator"}}': values}


def ended(state: str) -> dict[str, str]:
    """One import."""
    return {f'codes_imports_ended_total{{{AT}, state="{state}"}}': "0x5 1x90"}


def running(imports: str, rows: str) -> dict[str, str]:
    """An importer."""
    return {f"codes_imports_running{{{AT}}}": imports, f"codes_import_rows_total{{{AT}}}": rows}


RESERVING: Final = {f'codes_records_total{{{AT}, outcome="reserved"}}': "0+5x60"}

CASES: Final = (
    Case(
        "CodesDeadLetters",
        "a ticket when a sender writes what cannot be read",
        dead("invalid", "0x5 2x90"),
        "10m",
        (Fires("ticket", {**NAMESPACE, "reason": "invalid"}, "Dead letters in 1h, invalid: 2."),),
    ),
    Case(
        "CodesDeadLetters",
        "a page when it is ours to mend",
        dead("unprocessable", "0x5 1x90"),
        "10m",
        (Fires("page", {**NAMESPACE, "reason": "unprocessable"}, "Dead letters in 1h, unprocessable: 1."),),
    ),
    Case(
        "CodesReservationsInconsistent",
        "a page for the first request that is set aside",
        {f"codes_inconsistent_requests_total{{{AT}}}": "0x5 1x90"},
        "10m",
        (Fires("page", NAMESPACE, "Dead letters in 1h for inconsistent reservations: 1."),),
    ),
    Case(
        "CodesReservationsInconsistent",
        "none an hour after",
        {f"codes_inconsistent_requests_total{{{AT}}}": "0x5 1x90"},
        "80m",
    ),
    Case(
        "CodesWritesRefused",
        "a ticket when a write is retried and refused without end",
        refused("0x5 10+10x60"),
        "30m",
        (
            Fires(
                "ticket",
                {**NAMESPACE, "topic": "codes.import.commands.v1", "cause": "validator"},
                "codes.import.commands.v1: MongoDB has refused writes for 15m (validator).",
            ),
        ),
    ),
    Case("CodesWritesRefused", "none for a write that is given up", refused("0x5 9x60"), "20m"),
    Case(
        "CodesReplyTopicUnusable",
        "a ticket when a topic stays without copies",
        {f'codes_reply_topic_unusable{{{AT}, topic="answers"}}': "0x2 1x20"},
        "8m",
        (Fires("ticket", {**NAMESPACE, "topic": "answers"}, "Reply topic answers gets no copies of results."),),
    ),
    Case(
        "CodesReplyTopicUnusable",
        "none for a broker's restart",
        {f'codes_reply_topic_unusable{{{AT}, topic="answers"}}': "0x2 1 0x20"},
        "8m",
    ),
    Case("CodesDeadLetters", "none an hour after", dead("invalid", "0x5 2x90"), "80m"),
    Case(
        "CodesReservationsOverdue",
        "a ticket over a minute",
        {f"codes_oldest_overdue_seconds{{{AT}}}": "0+60x30"},
        "10m",
        (Fires("ticket", NAMESPACE, "The oldest overdue hold ended 10m 0s ago and is not released."),),
    ),
    Case(
        "CodesReservationsOverdue",
        "a page too over a quarter of an hour; roles that know nothing of holds say 0",
        {
            f"codes_oldest_overdue_seconds{{{AT}}}": "0+60x30",
            'codes_oldest_overdue_seconds{namespace="prod", release="codes", job="worker", instance="b"}': "0x30",
        },
        "25m",
        (
            Fires("ticket", NAMESPACE, "The oldest overdue hold ended 25m 0s ago and is not released."),
            Fires("page", NAMESPACE, "The oldest overdue hold ended 25m 0s ago and is not released."),
        ),
    ),
    Case("CodesReservationsOverdue", "none below", {f"codes_oldest_overdue_seconds{{{AT}}}": "50x30"}, "25m"),
    Case(
        "CodesExpiryHeldBack",
        "when an assign is old",
        {f"codes_expiry_held_back_seconds{{{AT}}}": "0+60x30"},
        "10m",
        (Fires("ticket", NAMESPACE, "Expiries wait for an undecided assign that is 10m 0s old."),),
    ),
    Case(
        "CodesExpiryHeldBack",
        "none below",
        {f"codes_expiry_held_back_seconds{{{AT}}}": "20x30"},
        "20m",
    ),
    Case(
        "CodesStockLow",
        "when a tenth is left",
        stock("sale", "1000-100x9 100x50", "0+100x9 900x50"),
        "12m",
        (Fires("ticket", SALE, "sale has 100 codes left."),),
    ),
    Case("CodesStockLow", "none when a fifth is left", stock("sale", "1000-100x8 200x50", "0+100x8 800x50"), "12m"),
    Case("CodesStockLow", "none after an import", stock("sale", "1000-100x9 100 900x50", "0+100x9 900x50"), "15m"),
    Case("CodesStockLow", "none for the rest", stock("other", "1000-100x9 100x50", "0+100x9 900x50"), "12m"),
    Case(
        "CodesStockLow", "none for a campaign that is over", stock("sale", "9x400", "91x400"), "1500m", interval="4m"
    ),
    Case("CodesStockLow", "none when nothing is left: that is another alert", stock("sale", "10-1x10 0x50"), "15m"),
    Case(
        "CodesStockExhausted",
        "when the last one goes",
        stock("sale", "10-1x10 0x50"),
        "15m",
        (Fires("ticket", SALE, "sale has no codes left."),),
    ),
    Case("CodesStockExhausted", "none while there is one", stock("sale", "10-1x9 1x50"), "15m"),
    Case("CodesStockExhausted", "none after a day", stock("sale", "10-1x10 0x400"), "1500m", interval="4m"),
    Case("CodesStockExhausted", "none for one that never had any", stock("sale", "0x50"), "15m"),
    Case(
        "CodesOutOfStock",
        "when fans are refused",
        {f'codes_refusals_total{{{AT}, reason="out_of_stock"}}': "0+1x60"},
        "25m",
        (Fires("ticket", NAMESPACE, "Requests refused as out of stock in 15m: 15."),),
    ),
    Case(
        "CodesOutOfStock",
        "none for other refusals",
        {f'codes_refusals_total{{{AT}, reason="unknown_campaign"}}': "0+1x60"},
        "25m",
    ),
    Case(
        "CodesInventoryAbsent",
        "when codes are handed out and nobody counts",
        RESERVING,
        "10m",
        (Fires("ticket", NAMESPACE, "Workers reserve codes, but no inventory process exports counts."),),
    ),
    Case("CodesInventoryAbsent", "none while somebody counts", RESERVING | stock("sale", "1000x50"), "10m"),
    Case(
        "CodesInventoryAbsent",
        "none where nothing is handed out",
        {f'codes_records_total{{{AT}, outcome="reserved"}}': "5x60"},
        "10m",
    ),
    Case(
        "CodesImportsFailed",
        "when one failed",
        ended("failed"),
        "10m",
        (Fires("ticket", NAMESPACE, "Failed imports in 1h: 1."),),
    ),
    Case("CodesImportsFailed", "none for one that was completed", ended("completed"), "10m"),
    Case("CodesImportsFailed", "none for one that was cancelled", ended("cancelled"), "10m"),
    Case("CodesImportsFailed", "none an hour after", ended("failed"), "80m"),
    Case(
        "CodesImportStalled",
        "when no row is written",
        running("0x5 1x60", "500x60"),
        "22m",
        (
            Fires(
                "ticket",
                {"namespace": "prod", "job": "j", "instance": "a"},
                "a: an import has written no row for 15m.",
            ),
        ),
    ),
    Case("CodesImportStalled", "none while rows are written", running("1x60", "0+10x60"), "30m"),
    Case("CodesImportStalled", "none while none runs", running("0x60", "500x60"), "30m"),
    Case("CodesImportStalled", "none for one that has just begun", running("0x20 1x60", "500x60"), "30m"),
)
