"""The system clock, which tests replace."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
