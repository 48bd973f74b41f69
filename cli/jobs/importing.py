"""Imports as a campaign manager sees them: how far each is, how it ended, and what to do about it.

In:       import documents.
Out:      JSON-able accounts. Pure.
Promise:  no account holds a code.
"""

from datetime import datetime
from typing import Any, Final

from handlers.imports.progress import event_of, lasted_s
from schemas.base import rfc3339
from schemas.documents import ImportDocument
from schemas.import_reasons import IMPORT_REMEDIES

Account = dict[str, Any]

MINUTE_S: Final = 60


def account_of(document: ImportDocument, cancel_asked_at: datetime | None, *, now: datetime) -> Account:
    """Everything of one import: its document, and what follows from it."""
    until = now if document.state == "running" else document.changed_at
    return {
        "import_id": document.id,
        **document.model_dump(mode="json", exclude={"id"}),
        "duplicates": event_of(document).duplicates,
        "object": f"s3://{document.bucket}/{document.key}",
        "progress_percent": progress_percent(document),
        "duration_s": lasted_s(document, until),
        "cancel_asked_at": None if cancel_asked_at is None else rfc3339(cancel_asked_at),
        "remedy": remedy_of(document.reason),
    }


def remedy_of(reason: object) -> str | None:
    """What to do about an end with this reason; None if there is nothing to do."""
    return IMPORT_REMEDIES.get(reason) if isinstance(reason, str) else None


def progress_percent(document: ImportDocument) -> float | None:
    """How much of the object is in, 0 to 100, cut to a tenth; None while its size is not known."""
    if not document.bytes_total:
        return None
    return document.bytes_read * 1_000 // document.bytes_total / 10


def state_of(account: Account) -> str:
    """The state, with the reason if there is one, or with what is about to happen."""
    if account["state"] == "running" and account["cancel_asked_at"] is not None:
        return "running: to be cancelled"
    return f"{account['state']}: {account['reason']}" if account["reason"] else str(account["state"])


def duration_text(seconds: float) -> str:
    """`4.2 s`, `3:20`, `1:02:03`."""
    if seconds < MINUTE_S:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), MINUTE_S)
    hours, minutes = divmod(minutes, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
