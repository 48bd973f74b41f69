"""Instants of the contract as milliseconds since 1970.

In:   RFC 3339 text in UTC with milliseconds; dates as MongoDB's driver gives them.
Out:  milliseconds.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

TEXT_LENGTH: Final = len("2026-11-24T02:00:00.000Z")
REMEMBERED: Final = 4_096
"""All records of a batch have the same few instants."""


@lru_cache(REMEMBERED)
def milliseconds(text: str) -> int:
    """Raises ValueError if it is not an instant of the contract's form."""
    if len(text) != TEXT_LENGTH or text[-1] != "Z":
        raise ValueError("not RFC 3339 in UTC with milliseconds")
    return milliseconds_of_date(datetime.fromisoformat(text))


def milliseconds_of_date(date: datetime) -> int:
    """A date without a zone is one in UTC."""
    aware = date if date.tzinfo else date.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def instant_of(value: Any) -> int | None:
    """An instant of a result or a document, None if it is something else."""
    if isinstance(value, datetime):
        return milliseconds_of_date(value)
    try:
        return milliseconds(value) if isinstance(value, str) else None
    except ValueError:
        return None
