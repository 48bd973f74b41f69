"""Import documents for tests: each as usual, but for what the test names.

Out: `an_import`.
"""

from typing import Any

from schemas.documents import ImportDocument
from tests.fakes.builders import CAMPAIGN, HOUR, NOW


def an_import(**changes: object) -> ImportDocument:
    """Import `i-1`: half of its object is in, after an hour."""
    fields: dict[str, Any] = {
        "_id": "i-1",
        "digest": "d" * 64,
        "campaign_id": CAMPAIGN,
        "code_type": "tm",
        "bucket": "files",
        "key": "codes.csv",
        "version_id": None,
        "state": "running",
        "run": "r" * 32,
        "etag": '"e"',
        "gzip": False,
        "code_column": 0,
        "code_type_column": None,
        "rows_read": 1_010,
        "inserted": 1_000,
        "duplicates_in_file": 2,
        "duplicates_in_campaign": 3,
        "rejected": 5,
        "position": 5_000,
        "line": 1_011,
        "bytes_read": 5_000,
        "bytes_total": 10_000,
        "reason": None,
        "report": None,
        "started_at": NOW,
        "changed_at": NOW + HOUR,
    }
    return ImportDocument(**(fields | changes))
