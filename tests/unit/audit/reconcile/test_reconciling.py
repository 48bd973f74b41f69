"""What must hold: a conflict is retried, within a bound; a report separates what was found from what is left."""

import asyncio

import pytest

from audit.reconcile import reconciling
from audit.reconcile.reconciling import TRIES_MIN, Report, SnapshotLost, patiently
from cli.exits import exit_code
from handlers.inventory.reconcile import CampaignSnapshot, CountKey
from ops.exit_codes import Exit
from schemas.errors import FactsStale
from tests.fakes.builders import CAMPAIGN, a_shard

KEY = CountKey(CAMPAIGN, "tm", "available")


class Busy:
    """Gives way at the last of so many tries."""

    def __init__(self, conflicts: int, why: str = "OperationFailure [112]") -> None:
        self.conflicts = conflicts
        self.why = why

    async def work(self) -> str:
        if self.conflicts:
            self.conflicts -= 1
            raise FactsStale(self.why)
        return "done"


def test_a_conflict_is_tried_again() -> None:
    """As often as it fits into the time."""
    assert "done" == asyncio.run(patiently(Busy(4).work, "sale"))


def test_a_conflict_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a failure, with the campaign and with what MongoDB said."""
    monkeypatch.setattr(reconciling, "PATIENCE_S", 0.01)

    with pytest.raises(SnapshotLost, match=r"campaign sale: .*112") as raised:
        asyncio.run(patiently(Busy(1_000).work, "sale"))

    assert Exit.FAILED == exit_code(raised.value)


def test_a_count_that_outlives_the_servers_limit_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the first try alone took longer than all patience; with a bound, and the server's code at the end."""
    monkeypatch.setattr(reconciling, "PATIENCE_S", 0)
    ended = "OperationFailure [290 TransactionExceededLifetimeLimitSeconds]"

    assert "done" == asyncio.run(patiently(Busy(TRIES_MIN - 1, ended).work, "sale"))
    with pytest.raises(SnapshotLost, match=r"campaign sale: not in 3 tries and 0 s, the last error .*290") as raised:
        asyncio.run(patiently(Busy(TRIES_MIN, ended).work, "sale"))

    assert "transactionLifetimeLimitSeconds" in (type(raised.value).__doc__ or "")


def test_a_report_has_what_was_found_and_what_is_left() -> None:
    """Too much here does not make up for too little there."""
    found = CampaignSnapshot(CAMPAIGN, [a_shard(available=2, reserved=0, assigned=1)], {KEY: 3})
    left = CampaignSnapshot(CAMPAIGN, [a_shard(available=3, reserved=0, assigned=0)], {KEY: 3})
    report = Report()

    report.add(found, left, keep_all=False)
    report.add(CampaignSnapshot("nowhere", [], {}), CampaignSnapshot("nowhere", [], {}), keep_all=False)

    assert (1, 3, 2, 0, ["nowhere"]) == (
        report.campaigns,
        report.codes,
        report.drift,
        report.remaining,
        report.unknown,
    )
    assert [("assigned", 1), ("available", -1)] == [(line.key.status, line.drift) for line in report.lines]


def test_a_campaign_that_only_readers_knew_is_none_that_is_unknown() -> None:
    """Once it was published again, it is one of those that were checked."""
    report, nothing = Report(), CampaignSnapshot("late", [], {})

    report.add(nothing, nothing, keep_all=True, retold=2)

    assert (1, 2, 0, []) == (report.campaigns, report.retold, report.remaining, report.unknown)
