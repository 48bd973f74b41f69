"""The clock, where no test gives another one."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)
