"""Imports as shown to campaign managers: progress, end, and remedy.

In:       import documents, and the pace of those that run.
Out:      accounts that can be written as JSON. Pure.
Promise:  an account never holds a code.
"""

import re
from datetime import datetime
from typing import Any, Final

from handlers.imports.progress import event_of, lasted_s
from handlers.inventory.pace import Pace, average
from schemas.base import rfc3339
from schemas.documents import ImportDocument
from schemas.import_reasons import IMPORT_REMEDIES

Account = dict[str, Any]

MINUTE_S: Final = 60


def account_of(
    document: ImportDocument, cancel_asked_at: datetime | None, *, now: datetime, pace: Pace | None = None
) -> Account:
    """An import's document with the values derived from it."""
    is_running, pace = document.state == "running", pace or Pace()
    lasted = lasted_s(document, now if is_running else document.changed_at)
    return {
        "import_id": document.id,
        **document.model_dump(mode="json", exclude={"id"}),
        "duplicates": event_of(document).duplicates,
        "object": f"s3://{document.bucket}/{document.key}",
        "progress_percent": progress_percent(document),
        "duration_s": lasted,
        "rows_per_s": pace.rows_per_s(now.timestamp()) if is_running else average(document.rows_read, lasted),
        "left_s": pace.left_s(now.timestamp(), document.bytes_total) if is_running else None,
        "cancel_asked_at": None if cancel_asked_at is None else rfc3339(cancel_asked_at),
        "remedy": remedy_of(document.reason, document.id),
    }


def remedy_of(reason: object, import_id: str) -> str | None:
    """The remedy for an import that ended with this reason, if there is one; its commands have the import's id."""
    remedy = IMPORT_REMEDIES.get(reason) if isinstance(reason, str) else None
    return None if remedy is None else re.sub(r"\bID\b", lambda _: import_id, remedy)


def progress_percent(document: ImportDocument) -> float | None:
    """Share of the object that is imported, 0 to 100, rounded down to a tenth; None while its size is unknown."""
    if not document.bytes_total:
        return None
    return document.bytes_read * 1_000 // document.bytes_total / 10


def state_of(account: Account) -> str:
    """The state with its reason; says so if a running import is being cancelled."""
    if account["state"] == "running" and account["cancel_asked_at"] is not None:
        return "running: cancelling"
    return f"{account['state']}: {account['reason']}" if account["reason"] else str(account["state"])


def duration_text(seconds: float) -> str:
    """Format as `4.2 s`, `3:20` or `1:02:03`."""
    if seconds < MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE_S)
    hours, minutes = divmod(minutes, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
