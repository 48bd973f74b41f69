"""An archive is refused unless its export has every code as it is now."""

from typing import Any

import pytest

from ops.campaigns.manifest import Manifest
from ops.campaigns.removal import why_not_whole
from schemas.documents import CampaignDocument
from tests.fakes.builders import HOUR, NOW

CLOSED = CampaignDocument(_id="summer", salt="", closed_at=NOW)


def a_manifest(**changes: Any) -> Manifest:
    """Of a final export with ten rows."""
    fields: dict[str, Any] = {
        "export_id": "final",
        "campaign_id": "summer",
        "format": "csv",
        "columns": {},
        "rows": 10,
        "rows_by_status": {},
        "taken_without_reservation": 0,
        "is_final": True,
        "closed_at": NOW,
        "parts": (),
        "began_at": NOW,
        "finished_at": NOW,
        "by": "maria",
        "written_by": "code-service",
    }
    return Manifest(**(fields | changes))


def test_an_export_with_every_code_is_whole() -> None:
    """As many rows as codes, of the closing that is in force."""
    assert why_not_whole(a_manifest(), CLOSED, 10) is None


@pytest.mark.parametrize(
    ("manifest", "codes", "expected"),
    [
        (a_manifest(is_final=False), 10, "was not made of a closed campaign"),
        (a_manifest(closed_at=NOW - HOUR), 10, "is older than the last reopening"),
        (a_manifest(), 11, "has 10 rows, and there are 11 codes"),
        (a_manifest(taken_without_reservation=1), 10, "codes reconcile --reservations"),
    ],
)
def test_an_export_that_lacks_something_is_not(manifest: Manifest, codes: int, expected: str) -> None:
    """The refusal says what to do."""
    assert expected in str(why_not_whole(manifest, CLOSED, codes))
