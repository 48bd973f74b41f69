"""Imports and alerts: the latest of each, bounded."""

from datetime import UTC, datetime
from itertools import islice

import pytest

from handlers.inventory.latest import ALERTS_MAX, IMPORTS_MAX, Alerts, Imports
from schemas.events import ImportProgressed, ImportState, StockAlert

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def progress(
    import_id: str, rows: int, state: ImportState = "running", reason: str | None = None
) -> ImportProgressed:
    return ImportProgressed(
        import_id=import_id,
        campaign_id="sale",
        code_type="tm",
        state=state,
        reason=reason,
        rows_read=rows,
        inserted=rows,
        at=NOW,
    )


def an_alert() -> StockAlert:
    return StockAlert(campaign_id="sale", code_type="tm", level="low", available=1, total=100, threshold=10, at=NOW)


class TestImports:
    def test_the_furthest_word_is_kept_and_an_end_is_the_last_one(self) -> None:
        """Also if they are read in another order, or again."""
        imports = Imports()
        read = [
            progress("a", 5),
            progress("a", 3),
            progress("a", 9, "completed"),
            progress("a", 5),
            progress("a", 9),
        ]

        assert [True, False, True, False, False] == [imports.add(event) for event in read]
        assert ["completed"] == [event.state for event in imports.latest()]

    @pytest.mark.parametrize("reason", ["request_id_reused", "invalid_request"])
    @pytest.mark.parametrize("state", ["running", "completed", "failed"])
    def test_a_refused_command_hides_no_import(self, reason: str, state: ImportState) -> None:
        """Whatever is known of the import whose id it bears stays, whichever of the two is read first."""
        word, refused = progress("a", 9, state), progress("a", 0, "failed", reason)
        later, earlier = Imports(), Imports()

        assert [True, False, False] == [later.add(event) for event in (word, refused, word)]
        assert [True, False, True] == [earlier.add(event) for event in (refused, refused, word)]
        assert [word] == later.latest() == earlier.latest()

    def test_a_refused_command_is_shown_where_no_import_began(self) -> None:
        """Its sender looks for it."""
        imports, refused = Imports(), progress("a", 0, "failed", "invalid_request")

        assert imports.add(refused)
        assert [refused] == imports.latest()

    def test_running_ones_come_first_and_the_oldest_are_forgotten(self) -> None:
        """Bounded."""
        imports = Imports()
        for number in range(IMPORTS_MAX + 5):
            imports.add(progress(f"i{number}", 1, "completed" if number % 2 else "running"))

        latest = imports.latest()
        assert IMPORTS_MAX == len(latest)
        assert ["i1004", "i1002"] == [event.import_id for event in latest[:2]]
        assert "i0" not in {event.import_id for event in latest}


class TestAlerts:
    def test_an_identity_counts_once_and_the_oldest_are_forgotten(self) -> None:
        """The newest are shown first."""
        alerts = Alerts()
        for number in range(ALERTS_MAX + 1):
            assert alerts.add(f"{number}", an_alert())

        assert not alerts.add("5", an_alert())
        assert ("0" in alerts, "1" in alerts) == (False, True)
        assert ["10000", "9999"] == [ce_id for ce_id, _ in islice(alerts.latest(), 2)]
